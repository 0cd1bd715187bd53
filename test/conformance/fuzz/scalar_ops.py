# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Elementwise ops."""
import numpy as np

from fuzz.draws import BOOL, F16, F32, F64, I16, I32, I64, I8, INTS, Skip, U32, U64, U8
from fuzz.table import gen

UNARY_DOM = {"Log": (.01, 5), "Sqrt": (0, 9), "Acosh": (1, 9), "Atanh": (-.95, .95), "Asin": (-1, 1), "Acos": (-1, 1), "Tan": (-1.4, 1.4),
             "Exp": (-6, 6), "Cosh": (-5, 5), "Sinh": (-5, 5)}


@gen("Exp Log Sqrt Reciprocal Sigmoid Tanh Erf Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Ceil Floor Round Softplus Softsign", .5)
def g_unary(r, b, op):
    dt = r.fdt()
    lo, hi = UNARY_DOM.get(op, (None, None))
    if r.chance(.15):
        lo = None                                   # outside the domain: NaN expected
    x = r.farr(r.shape(), dt, lo=lo, hi=hi)
    if op == "Reciprocal":
        x = np.where(np.abs(x) < .05, np.asarray(.5, dt), x)
    b.ftol(dt)
    b.out(b.node(op, [b.inp(x)]))


@gen("Abs Neg Sign Relu Identity", .6)
def g_unary_int(r, b, op):
    dt = r.pick([F32, F32, F64, F16, I32, I64, I8] + ([U8] if op in ("Abs", "Sign") else []))
    b.ftol(dt)
    b.out(b.node(op, [b.inp(r.arr(r.shape(), dt))]))


@gen("LeakyRelu Elu Selu Celu ThresholdedRelu HardSigmoid", .5)
def g_unary_attr(r, b, op):
    a = {}
    f = lambda: float(np.round(r.s.uniform(.05, 1.5), 3))
    if r.chance(.7):
        a["alpha"] = f()
    if op == "Selu" and r.chance(.6):
        a["gamma"] = f()
    if op == "HardSigmoid" and r.chance(.6):
        a["beta"] = f()
    b.out(b.node(op, [b.inp(r.farr(r.shape()))], **a))


@gen("HardSwish", .4, 14)
@gen("Mish", .3, 18)
@gen("Gelu", .6, 20)
def g_unary_new(r, b, op):
    a = {"approximate": r.pick(["none", "tanh"])} if op == "Gelu" and r.chance(.7) else {}
    b.out(b.node(op, [b.inp(r.farr(r.shape()))], **a))


@gen("Shrink", .3)
def g_shrink(r, b, op):
    b.out(b.node(op, [b.inp(r.farr(r.shape()))], lambd=float(r.pick([.25, .5, 1.])), bias=float(r.pick([0., .5]))))


@gen("IsNaN IsInf", .4)
def g_isnan(r, b, op):
    x = r.farr(r.shape(), r.pick([F32, F64]))
    if x.size:
        x.reshape(-1)[r.d.integers(0, x.size, max(1, x.size // 3))] = r.d.choice([np.nan, np.inf, -np.inf])
    a = {"detect_negative": r.int(0, 1), "detect_positive": r.int(0, 1)} if op == "IsInf" and r.chance(.6) else {}
    b.out(b.node(op, [b.inp(x)], **a))


@gen("Not", .3)
def g_not(r, b, op):
    b.out(b.node(op, [b.inp(r.arr(r.shape(), BOOL))]))


@gen("BitwiseNot", .2, 18)
def g_bwnot(r, b, op):
    b.out(b.node(op, [b.inp(r.arr(r.shape(), r.pick(INTS)))]))


@gen("Clip", 1)
def g_clip(r, b, op):
    dt = r.pick([F32, F32, F64, I32, I64, I8, U8])
    x = r.arr(r.shape(), dt)
    lo, hi = sorted([float(v) for v in r.s.integers(-3, 6, 2)])
    if np.dtype(dt).kind == "u":
        lo, hi = max(lo, 0), max(hi, 0)
    if r.chance(.08):
        lo, hi = hi, lo                              # min > max: the result is max
    mn = b.param(np.asarray(lo, dt)) if r.chance(.75) else ""
    mx = b.param(np.asarray(hi, dt)) if r.chance(.75) else ""
    b.out(b.node(op, [b.inp(x), mn, mx]))


@gen("Add Sub Mul Div", 1.2)
def g_arith(r, b, op):
    dt = r.pick([F32, F32, F32, F64, F16, I32, I64] + ([U8, I8] if b.opset >= 14 else []))
    s1, s2 = r.bshapes(2)
    x, y = r.arr(s1, dt), r.arr(s2, dt)
    if op == "Div":
        if np.dtype(dt).kind in "iu":
            x = r.iarr(s1, dt, 0 if np.dtype(dt).kind == "u" else -50, 50)
            y = r.iarr(s2, dt, 1, 7)
            if np.dtype(dt).kind == "i" and r.chance(.5):
                y = -y
        elif not r.nonfinite:
            y = np.where(np.abs(y) < .05, np.asarray(.5, dt), y)
    b.ftol(dt, 10)
    p = r.chance(.5)
    b.out(b.node(op, [b.inp(x), b.weight(lambda g: np.asarray(y)) if not p and False else b.inp(y)]))


@gen("Pow", .6)
def g_pow(r, b, op):
    t1, t2 = r.pick([(F32, F32), (F32, F32), (F64, F64), (I32, I32), (I64, I64), (F32, I64), (F32, I32), (I32, F32)])
    s1, s2 = r.bshapes(2)
    x = r.farr(s1, t1, lo=.1, hi=3) if np.dtype(t1).kind == "f" else r.iarr(s1, t1, -4, 4)
    y = r.farr(s2, t2, lo=-2, hi=3) if np.dtype(t2).kind == "f" else r.iarr(s2, t2, 0, 4)
    if np.dtype(t1).kind == "i" and np.dtype(t2).kind == "f":
        x, y = r.iarr(s1, t1, 0, 4), r.d.integers(0, 4, s2).astype(t2)
    if np.dtype(t2).kind == "f" and r.chance(.3):
        y = np.full(s2, r.pick([2.0, .5, -1.0, 3.0]), t2)
    b.out(b.node(op, [b.inp(x), b.inp(y)]))


@gen("Mod", .6)
def g_mod(r, b, op):
    dt = r.pick([I32, I64, I8, U8, I16, F32, F64])
    s1, s2 = r.bshapes(2)
    if np.dtype(dt).kind == "f":
        x = r.farr(s1, dt, special=False)
        y = r.farr(s2, dt, special=False)
        y = np.where(np.abs(y) < .2, np.asarray(.75, dt), y)
        q = np.abs(np.divide(*np.broadcast_arrays(x.astype(F64), y.astype(F64))))
        if q.size and (np.abs(q - np.round(q)) < 1e-4).any() and r.mode != "ints":
            raise Skip
        return b.out(b.node(op, [b.inp(x), b.inp(y)], fmod=1))
    x = r.iarr(s1, dt, 0 if np.dtype(dt).kind == "u" else -60, 60)
    y = r.iarr(s2, dt, 1, 9)
    if np.dtype(dt).kind == "i":
        y = np.where(r.d.random(y.shape) < .5, -y, y).astype(dt)
    b.out(b.node(op, [b.inp(x), b.inp(y)], fmod=r.pick([None, 0, 1])))


@gen("Equal Greater Less GreaterOrEqual LessOrEqual", .6)
def g_cmp(r, b, op):
    dt = r.pick([F32, F32, F64, I32, I64] + ([BOOL] if op == "Equal" else []))
    s1, s2 = r.bshapes(2)
    r.mode = r.pick([r.mode, "ints"])
    b.out(b.node(op, [b.inp(r.arr(s1, dt)), b.inp(r.arr(s2, dt))]))


@gen("And Or Xor", .4)
def g_logic(r, b, op):
    s1, s2 = r.bshapes(2)
    b.out(b.node(op, [b.inp(r.arr(s1, BOOL)), b.inp(r.arr(s2, BOOL))]))


@gen("BitwiseAnd BitwiseOr BitwiseXor", .2, 18)
def g_bitw(r, b, op):
    dt = r.pick(INTS)
    s1, s2 = r.bshapes(2)
    b.out(b.node(op, [b.inp(r.arr(s1, dt)), b.inp(r.arr(s2, dt))]))


@gen("BitShift", .3)
def g_bitshift(r, b, op):
    dt = r.pick([U8, U32, U64])
    s1, s2 = r.bshapes(2)
    b.out(b.node(op, [b.inp(r.arr(s1, dt)), b.inp(r.iarr(s2, dt, 0, np.dtype(dt).itemsize * 8 - 1))], direction=r.pick(["LEFT", "RIGHT"])))


@gen("Max Min Sum Mean", .6)
def g_variadic(r, b, op):
    dt = r.pick([F32, F32, F64] + ([I32, I64, U8, I8] if op in ("Max", "Min") else []))
    n = r.int(1, 4)
    b.ftol(dt, 10)
    b.out(b.node(op, [b.inp(r.arr(s, dt)) for s in r.bshapes(n)]))


@gen("Where", 1)
def g_where(r, b, op):
    dt = r.pick([F32, F32, F64, I32, I64, U8, BOOL])
    s = r.bshapes(3)
    b.out(b.node(op, [b.inp(r.arr(s[0], BOOL)), b.inp(r.arr(s[1], dt)), b.inp(r.arr(s[2], dt))]))


@gen("PRelu", .5)
def g_prelu(r, b, op):
    x = r.shape(1, 4)
    k = r.int(0, len(x) - 1)
    s = [1 if r.chance(.4) else d for d in x[k:]]
    b.out(b.node(op, [b.inp(r.farr(x)), b.weight(lambda g: r.farr(s, rng=g, special=False), .3)]))
