# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ops whose results depend on shapes or data: ranges, selections, casts, resizing."""
import numpy as np
from onnx import TensorProto as TP, numpy_helper

from fuzz.contract_ops import opt
from fuzz.draws import BOOL, F16, F32, F64, I16, I32, I64, I8, Skip, U16, U32, U64, U8, onnx_dt
from fuzz.table import gen


@gen("Shape Size", .5)
def g_shape(r, b, op):
    x = r.shape(0, 5)
    at = {}
    if op == "Shape" and b.opset >= 15 and r.chance(.5):
        at = dict(start=r.int(-len(x) - 1, len(x)), end=r.int(-len(x) - 1, len(x) + 1) if r.chance(.7) else None)
    b.out(b.node(op, [b.inp(r.arr(x, r.pick([F32, I64, BOOL])))], **at))


@gen("ConstantOfShape", .5)
def g_cos(r, b, op):
    x = r.shape(0, 4, maxn=2000)
    at = {"value": numpy_helper.from_array(r.arr([1], r.pick([F32, I64, I32, U8, BOOL, F64]), rng=r.c))} if r.chance(.75) else {}
    b.out(b.node(op, [b.param(np.array(x, I64), .3)], **at))


@gen("Range", .5)
def g_range(r, b, op):
    dt = r.pick([I64, I64, I32, F32, F64])
    s = int(r.d.integers(-5, 6))
    d = int(r.pick([1, 2, 3, -1, -2]))
    n = int(r.z.integers(0, 20))
    lim = s + d * n
    if np.dtype(dt).kind == "f":
        lim = lim - .25 * np.sign(d)
    b.out(b.node(op, [b.param(np.asarray(v, dt), .4) for v in (s, lim, d)]))


@gen("Trilu", .5, 14)
def g_trilu(r, b, op):
    x = r.shape(2, 4)
    ins = [b.inp(r.arr(x, r.pick([F32, F32, I64, F64, BOOL])))]
    if r.chance(.7):
        ins.append(b.param(np.asarray(r.int(-6, 6), I64)))
    b.out(b.node(op, ins, upper=r.pick([None, 0, 1])))


@gen("EyeLike", .2)
def g_eye(r, b, op):
    x = r.shape(rank=2, zero=False)
    b.out(b.node(op, [b.inp(r.arr(x, r.pick([F32, I32, I64])))], k=r.pick([None, 1, -2]), dtype=r.pick([None, TP.FLOAT, TP.INT64])))


@gen("OneHot", .4)
def g_onehot(r, b, op):
    x = r.shape(0, 3, maxn=100)
    depth = r.dim(1, 9)
    idx = r.iarr(x, r.pick([I64, I32]), -depth, depth - 1)
    if r.chance(.2):
        idx = r.iarr(x, I64, -depth - 3, depth + 3)                     # out of range -> all off
    vd = r.pick([F32, I64, I32])
    dep = np.asarray(depth, I64) if r.chance(.5) else np.array([depth], I64)
    b.out(b.node(op, [b.inp(idx), b.param(dep), b.param(np.array([0, 1] if r.chance(.5) else [-2, 5], vd))], axis=r.axis(len(x), 1) if r.chance(.6) else None))


@gen("NonZero", .4)
def g_nonzero(r, b, op):
    r.mode = "ints"
    r.nonfinite = False
    b.out(b.node(op, [b.inp(r.arr(r.shape(1, 4), r.pick([F32, I64, I32, BOOL, U8])))]))


@gen("Unique", .3)
def g_unique(r, b, op):
    r.mode, r.nonfinite = "ints", False
    x = r.shape(1, 3, zero=False, maxn=300)
    b.out(*b.node(op, [b.inp(r.arr(x, r.pick([F32, I64])))], 4, axis=r.axis(len(x)) if r.chance(.5) else None, sorted=1))


@gen("Compress", .3)
def g_compress(r, b, op):
    x = r.shape(1, 4, zero=False, maxn=1000)
    ax = r.axis(len(x)) if r.chance(.7) else None
    n = x[ax] if ax is not None else int(np.prod(x))
    m = max(1, n - (r.int(0, 2) if r.chance(.3) else 0))
    b.out(b.node(op, [b.inp(r.arr(x, r.pick([F32, I64]))), b.inp(r.d.random(m) < .5)], axis=ax))


@gen("ReverseSequence", .3)
def g_revseq(r, b, op):
    x = r.shape(2, 4, zero=False)
    ba = r.int(0, 1)
    b.out(b.node(op, [b.inp(r.arr(x, r.pick([F32, I64]))), b.inp(r.iarr([x[ba]], I64, 1, x[1 - ba]))], batch_axis=ba, time_axis=1 - ba))


@gen("Cast CastLike", 1)
def g_cast(r, b, op):
    if op == "CastLike" and b.opset < 15:
        raise Skip
    T = [F32, F64, F16, I8, I16, I32, I64, U8, U16, U32, U64, BOOL]
    a, c = r.pick(T), r.pick(T)
    x = r.shape(0, 4)
    v = r.arr(x, a, **({"special": False} if np.dtype(a).kind == "f" else {}))
    ka, kc = np.dtype(a).kind, np.dtype(c).kind
    if ka == "f" and kc in "iu":                                 # out-of-range and NaN are undefined
        v = r.farr(x, a, special=False, lo=0 if kc == "u" else -100, hi=100)
    elif ka == "f" and c is F16:
        v = r.farr(x, a, special=False, lo=-100, hi=100)
    elif ka in "iu" and kc in "f":
        v = r.iarr(x, a, 0 if ka == "u" else -100, 100)
    b.ftol(F16 if F16 in (a, c) else F32)
    if op == "Cast":
        return b.out(b.node(op, [b.inp(v)], to=onnx_dt(c)))
    b.out(b.node(op, [b.inp(v), b.param(np.zeros([1], c))]))


@gen("Dropout", .3)
def g_dropout(r, b, op):
    ins = [b.inp(r.farr(r.shape()))]
    if r.chance(.5):
        ins.append(b.const(np.asarray(.5, F32)))
    if r.chance(.3):
        return b.out(*b.node(op, ins, 2))
    b.out(b.node(op, ins))


@gen("Resize", 1.5)
def g_resize(r, b, op):
    nd = r.pick([1, 2, 2, 2, 3]) if r.chance(.5) else 2
    mode = r.pick(["nearest", "linear", "cubic"], [.5, .4, .1])
    if mode == "cubic":
        nd = 2
    x = [r.dim(hi=3), r.dim(hi=3)] + [r.dim(2, 9) for _ in range(nd)]
    ctm = r.pick(["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"] + (["half_pixel_symmetric"] if b.opset >= 19 else []))
    at = dict(mode=mode, coordinate_transformation_mode=opt(r, ctm, "half_pixel"))
    if mode == "nearest":
        at["nearest_mode"] = r.pick([None, "floor", "ceil", "round_prefer_floor", "round_prefer_ceil"])
    if mode == "cubic":
        at["cubic_coeff_a"] = r.pick([None, -.5, -.75])
    r.nonfinite = False
    b.tol(2e-3, 1e-4)
    X = b.inp(r.farr(x))
    if r.chance(.5):
        sc = [1., 1.] + [float(r.pick([.5, 1., 1.5, 2., 3.])) for _ in range(nd)]
        return b.out(b.node(op, [X, "", b.param(np.array(sc, F32), .8)], **at))
    sizes = x[:2] + [r.dim(1, 13) for _ in range(nd)]
    b.out(b.node(op, [X, "", "", b.param(np.array(sizes, I64), .6)], **at))


@gen("GridSample", .3, 16)
def g_gridsample(r, b, op):
    x = [r.dim(hi=3), r.dim(hi=3), r.dim(2, 7), r.dim(2, 7)]
    g = [x[0], r.dim(1, 6), r.dim(1, 6), 2]
    r.nonfinite = False
    modes = {"bilinear": "linear"} if b.opset >= 20 else {}
    m = r.pick(["bilinear", "nearest"])
    b.tol(2e-3, 1e-4)
    b.out(b.node(op, [b.inp(r.farr(x)), b.inp(r.farr(g, lo=-1.2, hi=1.2))], mode=modes.get(m, m), padding_mode=r.pick(["zeros", "border"]), align_corners=r.int(0, 1)))
