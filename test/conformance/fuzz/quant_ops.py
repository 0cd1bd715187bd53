# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Quantized ops, with scales and values away from ties."""
import numpy as np
from onnx import numpy_helper

from fuzz.draws import F32, I32, I8, U8
from fuzz.table import gen


def scale_zp(r, b, n, dt, axis_shape, p2=True):
    ii = np.iinfo(dt)
    def mk(g):
        e = g.integers(-6, 0, axis_shape)
        return (2.0 ** e).astype(F32) if p2 else (2.0 ** e * g.uniform(1, 2, axis_shape)).astype(F32)
    sc = b.weight(mk, .8)
    zp = ""
    if r.chance(.75):
        zp = b.weight(lambda g: g.integers(ii.min, ii.max, axis_shape, endpoint=True).astype(dt) if ii.min == 0 or r.mode != "ints" else np.zeros(axis_shape, dt), .8)
    return sc, zp


@gen("QuantizeLinear", 1)
def g_ql(r, b, op):
    r.nonfinite = False
    per = r.chance(.4)
    x = r.shape(1 if per else 0, 4)
    ax = r.axis(len(x)) if per else None
    if per:
        x[ax] = r.sdim()
    ii = r.pick([I8, U8, U8])
    p2 = r.chance(.6)
    a = (r.farr(x) * 4).astype(F32)
    if p2 and r.chance(.6):
        a = (np.round(a * 64) / 128).astype(F32)                     # exact ties: round half to even
        r.tags.add("ties")
    sc, zp = scale_zp(r, b, x, ii, [x[ax]] if per else [], p2)
    if zp == "" and ii is not U8:
        zp = b.const(np.zeros([x[ax]] if per else [], ii))
    if not p2:
        b.tol(1e-9, 1)
    b.out(b.node(op, [b.inp(a), sc, zp], axis=ax if per and (ax != 1 or r.chance(.5)) else None))


@gen("DequantizeLinear", 1)
def g_dql(r, b, op):
    per = r.chance(.4)
    x = r.shape(1 if per else 0, 4)
    ax = r.axis(len(x)) if per else None
    if per:
        x[ax] = r.sdim()
    dt = r.pick([I8, U8, U8, I32])
    r.mode = "wide" if dt is not I32 else r.mode
    a = r.iarr(x, dt) if dt is not I32 else r.iarr(x, dt, -5000, 5000)
    sc, zp = scale_zp(r, b, x, dt if dt is not I32 else I8, [x[ax]] if per else [], False)
    if dt is I32:
        zp = ""
    b.out(b.node(op, [b.inp(a), sc, zp], axis=ax if per and (ax != 1 or r.chance(.5)) else None))


@gen("DynamicQuantizeLinear", .3)
def g_dynq(r, b, op):
    r.nonfinite = False
    x = [max(1, d) for d in r.shape(1, 3)]
    b.tol(1e-3, 1)
    b.out(*b.node(op, [b.inp(r.farr(x))], 3))


@gen("MatMulInteger", .4)
def g_mmi(r, b, op):
    k, m, n = r.sdim(), r.dim(), r.sdim()
    d1, d2 = r.pick([U8, I8]), r.pick([U8, I8])
    r.mode = "wide"
    ins = [b.inp(r.iarr([m, k], d1)), b.weight(lambda g: r.iarr([k, n], d2, rng=g))]
    if r.chance(.6):
        ins += [b.weight(lambda g: r.iarr([], d1, rng=g)), b.weight(lambda g: r.iarr([], d2, rng=g))]
    b.tol(1e-9, 1e-9)
    b.out(b.node(op, ins))


@gen("QLinearMatMul", .4)
def g_qlmm(r, b, op):
    k, m, n = r.sdim(), r.dim(), r.sdim()
    d1 = r.pick([U8, I8])
    d2 = d1
    r.mode = "wide"
    f = lambda v: b.const(np.asarray(v, F32))
    z = lambda dt: b.const(r.iarr([], dt, 0, 10, rng=r.c))
    b.tol(1e-9, 1)
    b.out(b.node(op, [b.inp(r.iarr([m, k], d1)), f(.02), z(d1), b.weight(lambda g: r.iarr([k, n], d2, rng=g)), f(.03), z(d2), f(.5), z(d1)]))


@gen("ConvInteger QLinearConv", .4)
def g_qconv(r, b, op):
    cin, cout, k = r.pick([1, 2, 3]), r.pick([1, 2, 4]), r.pick([1, 2, 3])
    d1 = U8
    r.mode = "wide"
    x = [r.dim(hi=3), cin, r.dim(3, 9), r.dim(3, 9)]
    X, W = b.inp(r.iarr(x, d1)), b.const(r.iarr([cout, cin, k, k], r.pick([U8, I8]), rng=r.c))
    at = dict(pads=r.pick([None, [1, 1, 1, 1], [0, 1, 1, 0]]) if k > 1 else None, strides=r.pick([None, [2, 1]]))
    wdt = numpy_helper.to_array([t for t in b.inits if t.name == W][0]).dtype if any(t.name == W for t in b.inits) else \
        numpy_helper.to_array(b.nodes[-1].attribute[0].t).dtype
    if op == "ConvInteger":
        ins = [X, W] + ([b.const(r.iarr([], d1, 0, 255, rng=r.c))] if r.chance(.6) else [])
        b.tol(1e-9, 1e-9)
        return b.out(b.node(op, ins, **at))
    f = lambda v: b.const(np.asarray(v, F32))
    ws = b.const(np.asarray(np.exp2(r.c.integers(-7, -3, [cout])), F32)) if r.chance(.5) else f(.03)
    wz = b.const(np.zeros([cout] if numpy_helper is None else [], wdt)) if wdt == I8 else b.const(np.asarray(3, wdt))
    ins = [X, f(.02), b.const(np.asarray(7, d1)), W, ws, wz, f(.5), b.const(np.asarray(100, d1))]
    if r.chance(.5):
        ins.append(b.const(r.iarr([cout], I32, -500, 500, rng=r.c)))
    b.tol(1e-9, 1)
    b.out(b.node(op, ins, **at))
