# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Products of matrices, convolutions and pools."""
import numpy as np

from fuzz.draws import F32, F64, I8, Skip, U8
from fuzz.table import gen


@gen("MatMul", 2.5)
def g_matmul(r, b, op):
    dt = r.fdt()
    k, m, n = r.sdim(0) if r.zero_ok else r.sdim(), r.dim(0), r.sdim()
    kind = r.pick(["mm", "mm", "bmm", "bcast", "vec_l", "vec_r", "vecvec"])
    batch = r.bshapes(2, 1, 2, maxn=24)
    if kind == "mm":
        s1, s2 = [m, k], [k, n]
    elif kind == "bmm":
        s1, s2 = batch[0] + [m, k], batch[0] + [k, n]
    elif kind == "bcast":
        s1, s2 = batch[0] + [m, k], batch[1] + [k, n]
    elif kind == "vec_l":
        s1, s2 = [k], r.pick([[], batch[0]]) + [k, n]
    elif kind == "vec_r":
        s1, s2 = r.pick([[], batch[0]]) + [m, k], [k]
    else:
        s1, s2 = [k], [k]
    if np.prod(s1) > 40000 or np.prod(s2) > 40000:
        raise Skip
    r.mode = "normal" if r.mode == "wide" else r.mode
    b.ftol(dt, 10)
    b.out(b.node(op, [b.inp(r.farr(s1, dt)), b.weight(lambda g: r.farr(s2, dt, rng=g))]))


@gen("Gemm", 2)
def g_gemm(r, b, op):
    dt = r.fdt(f16=False)
    k, m, n = r.sdim(), r.dim(), r.sdim()
    ta, tb = r.pick([None, 0, 1]), r.pick([None, 0, 1])
    r.mode = "normal" if r.mode == "wide" else r.mode
    A = r.farr([k, m] if ta else [m, k], dt)
    ins = [b.inp(A), b.weight(lambda g: r.farr([n, k] if tb else [k, n], dt, rng=g))]
    if r.chance(.75):
        cs = r.pick([[n], [1, n], [m, n], [m, 1], [1], []])
        ins.append(b.weight(lambda g: r.farr(cs, dt, rng=g), .5))
    b.ftol(dt, 10)
    b.out(b.node(op, ins, transA=ta, transB=tb, alpha=r.pick([None, .5, 2.]), beta=r.pick([None, .25, 1.5])))


@gen("Einsum", .6)
def g_einsum(r, b, op):
    eq = r.pick(["ij,jk->ik", "bij,bjk->bik", "ij->ji", "ij->i", "ij->", "i,i->", "i,j->ij", "bhid,bhjd->bhij", "...ij,...jk->...ik", "bij,bij->b",
                 "ii->i", "ijk->kji", "bnm,bmh->bnh", "abc,cd,de->abe", "ij,jk"])
    sz = {}
    ell = [r.dim(hi=4), r.dim(hi=4)][:r.int(0, 2)] if "..." in eq else []
    ins = []
    r.mode = "normal" if r.mode == "wide" else r.mode
    for t in eq.split("->")[0].split(","):
        sh = list(ell) if "..." in t else []
        for ch in t.replace("...", ""):
            sz.setdefault(ch, r.dim(hi=9))
            sh.append(sz[ch])
        ins.append(b.inp(r.farr(sh)))
    b.ftol(F32, 10)
    b.out(b.node(op, ins, equation=eq))


def spatial(r, b, nd, kmax=4, transposed=False):
    k = [r.int(1, kmax) for _ in range(nd)]
    s = [r.pick([1, 1, 2, 3]) for _ in range(nd)]
    d = [r.pick([1, 1, 1, 2]) for _ in range(nd)]
    eff = [(kk - 1) * dd + 1 for kk, dd in zip(k, d)]
    ap = r.pick(["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"], [.7, .12, .1, .08])
    pads = None
    if ap == "NOTSET" and r.chance(.6):
        pads = [min(r.int(0, 3), e - 1) for e in eff] + [min(r.int(0, 3), e - 1) for e in eff]
    return k, s, d, eff, ap, pads


def opt(r, v, default):
    """Leave an attribute out half of the time when it has its default value."""
    return None if v == default and r.chance(.5) else v


@gen("Conv", 4)
def g_conv(r, b, op):
    nd = r.pick([1, 2, 2, 2, 3])
    dt = r.fdt(f64=False, f16=True) if r.chance(.3) else F32
    k, s, d, eff, ap, pads = spatial(r, b, nd)
    if ap.startswith("SAME"):
        d, eff = [1] * nd, k
    group = r.pick([1, 1, 1, 2, 3])
    cin, cout = group * r.pick([1, 2, 3, 4]), group * r.pick([1, 2, 3, 5])
    if r.chance(.2):
        group = cin = r.pick([3, 4, 8])
        cout = cin * r.pick([1, 2])
        r.tags.add("depthwise")
    p2 = pads or [0] * 2 * nd
    x = [r.dim(0 if r.zero_ok else 1, 5), cin] + [max(r.dim(hi=13 if nd < 3 else 7), e - (p2[i] + p2[i + nd] if ap == "NOTSET" else 0)) for i, e in enumerate(eff)]
    r.mode = "normal" if r.mode == "wide" else r.mode
    ins = [b.inp(r.farr(x, dt)), b.weight(lambda g: r.farr([cout, cin // group] + k, dt, rng=g, special=False), .75)]
    if r.chance(.5):
        ins.append(b.weight(lambda g: r.farr([cout], dt, rng=g, special=False), .8))
    b.ftol(dt, 10)
    b.out(b.node(op, ins, kernel_shape=k if r.chance(.7) else None, strides=opt(r, s, [1] * nd), dilations=opt(r, d, [1] * nd),
                 group=opt(r, group, 1), auto_pad=opt(r, ap, "NOTSET"), pads=pads))


@gen("ConvTranspose", 1.2)
def g_convt(r, b, op):
    nd = r.pick([1, 2, 2, 3])
    k, s, d, eff, ap, pads = spatial(r, b, nd, 3)
    ap = "NOTSET" if r.chance(.8) else r.pick(["SAME_UPPER", "SAME_LOWER", "VALID"])
    if ap != "NOTSET":
        pads, d = None, [1] * nd
        k = [max(kk, ss) for kk, ss in zip(k, s)]
        if ap.startswith("SAME"):
            s = [r.pick([1, 2])] * nd
            k = [max(kk, s[0]) for kk in k]
    group = r.pick([1, 1, 2])
    cin, cg = group * r.pick([1, 2, 3]), r.pick([1, 2, 3])
    opad = [r.int(0, max(0, min(ss, 2) - 1)) for ss in s] if r.chance(.3) and ap == "NOTSET" else None
    x = [r.dim(hi=4), cin] + [r.dim(3, 9 if nd < 3 else 5) for _ in range(nd)]
    r.mode = "normal" if r.mode == "wide" else r.mode
    ins = [b.inp(r.farr(x)), b.weight(lambda g: r.farr([cin, cg] + k, rng=g, special=False), .75)]
    if r.chance(.5):
        ins.append(b.weight(lambda g: r.farr([cg * group], rng=g, special=False), .8))
    b.ftol(F32, 10)
    b.out(b.node(op, ins, kernel_shape=k if r.chance(.7) else None, strides=opt(r, s, [1] * nd), dilations=opt(r, d, [1] * nd), group=opt(r, group, 1),
                 auto_pad=opt(r, ap, "NOTSET"), pads=pads, output_padding=opad))


@gen("MaxPool AveragePool LpPool", 1.2)
def g_pool(r, b, op):
    nd = r.pick([1, 2, 2, 2, 3])
    k, s, d, eff, ap, pads = spatial(r, b, nd)
    k = [max(2, kk) for kk in k]
    if op == "LpPool" and b.opset < 18 or op == "AveragePool" and b.opset < 19 or ap.startswith("SAME"):
        d = [1] * nd
    eff = [(kk - 1) * dd + 1 for kk, dd in zip(k, d)]
    if pads:
        pads = [min(p, k[i % nd] - 1) for i, p in enumerate(pads)]
    ceil = r.pick([None, 0, 1])
    if ap != "NOTSET" or (op == "LpPool" and b.opset < 18):
        ceil = None
    x = [r.dim(hi=4), r.dim(hi=5)] + [max(r.dim(hi=13 if nd < 3 else 7), e) for e in eff]
    dt = F32
    if op == "MaxPool" and r.chance(.2):
        dt = r.pick([U8, I8, F64])
    r.nonfinite = r.nonfinite and op != "LpPool" and dt is not F64   # onnxruntime keeps a NaN in f64 by its place in the window, in f32 never
    at = dict(kernel_shape=k, strides=opt(r, s, [1] * nd), auto_pad=opt(r, ap, "NOTSET"), pads=pads, ceil_mode=ceil)
    if d != [1] * nd or r.chance(.2):
        if not (op == "LpPool" and b.opset < 18 or op == "AveragePool" and b.opset < 19):
            at["dilations"] = d
    if op == "AveragePool":
        at["count_include_pad"] = r.pick([None, 0, 1])
    if op == "LpPool":
        at["p"] = r.pick([None, 1, 2, 3])
    b.ftol(F32, 10)
    if op == "MaxPool" and r.chance(.2) and not r.nonfinite:
        return b.out(*b.node(op, [b.inp(r.arr(x, dt))], 2, storage_order=r.pick([None, 0, 1]), **at))
    b.out(b.node(op, [b.inp(r.arr(x, dt))], **at))


@gen("GlobalAveragePool GlobalMaxPool", .5)
def g_gpool(r, b, op):
    x = [r.dim(), r.dim()] + [r.dim() for _ in range(r.int(1, 3))]
    if np.prod(x) > 20000:
        raise Skip
    b.ftol(F32, 10)
    b.out(b.node(op, [b.inp(r.farr(x))]))
