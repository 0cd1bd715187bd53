# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ops that move elements: views, slices, gathers and scatters."""
import numpy as np

from fuzz.contract_ops import opt
from fuzz.draws import BOOL, F16, F32, F64, I32, I64, I8, Skip, U8
from fuzz.table import gen

ANY = [F32, F32, F32, I64, I32, F64, F16, U8, I8, BOOL]


@gen("Reshape", 1.5)
def g_reshape(r, b, op):
    x = r.shape(0, 4)
    a = r.arr(x, r.pick(ANY))
    n = a.size
    if n == 0:
        if not (b.opset >= 14 and r.chance(.6)):
            return b.out(b.node(op, [b.inp(a), b.param(np.array(x, I64))], allowzero=None if b.opset < 14 else 1 if 0 in x else None)) \
                if b.opset >= 14 else (_ for _ in ()).throw(Skip())
        t = [0] + [r.dim() for _ in range(r.int(0, 2))]
        return b.out(b.node(op, [b.inp(a), b.param(np.array(t, I64))], allowzero=1))
    kind = r.pick(["minus1", "split", "flat", "zero_copy", "same", "ones"])
    if kind == "flat":
        t = [-1]
    elif kind == "minus1" and x:
        t = [int(np.prod(x[:1])), -1]
    elif kind == "zero_copy" and x:
        t = [0] * r.int(1, len(x)) + [-1] if len(x) > 1 else [0]
        t = t if len(t) - 1 < len(x) else [0] * (len(x) - 1) + [-1]
    elif kind == "ones":
        t = [1] + list(x) + [1]
    elif kind == "split":
        f = next((f for f in (2, 3, 5, 7) if n % f == 0), 1)
        t = [f, n // f]
        if r.chance(.5):
            t[r.int(0, 1)] = -1
    else:
        t = list(x)
    if n == 1 and not x and r.chance(.3):
        t = []
    b.out(b.node(op, [b.inp(a), b.param(np.array(t, I64))]))


@gen("Transpose", 1.5)
def g_transpose(r, b, op):
    x = r.shape(0 if r.chance(.1) else 1, 6)
    b.out(b.node(op, [b.inp(r.arr(x, r.pick(ANY)))], perm=r.perm(len(x)) if r.chance(.8) and x else None))


@gen("Concat", 1.2)
def g_concat(r, b, op):
    x = r.shape(1, 4, maxn=2000)
    ax = r.axis(len(x))
    dt = r.pick(ANY)
    ins = []
    for i in range(r.int(1, 5)):
        s = list(x)
        s[ax] = r.dim(0, 9)
        a = r.arr(s, dt)
        ins.append(b.inp(a) if r.chance(.8) else b.inp(a))
    if r.chance(.1):
        ins.append(ins[0])
    b.out(b.node(op, ins, axis=ax))


@gen("Split", 1)
def g_split(r, b, op):
    x = r.shape(1, 4, zero=False)
    ax = r.axis(len(x)) if r.chance(.85) else None
    n = x[ax or 0]
    k = r.int(1, 4)
    dt = r.pick([F32, I64, I32, U8])
    if r.chance(.5):
        cuts = sorted(int(v) for v in r.z.integers(0, n + 1, k - 1))
        sp = np.diff([0] + cuts + [n]).astype(I64)
        o = b.node(op, [b.inp(r.arr(x, dt)), b.param(sp)], k, axis=ax)
    else:
        if b.opset >= 18:
            at = {"num_outputs": k}
            if n < k or (k > 1 and (k - 1) * -(-n // k) >= n):
                raise Skip
        else:
            at = {}
            x[ax or 0] = k * r.dim(1, 5)
        o = b.node(op, [b.inp(r.arr(x, dt))], k, axis=ax, **at)
    b.out(*([o] if isinstance(o, str) else o))


@gen("Slice", 2)
def g_slice(r, b, op):
    x = r.shape(1, 4)
    axes = r.subset(len(x), 1)
    if r.chance(.3):
        axes = [axes[i] for i in r.perm(len(axes))]
    st, en, sp = [], [], []
    for a in axes:
        n = x[a]
        step = r.pick([1, 1, 2, 3, -1, -2])
        v = lambda: int(r.z.integers(-n - 2, n + 3))
        s, e = v(), v()
        if r.chance(.25):
            e = r.pick([2**31 - 1, 2**63 - 1]) if step > 0 else r.pick([-2**31, -2**63 + 1])
        if r.chance(.2):
            s = 0 if step > 0 else -1
        st.append(s), en.append(e), sp.append(step)
    it = I64 if r.chance(.7) else I32
    if it is I32:
        en = [min(max(e, -2**31), 2**31 - 1) for e in en]
    if any(s < 0 for s in sp):
        r.tags.add("neg_step")
    has_axes = not (axes == list(range(len(axes))) and r.chance(.5))
    na = [a - len(x) if r.chance(.4) else a for a in axes]
    pc = r.pick([1., 0., .5])
    P = lambda v: b.param(np.array(v, it), pc)
    ins = [b.inp(r.arr(x, r.pick(ANY))), P(st), P(en)]
    steps = any(s != 1 for s in sp) or r.chance(.3)
    if has_axes or steps:
        ins.append(P(na) if has_axes else "")
    if steps:
        ins.append(P(sp))
    b.out(b.node(op, ins))


@gen("Gather", 1.5)
def g_gather(r, b, op):
    x = r.shape(1, 4, zero=False, maxn=3000)
    ax = r.axis(len(x)) if r.chance(.8) else None
    n = x[ax or 0]
    i = r.shape(0, 3, maxn=30)
    idx = r.iarr(i, r.pick([I64, I32]), -n, n - 1)
    d = r.arr(x, r.pick(ANY))
    b.out(b.node(op, [b.inp(d), b.param(idx, .3)], axis=ax))


@gen("GatherElements", .7)
def g_gatherel(r, b, op):
    x = r.shape(1, 4, zero=False, maxn=3000)
    ax = r.axis(len(x))
    i = [int(r.z.integers(1, d + 1)) for d in x]
    i[ax] = r.dim(1, 9)
    b.out(b.node(op, [b.inp(r.arr(x, r.pick(ANY))), b.inp(r.iarr(i, r.pick([I64, I32]), -x[ax], x[ax] - 1))], axis=ax))


@gen("GatherND", .6)
def g_gathernd(r, b, op):
    x = r.shape(1, 4, zero=False, maxn=3000)
    bd = r.int(0, len(x) - 1) if r.chance(.4) else 0
    k = r.int(1, len(x) - bd)
    lead = x[:bd] + [r.dim(1, 5) for _ in range(r.int(0, 2))]
    if not lead:
        lead = []
    idx = np.stack([r.d.integers(-x[bd + j], x[bd + j], lead) for j in range(k)], -1).astype(I64)
    b.out(b.node(op, [b.inp(r.arr(x, r.pick(ANY))), b.inp(idx)], batch_dims=bd or None))


@gen("ScatterElements", .7)
def g_scatterel(r, b, op):
    x = r.shape(1, 4, zero=False, maxn=3000)
    ax = r.axis(len(x))
    red = None
    if b.opset >= 18:
        red = r.pick([None, "none", "add", "mul", "max", "min"])
    elif b.opset >= 16:
        red = r.pick([None, "none", "add", "mul"])
    i = [int(r.z.integers(1, d + 1)) for d in x]
    if red in (None, "none"):                                      # duplicates would make the result undefined
        idx = np.argsort(r.d.random(i[:ax % len(x)] + [x[ax]] + i[ax % len(x) + 1:]), axis=ax)
        idx = np.take(idx, range(i[ax]), axis=ax)
    else:
        idx = r.d.integers(0, x[ax], i)
    if r.chance(.4):
        idx = np.where(r.d.random(idx.shape) < .5, idx - x[ax], idx)
    dt = r.pick([F32, F32, I64, I32])
    r.mode = "normal" if r.mode == "wide" else r.mode
    r.nonfinite = False
    b.ftol(dt, 10)
    b.out(b.node(op, [b.inp(r.arr(x, dt)), b.inp(idx.astype(I64)), b.inp(r.arr(i, dt))], axis=ax, reduction=red))


@gen("ScatterND", .7)
def g_scatternd(r, b, op):
    x = r.shape(1, 4, zero=False, maxn=3000)
    k = r.int(1, len(x))
    total = int(np.prod(x[:k]))
    n = min(total, r.dim(1, 9))
    red = None
    if b.opset >= 18:
        red = r.pick([None, "none", "add", "mul", "max", "min"])
    elif b.opset >= 16:
        red = r.pick([None, "none", "add", "mul"])
    flat = r.d.permutation(total)[:n] if red in (None, "none") else r.d.integers(0, total, n)
    idx = np.stack(np.unravel_index(flat, x[:k]), -1).astype(I64)
    dt = r.pick([F32, F32, I64, I32])
    r.mode = "normal" if r.mode == "wide" else r.mode
    r.nonfinite = False
    b.ftol(dt, 10)
    b.out(b.node(op, [b.inp(r.arr(x, dt)), b.inp(idx), b.inp(r.arr([n] + x[k:], dt))], reduction=red))


@gen("Squeeze Unsqueeze", .8)
def g_squeeze(r, b, op):
    x = r.shape(0, 4)
    if op == "Unsqueeze":
        k = r.int(1, 3)
        rank = len(x) + k
        axes = r.perm(rank)[:k]
        axes = [a - rank if r.chance(.4) else a for a in axes]
        return b.out(b.node(op, [b.inp(r.arr(x, r.pick(ANY))), b.param(np.array(axes, I64))]))
    ones = r.subset(len(x), 0)
    x = [1 if i in ones else (d if d != 1 else 2) for i, d in enumerate(x)]
    ins = [b.inp(r.arr(x, r.pick(ANY)))]
    if ones and r.chance(.75):
        sub = ones if r.chance(.6) else ones[:r.int(1, len(ones))]
        ins.append(b.param(np.array([a - len(x) if r.chance(.4) else a for a in sub], I64)))
    b.out(b.node(op, ins))


@gen("Flatten", .6)
def g_flatten(r, b, op):
    x = r.shape(1, 5)
    ax = r.int(-len(x), len(x)) if r.chance(.8) else None
    b.out(b.node(op, [b.inp(r.arr(x, r.pick([F32, F32, I64, U8])))], axis=ax))


@gen("Expand", 1)
def g_expand(r, b, op):
    s1, s2 = r.bshapes(2)
    b.out(b.node(op, [b.inp(r.arr(s1, r.pick(ANY))), b.param(np.array(s2, I64))]))


@gen("Tile", .7)
def g_tile(r, b, op):
    x = r.shape(1, 4, maxn=300)
    rep = [r.int(0 if r.chance(.08) else 1, 3) for _ in x]
    b.out(b.node(op, [b.inp(r.arr(x, r.pick([F32, F32, I64, I32, U8, BOOL]))), b.param(np.array(rep, I64))]))


@gen("Pad", 1.2)
def g_pad(r, b, op):
    mode = r.pick(["constant", "constant", "reflect", "edge"] + (["wrap"] if b.opset >= 19 else []))
    x = r.shape(1, 4, zero=mode == "constant", maxn=2000)
    rank = len(x)
    axes = r.subset(rank, 1) if b.opset >= 18 and r.chance(.4) else None
    sel = axes if axes is not None else list(range(rank))
    lo = [r.int(0, 3) for _ in sel]
    hi = [r.int(0, 3) for _ in sel]
    if mode != "constant":
        lo = [min(v, x[a] - 1) for v, a in zip(lo, sel)]
        hi = [min(v, x[a] - 1) for v, a in zip(hi, sel)]
    elif r.chance(.3):
        lo = [-1 if x[a] > 3 and r.chance(.4) else v for v, a in zip(lo, sel)]
        r.tags.add("neg_pad")
    dt = r.pick([F32, F32, F64, I32, I64] + ([U8, I8, BOOL] if mode == "constant" else []))
    ins = [b.inp(r.arr(x, dt)), b.param(np.array(lo + hi, I64))]
    cv = b.param(np.asarray(1 if dt is BOOL else 3, dt)) if mode == "constant" and r.chance(.6) else ""
    ins.append(cv)
    if axes is not None:
        ins.append(b.param(np.array([a - rank if r.chance(.4) else a for a in axes], I64)))
    b.out(b.node(op, ins, mode=opt(r, mode, "constant")))


@gen("DepthToSpace SpaceToDepth", .5)
def g_d2s(r, b, op):
    bs = r.pick([1, 2, 3])
    if op == "DepthToSpace":
        x = [r.dim(hi=4), bs * bs * r.pick([1, 2, 3]), r.dim(hi=9), r.dim(hi=9)]
        return b.out(b.node(op, [b.inp(r.farr(x))], blocksize=bs, mode=r.pick([None, "DCR", "CRD"])))
    x = [r.dim(hi=4), r.dim(hi=5), bs * r.dim(hi=5), bs * r.dim(hi=5)]
    b.out(b.node(op, [b.inp(r.farr(x))], blocksize=bs))
