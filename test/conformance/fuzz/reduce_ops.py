# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reductions, sorts, softmaxes and normalizations."""
import numpy as np

from fuzz.draws import F32, F64, I32, I64, I8, Skip, U8
from fuzz.table import gen

REDUCE = "ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare"


@gen(REDUCE, .6)
def g_reduce(r, b, op):
    dt = r.pick([F32, F32, F32, F64, I32, I64]) if op in ("ReduceSum", "ReduceMax", "ReduceMin", "ReduceSumSquare", "ReduceL1", "ReduceProd") else \
        r.pick([F32, F32, F64])
    if op in ("ReduceMax", "ReduceMin") and r.chance(.15):
        dt = r.pick([I8, U8])
    x = r.shape(0 if r.chance(.2) else 1, 5)
    if op in ("ReduceMax", "ReduceMin", "ReduceMean", "ReduceLogSum", "ReduceLogSumExp") and 0 in x:
        x = [max(d, 1) for d in x]
    a = r.arr(x, dt)
    if np.dtype(dt).kind in "iu" and op not in ("ReduceMax", "ReduceMin"):
        a = r.iarr(x, dt, -3, 3)
    if op == "ReduceProd" and np.dtype(dt).kind == "f":
        a = r.farr(x, dt, lo=-1.3, hi=1.3)
    if op == "ReduceLogSum":
        a = r.farr(x, dt, lo=.1, hi=3)
    if op == "ReduceLogSumExp":
        a = r.farr(x, dt, lo=-20, hi=20)
    rank = len(x)
    kd = r.pick([None, 0, 1])
    axes = r.subset(rank)
    if axes and r.chance(.4):
        axes = [ax - rank if r.chance(.6) else ax for ax in axes]
        r.tags.add("neg_axis")
    if r.chance(.2):
        axes = axes[::-1]
    at = dict(keepdims=kd)
    ins = [b.inp(a)]
    if b.opset >= 18 or op == "ReduceSum":
        if not axes:
            at["noop_with_empty_axes"] = r.pick([None, 0, 1])
            if r.chance(.5):
                ins.append(b.param(np.array([], I64)))
        else:
            ins.append(b.param(np.array(axes, I64)))
    elif axes:
        at["axes"] = axes
    b.ftol(dt, max(10., 1e-2 * a.size))
    b.out(b.node(op, ins, **at))


@gen("ArgMax ArgMin", .7)
def g_arg(r, b, op):
    x = [max(1, d) for d in r.shape(1, 4)]
    r.mode = r.pick([r.mode, "ints"])
    r.nonfinite = False
    dt = r.pick([F32, F32, F64, I32, I8])
    b.out(b.node(op, [b.inp(r.arr(x, dt))], axis=r.axis(len(x)) if r.chance(.8) else None, keepdims=r.pick([None, 0, 1]),
                 select_last_index=r.pick([None, 0, 1])))


@gen("CumSum", .6)
def g_cumsum(r, b, op):
    x = r.shape(1, 4)
    dt = r.pick([F32, F64, I32, I64])
    a = r.farr(x, dt) if np.dtype(dt).kind == "f" else r.iarr(x, dt, -9, 9)
    ax = np.asarray(r.axis(len(x)), r.pick([I32, I64]))
    b.ftol(dt, 100)
    b.out(b.node(op, [b.inp(a), b.param(ax)], exclusive=r.pick([None, 0, 1]), reverse=r.pick([None, 0, 1])))


@gen("TopK", .8)
def g_topk(r, b, op):
    x = [max(1, d) for d in r.shape(1, 4)]
    r.nonfinite = False
    ax = r.axis(len(x))
    k = int(r.z.integers(1, x[ax] + 1))
    if r.chance(.5):
        k = 1
    v, i = b.node(op, [b.inp(r.arr(x, r.pick([F32, F32, F64, I64, I32]))), b.param(np.array([k], I64))], 2, axis=ax,
                  largest=r.pick([None, 0, 1]), sorted=r.pick([None, 1]))
    b.out(v, i)


@gen("Softmax LogSoftmax Hardmax", .8)
def g_softmax(r, b, op):
    x = r.shape(1, 5)
    if op == "Hardmax":
        x = [max(1, d) for d in x]
        r.nonfinite = False
    elif r.nonfinite:
        r.mode = "normal"
    dt = r.fdt()
    a = r.farr(x, dt, special=r.chance(.3))
    if r.chance(.15) and op != "Hardmax":
        a = (a * 60).astype(dt)                                 # needs the max subtracted
    b.ftol(dt, .1)
    b.out(b.node(op, [b.inp(a)], axis=r.axis(len(x)) if r.chance(.8) else None))


@gen("LayerNormalization", 1, 17)
def g_layernorm(r, b, op):
    x = [max(1, d) for d in r.shape(1, 4)]
    ax = r.axis(len(x)) if r.chance(.5) else None
    n = x[(ax if ax is not None else -1):]
    static = r.chance(.5)
    if static:
        x[-1] = r.sdim(2)
        n = x[(ax if ax is not None else -1):]
    r.nonfinite = False
    ins = [b.inp(r.farr(x)), b.weight(lambda g: r.farr(n, rng=g))]
    if r.chance(.6):
        ins.append(b.weight(lambda g: r.farr(n, rng=g)))
    if np.prod(n) < 2:
        raise Skip
    b.tol(2e-3, 1e-3)
    o = b.node(op, ins, r.pick([1, 1, 3]), axis=ax, epsilon=r.pick([None, 1e-5, 1e-2]))
    b.out(*([o] if isinstance(o, str) else o))


@gen("RMSNormalization", .5, 23)
def g_rms(r, b, op):
    x = [max(1, d) for d in r.shape(1, 4)]
    ax = r.axis(len(x)) if r.chance(.5) else None
    n = x[(ax if ax is not None else -1):]
    r.nonfinite = False
    b.tol(2e-3, 1e-4)
    b.out(b.node(op, [b.inp(r.farr(x)), b.weight(lambda g: r.farr(n, rng=g))], axis=ax, epsilon=r.pick([None, 1e-5, 1e-2])))


@gen("InstanceNormalization BatchNormalization LpNormalization MeanVarianceNormalization LRN", .5)
@gen("GroupNormalization", .5, 21)
def g_norm(r, b, op):
    r.nonfinite = False
    c = r.sdim()
    nd = r.int(1, 3)
    x = [r.dim(), c] + [r.dim(2) for _ in range(nd)]
    while np.prod(x) > 8000:
        x = x[:2] + [max(2, d // 2) for d in x[2:]]
        x[0] = 1
    W = lambda f=None: b.weight(lambda g: np.abs(r.farr([c], rng=g)) + .1 if f else r.farr([c], rng=g))
    b.tol(2e-3, 1e-3)
    if op == "BatchNormalization":
        if r.chance(.2):
            x = x[:2]
        at = dict(epsilon=r.pick([None, 1e-3]))
        return b.out(b.node(op, [b.inp(r.farr(x)), W(), W(), W(), W(1)], **at))
    if op == "InstanceNormalization":
        return b.out(b.node(op, [b.inp(r.farr(x)), W(), W()], epsilon=r.pick([None, 1e-3])))
    if op == "GroupNormalization":
        g = r.pick([d for d in range(1, c + 1) if c % d == 0])
        return b.out(b.node(op, [b.inp(r.farr(x)), W(), W()], num_groups=g, epsilon=r.pick([None, 1e-3])))
    if op == "LRN":
        x = (x + [3, 3])[:4]
        return b.out(b.node(op, [b.inp(r.farr(x))], size=r.pick([1, 3, 5]), alpha=r.pick([None, 1e-2]), beta=r.pick([None, .5]), bias=r.pick([None, 2.])))
    if op == "MeanVarianceNormalization":
        x = (x + [3, 3])[:4]
        return b.out(b.node(op, [b.inp(r.farr(x))], axes=r.pick([None, [0, 2, 3], [2, 3], [1, 2, 3]])))
    a = r.farr(x)
    return b.out(b.node(op, [b.inp(np.where(a == 0, F32(.5), a))], axis=r.axis(len(x)), p=r.pick([1, 2])))
