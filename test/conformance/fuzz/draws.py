# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where random cases come from: `Draws` decides, `Builder` writes down one graph.

Every draw comes from PCG64 streams seeded by (seed, index, attempt, stream), so that a case is named by these numbers
alone. There are four streams: structure (ops, attributes, ranks), constants, sizes and data. A case drawn twice with
other sizes and data is the same model where its dims are open; then one artifact must serve both.
"""
import numpy as np
from onnx import helper as H, numpy_helper

F32, F64, F16 = np.float32, np.float64, np.float16
I8, I16, I32, I64 = np.int8, np.int16, np.int32, np.int64
U8, U16, U32, U64 = np.uint8, np.uint16, np.uint32, np.uint64
BOOL = np.bool_
INTS = [I32, I64, I8, U8, I16, U16, U32, U64]
OPSETS = [13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24]
DIMS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16, 17]
BIG = [31, 32, 33, 64, 65, 100, 127]


class Skip(Exception):
    """This draw is not a valid / useful case; try the next attempt."""


def onnx_dt(dt):
    return H.np_dtype_to_tensor_dtype(np.dtype(dt))


class Draws:
    """The decisions of one case; structure, constants, sizes and data are streams of their own."""

    def __init__(self, seed, idx, attempt, variant):
        mk = lambda tag, v=0: np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, idx, attempt, tag, v])))
        self.s, self.c, self.z, self.d = mk(1), mk(2), mk(3, variant), mk(4, variant)
        self.variant = variant
        self.zero_ok = self.chance(0.07)
        self.big = self.chance(0.12)
        self.nonfinite = self.chance(0.09)
        self.mode = self.pick(["normal", "uniform", "ints", "wide"], [.45, .2, .2, .15])
        self.names = self.pick(["plain", "torch", "odd"], [.6, .25, .15])
        self.tags = set()

    def chance(self, p):
        return bool(self.s.random() < p)

    def pick(self, seq, p=None):
        return seq[int(self.s.choice(len(seq), p=p))]

    def int(self, lo, hi):
        return int(self.s.integers(lo, hi + 1))

    def perm(self, n):
        return [int(i) for i in self.s.permutation(n)]

    def subset(self, n, lo=0):
        k = self.int(lo, n)
        return sorted(int(i) for i in self.s.permutation(n)[:k])

    def dim(self, lo=1, hi=None, rng=None):
        rng = rng or self.z
        pool = [d for d in (BIG + DIMS if self.big and rng.random() < .5 else DIMS) if d >= lo and (hi is None or d <= hi)] or [lo]
        if self.zero_ok and lo <= 0 and rng.random() < .25:
            self.tags.add("empty")
            return 0
        return int(pool[int(rng.integers(len(pool)))])

    def sdim(self, lo=1, hi=None):
        """A size fixed by the model (channel counts, hidden sizes): the same in both variants."""
        return self.dim(lo, hi, self.c)

    def shape(self, lo=0, hi=5, rank=None, maxn=6000, zero=True):
        rank = self.int(lo, hi) if rank is None else rank
        if rank == 0:
            self.tags.add("rank0")
        for _ in range(50):
            sh = [self.dim(0 if zero else 1) for _ in range(rank)]
            if int(np.prod([max(s, 1) for s in sh], dtype=np.int64)) <= maxn:
                return sh
        return [self.dim(1, 4) for _ in range(rank)]

    def bshapes(self, n, lo=0, hi=4, maxn=6000):
        """n shapes that broadcast together (which dims are 1 / missing is structure)."""
        full = self.shape(lo, hi, maxn=maxn)
        out = []
        for i in range(n):
            drop = self.int(0, len(full)) if self.chance(.35) else 0
            sh = full[drop:]
            ones = [self.chance(.22) for _ in full][drop:]
            out.append([1 if o else s for o, s in zip(ones, sh)])
        if self.chance(.6):
            out[self.int(0, n - 1)] = list(full)
        if any(o != full for o in out):
            self.tags.add("broadcast")
        return out

    def axis(self, rank, extra=0):
        a = self.int(0, rank - 1 + extra)
        if self.chance(.4):
            self.tags.add("neg_axis")
            return a - rank - extra
        return a

    def farr(self, shape, dt=F32, rng=None, special=True, lo=None, hi=None):
        rng = rng or self.d
        shape = tuple(shape)
        if lo is not None:
            a = rng.uniform(lo, hi, shape)
        elif self.mode == "normal":
            a = rng.standard_normal(shape)
        elif self.mode == "uniform":
            a = rng.uniform(-2, 2, shape)
        elif self.mode == "ints":
            a = rng.integers(-4, 5, shape).astype(F64)
            self.tags.add("ties")
        else:
            a = rng.standard_normal(shape) * 10.0 ** rng.uniform(-2, 2, shape)
        a = np.asarray(a, dtype=dt)
        if special and self.nonfinite and a.size:
            k = max(1, a.size // 10)
            flat = a.reshape(-1)
            flat[rng.integers(0, a.size, k)] = rng.choice(np.array([np.nan, np.inf, -np.inf, -0.0, 0.0]), k).astype(dt)
            self.tags.add("nonfinite")
        return a

    def iarr(self, shape, dt=I64, lo=None, hi=None, rng=None):
        rng = rng or self.d
        ii = np.iinfo(dt)
        if lo is None:
            if self.mode == "wide":
                self.tags.add("extreme_int")
                return rng.integers(ii.min, ii.max, tuple(shape), dtype=dt, endpoint=True)
            lo, hi = max(ii.min, -9), min(ii.max, 9)
        return rng.integers(lo, hi, tuple(shape), dtype=np.int64, endpoint=True).astype(dt)

    def arr(self, shape, dt, rng=None, **k):
        if np.dtype(dt).kind == "f":
            return self.farr(shape, dt, rng, **k)
        if np.dtype(dt).kind == "b":
            return (rng or self.d).random(tuple(shape)) < .5
        return self.iarr(shape, dt, rng=rng)

    def fdt(self, f64=True, f16=True):
        dt = self.pick([F32, F64, F16], [.8, .1, .1])
        return F32 if (dt is F64 and not f64) or (dt is F16 and not f16) else dt


class Builder:
    """Builds one graph."""

    def __init__(self, r, opset):
        self.r, self.opset = r, opset
        self.nodes, self.inits, self.inputs, self.outs = [], [], [], []      # inputs: (name, array)
        self.n = 0
        self.atol, self.rtol = 1e-5, 1e-3
        self.const_dep = False
        self.init_as_input = r.chance(.04)
        self.dtypes = {}

    def name(self, stem="t"):
        self.n += 1
        st = self.r.names
        return f"{stem}{self.n}" if st == "plain" else f"/blk.{self.n % 3}/{stem}/{stem}_output_{self.n}" if st == "torch" else f"{stem} é:{self.n}#"

    def inp(self, a, stem="x"):
        n = self.name(stem)
        self.inputs.append((n, np.asarray(a)))
        return n

    def const(self, a, stem="c"):
        a = np.asarray(a)
        n = self.name(stem)
        if self.r.chance(.25):
            self.nodes.append(H.make_node("Constant", [], [n], value=numpy_helper.from_array(a, n)))
        else:
            self.inits.append(numpy_helper.from_array(a, n))
            if self.init_as_input:
                self.r.tags.add("init_as_input")
        return n

    def param(self, a, p_const=.6):
        """A shape-like operand."""
        if self.r.chance(p_const):
            return self.const(a, "p")
        self.r.tags.add("runtime_param")
        return self.inp(a, "p")

    def weight(self, make, p_const=.6):
        """make(rng) -> array; constant (rng = the constant stream) or run-time input."""
        if self.r.chance(p_const):
            return self.const(make(self.r.c), "w")
        return self.inp(make(self.r.d), "w")

    def node(self, op, ins, nout=1, outs=None, domain="", **attrs):
        outs = outs or [self.name("y") for _ in range(nout)]
        attrs = {k: v for k, v in attrs.items() if v is not None}
        ins = list(ins)
        while ins and ins[-1] == "":
            ins.pop()
        self.nodes.append(H.make_node(op, ins, outs, domain=domain, **attrs))
        return outs[0] if len(outs) == 1 else outs

    def out(self, *names):
        self.outs += [n for n in names if n]

    def tol(self, rtol=None, atol=None):
        self.rtol = max(self.rtol, rtol or 0)
        self.atol = max(self.atol, atol or 0)

    def ftol(self, dt, scale=1.0):
        if np.dtype(dt) == F16:
            self.tol(1e-2, 5e-3 * scale)
        elif np.dtype(dt) == F64:
            self.tol(1e-3, 1e-6 * scale)
        else:
            self.tol(1e-3, 1e-5 * scale)
