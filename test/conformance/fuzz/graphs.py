# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Graphs of several ops, grown one op at a time.

The oracle gives each new value. An op that jumps (Round, ArgMax, comparisons, quantization) is put on computed floats
only where every element is away from the jump: rounding noise of a correct backend must not flip an output.
"""
import numpy as np
from onnx import TensorProto as TP, helper as H

from fuzz.draws import F32, I64, Skip, U8
from fuzz.models import model_of


class GraphBuilder:
    """Grows a graph op by op; keeps the concrete value of every tensor (by running the oracle on the new nodes)."""

    def __init__(self, r, b, run):
        self.r, self.b, self.run, self.env, self.used = r, b, run, {}, set()
        self.blocks = []

    def add_input(self, a, stem="x"):
        n = self.b.inp(a, stem)
        self.env[n] = np.asarray(a)
        return n

    def c(self, a):
        n = self.b.const(a)
        self.env[n] = np.asarray(a)
        return n

    def floats(self, f=lambda v: True):
        return [n for n, v in self.env.items() if v.dtype == F32 and v.size and n in self.live and f(v)]

    def step(self, f):
        b, r = self.b, self.r
        n_nodes, n_init, n_in, env = len(b.nodes), len(b.inits), len(b.inputs), dict(self.env)
        live = list(self.live)
        try:
            outs = f(self)
            if outs is None:
                raise Skip
            outs = [outs] if isinstance(outs, str) else list(outs)
            new = b.nodes[n_nodes:]
            made = {o for n in new for o in n.output}
            need = []
            for n in new:
                need += [i for i in list(n.input) if i and i not in made]
                for at in n.attribute:
                    for g in ([at.g] if at.type == 5 else []):
                        inner = {o for q in g.node for o in q.output} | {i.name for i in g.input}
                        need += [i for q in g.node for i in q.input if i and i not in inner and i not in made]
            need = list(dict.fromkeys(need))
            m = model_of(new, [(i, self.env[i]) for i in need], [], sorted(made), b.opset, None)
            vals = self.run(m, {i: self.env[i] for i in need})
            got = dict(zip(sorted(made), vals))
            for o in outs:
                v = np.asarray(got[o])
                if v.dtype.kind == "f" and v.size and (not np.isfinite(v).all() or np.abs(v).max() > 300):
                    raise Skip
                if v.size > 20000:
                    raise Skip
            for k, v in got.items():
                self.env[k] = np.asarray(v)
            for i in need:
                self.used.add(i)
            self.live += outs
            return True
        except Skip:
            pass
        except Exception:  # the oracle refuses this draw
            pass
        del b.nodes[n_nodes:], b.inits[n_init:], b.inputs[n_in:]
        self.env, self.live = env, live
        return False


def far_from_ints(v, eps=2e-3):
    return bool(np.all(np.abs(v - np.round(v)) > eps)) if v.size else True


def far_from_halves(v, eps=2e-3):
    return far_from_ints(v - .5, eps)


def mk(g, sh, s=1.0):
    return (g.r.c.standard_normal(tuple(sh)) * s).astype(F32)


def t_act(g):
    r, b = g.r, g.b
    x = r.pick(g.floats())
    k = r.pick(["Relu", "Sigmoid", "Tanh", "LeakyRelu", "Softplus", "HardSigmoid", "Elu", "gelu", "silu", "clip", "Erf", "Neg", "Abs", "sqrt", "Exp", "Cos", "hardswish"])
    if k == "gelu":
        e = b.node("Erf", [b.node("Div", [x, g.c(F32(1.4142135))])])
        return b.node("Mul", [b.node("Mul", [x, b.node("Add", [e, g.c(F32(1))])]), g.c(F32(.5))])
    if k == "silu":
        return b.node("Mul", [x, b.node("Sigmoid", [x])])
    if k == "hardswish":
        return b.node("Mul", [x, b.node("HardSigmoid", [x], alpha=1 / 6, beta=.5)])
    if k == "clip":
        return b.node("Clip", [x, g.c(F32(0)), g.c(F32(6))])
    if k == "sqrt":
        return b.node("Sqrt", [b.node("Add", [b.node("Abs", [x]), g.c(F32(.1))])])
    if k == "Exp" and np.abs(g.env[x]).max() > 4:
        raise Skip
    return b.node(k, [x])


def t_binary(g):
    r, b = g.r, g.b
    x = r.pick(g.floats())
    op = r.pick(["Add", "Add", "Mul", "Sub", "Max", "Min", "Div"])
    cands = [n for n in g.floats() if n != x and bc(g.env[n].shape, g.env[x].shape)]
    if cands and r.chance(.7):
        y = r.pick(cands)
    else:
        sh = list(g.env[x].shape)
        sh = sh[r.int(0, len(sh)):]
        y = g.c(mk(g, [d if r.chance(.7) else 1 for d in sh]))
    if op == "Div":
        y = b.node("Add", [b.node("Abs", [y]), g.c(F32(.5))])
    return b.node(op, [x, y] if r.chance(.5) or op == "Div" else [y, x])


def bc(s1, s2):
    return all(a == b_ or a == 1 or b_ == 1 for a, b_ in zip(s1[::-1], s2[::-1]))


def t_linear(g):
    r, b = g.r, g.b
    x = r.pick(g.floats(lambda v: v.ndim >= 1 and v.shape[-1] <= 128))
    k, n = g.env[x].shape[-1], r.pick([1, 3, 4, 8, 16])
    w = g.c(mk(g, [k, n], 1 / np.sqrt(k)))
    if g.env[x].ndim == 2 and r.chance(.5):
        return b.node("Gemm", [x, w] + ([g.c(mk(g, [n]))] if r.chance(.7) else []))
    y = b.node("MatMul", [x, w])
    return b.node("Add", [y, g.c(mk(g, [n]))]) if r.chance(.7) else y


def t_norm(g):
    r, b = g.r, g.b
    x = r.pick(g.floats(lambda v: v.ndim >= 2 and v.shape[-1] >= 2 and v.std(-1).min() > .05))
    n = g.env[x].shape[-1]
    sc, bi = g.c(mk(g, [n])), g.c(mk(g, [n]))
    b.tol(2e-3, 1e-3)
    if b.opset >= 17 and r.chance(.5):
        return b.node("LayerNormalization", [x, sc, bi], axis=-1)
    red = lambda t: b.node("ReduceMean", [t, g.c(np.array([-1], I64))]) if b.opset >= 18 else b.node("ReduceMean", [t], axes=[-1])
    d = b.node("Sub", [x, red(x)])
    v = red(b.node("Pow", [d, g.c(F32(2))]))
    return b.node("Add", [b.node("Mul", [b.node("Div", [d, b.node("Sqrt", [b.node("Add", [v, g.c(F32(1e-5))])])]), sc]), bi])


def t_softmax(g):
    x = g.r.pick(g.floats(lambda v: v.ndim >= 1))
    return g.b.node(g.r.pick(["Softmax", "LogSoftmax"]), [x], axis=g.r.axis(g.env[x].ndim))


def t_reduce(g):
    r, b = g.r, g.b
    x = r.pick(g.floats(lambda v: v.ndim >= 1))
    op = r.pick(["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL2"])
    ax = [r.axis(g.env[x].ndim)]
    kd = r.pick([0, 1])
    if b.opset >= 18 or op == "ReduceSum":
        return b.node(op, [x, g.c(np.array(ax, I64))], keepdims=kd)
    return b.node(op, [x], axes=ax, keepdims=kd)


def t_transpose(g):
    x = g.r.pick(g.floats(lambda v: v.ndim >= 2))
    return g.b.node("Transpose", [x], perm=g.r.perm(g.env[x].ndim))


def t_reshape_dyn(g):
    """Shape -> Gather/Slice -> Concat -> Reshape, as exporters write it."""
    r, b = g.r, g.b
    x = r.pick(g.floats(lambda v: v.ndim >= 2))
    s = b.node("Shape", [x])
    if r.chance(.5):
        d0 = b.node("Unsqueeze", [b.node("Gather", [s, g.c(np.asarray(0, I64))], axis=0), g.c(np.array([0], I64))])
    else:
        d0 = b.node("Slice", [s, g.c(np.array([0], I64)), g.c(np.array([1], I64)), g.c(np.array([0], I64))])
    t = b.node("Concat", [d0, g.c(np.array([-1], I64))], axis=0)
    return b.node("Reshape", [x, t])


def t_reshape(g):
    r, b = g.r, g.b
    x = r.pick(g.floats(lambda v: v.ndim >= 1))
    sh = g.env[x].shape
    k = r.pick(["flat", "unsq", "merge", "flatten"])
    if k == "flat":
        return b.node("Reshape", [x, g.c(np.array([-1], I64))])
    if k == "unsq":
        return b.node("Unsqueeze", [x, g.c(np.array([r.axis(len(sh), 1)], I64))])
    if k == "flatten":
        return b.node("Flatten", [x], axis=r.int(0, len(sh)))
    if len(sh) < 2:
        raise Skip
    return b.node("Reshape", [x, g.c(np.array([0] * (len(sh) - 2) + [-1], I64))])


def t_slice(g):
    r, b = g.r, g.b
    x = r.pick(g.floats(lambda v: v.ndim >= 1 and max(v.shape) >= 3))
    ax = int(np.argmax(g.env[x].shape))
    return b.node("Slice", [x, g.c(np.array([r.int(0, 1)], I64)), g.c(np.array([r.pick([-1, 2**31 - 1, 2])], I64)), g.c(np.array([ax], I64)),
                            g.c(np.array([r.pick([1, 1, 2])], I64))])


def t_concat(g):
    r, b = g.r, g.b
    x = r.pick(g.floats(lambda v: v.ndim >= 1))
    ax = r.axis(g.env[x].ndim)
    ok = [n for n in g.floats() if g.env[n].ndim == g.env[x].ndim and all(a == c for i, (a, c) in enumerate(zip(g.env[n].shape, g.env[x].shape)) if i != ax % g.env[x].ndim)]
    return b.node("Concat", [x, r.pick(ok)] + ([x] if r.chance(.2) else []), axis=ax)


def t_split(g):
    r, b = g.r, g.b
    x = r.pick(g.floats(lambda v: v.ndim >= 1 and v.shape[-1] % 2 == 0))
    o = b.node("Split", [x], 2, axis=-1, **({"num_outputs": 2} if b.opset >= 18 else {}))
    return b.node("Mul", [b.node("Sigmoid", [o[0]]), o[1]])


def t_conv(g):
    r, b = g.r, g.b
    xs = g.floats(lambda v: v.ndim == 4 and v.shape[1] <= 32 and min(v.shape[2:]) >= 2)
    x = r.pick(xs)
    c, co, k = g.env[x].shape[1], r.pick([1, 2, 4, 6]), r.pick([1, 2, 3])
    dw = r.chance(.25)
    w = g.c(mk(g, [c if dw else co, 1 if dw else c, k, k], 1 / np.sqrt(k * k * (1 if dw else c))))
    co = c if dw else co
    p = k // 2
    y = b.node("Conv", [x, w] + ([g.c(mk(g, [co]))] if r.chance(.6) else []), group=c if dw else None, pads=[p] * 4 if r.chance(.7) else None,
               strides=[r.pick([1, 1, 2])] * 2)
    if r.chance(.5):
        y = b.node("BatchNormalization", [y, g.c(mk(g, [co])), g.c(mk(g, [co])), g.c(mk(g, [co])), g.c(np.abs(mk(g, [co])) + F32(.3))])
    if r.chance(.6):
        y = b.node("Relu", [y]) if r.chance(.6) else b.node("Clip", [y, g.c(F32(0)), g.c(F32(6))])
    return y


def t_pool(g):
    r, b = g.r, g.b
    x = r.pick(g.floats(lambda v: v.ndim == 4 and min(v.shape[2:]) >= 2))
    k = r.pick(["MaxPool", "AveragePool", "GlobalAveragePool", "Resize", "Pad", "se"])
    if k == "GlobalAveragePool":
        return b.node(k, [x])
    if k == "Resize":
        return b.node("Resize", [x, "", g.c(np.array([1, 1, 2, 2], F32))], mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    if k == "Pad":
        return b.node("Pad", [x, g.c(np.array([0, 0, 1, 0, 0, 0, 0, 1], I64))], mode=r.pick(["constant", "reflect", "edge"]))
    if k == "se":
        c = g.env[x].shape[1]
        s = b.node("Conv", [b.node("GlobalAveragePool", [x]), g.c(mk(g, [c, c, 1, 1], .5))])
        return b.node("Mul", [x, b.node("Sigmoid", [s])])
    return b.node(k, [x], kernel_shape=[2, 2], strides=[r.pick([1, 2])] * 2, ceil_mode=r.pick([None, 1]))


def t_attention(g):
    r, b = g.r, g.b
    x = r.pick(g.floats(lambda v: v.ndim == 3 and v.shape[-1] % 2 == 0 and v.shape[-1] <= 64))
    D = g.env[x].shape[-1]
    h = 2
    q, k, v = [b.node("MatMul", [x, g.c(mk(g, [D, D], 1 / np.sqrt(D)))]) for _ in range(3)]
    sp = lambda t, perm: b.node("Transpose", [b.node("Reshape", [t, g.c(np.array([0, 0, h, D // h], I64))])], perm=perm)
    s = b.node("MatMul", [sp(q, [0, 2, 1, 3]), sp(k, [0, 2, 3, 1])])
    s = b.node("Softmax", [b.node("Mul", [s, g.c(F32(1 / np.sqrt(D // h)))])], axis=-1)
    o = b.node("Transpose", [b.node("MatMul", [s, sp(v, [0, 2, 1, 3])])], perm=[0, 2, 1, 3])
    return b.node("Reshape", [o, g.c(np.array([0, 0, D], I64))])


def t_embed(g):
    r, b = g.r, g.b
    n, d = r.pick([5, 17]), r.pick([2, 4, 6])
    ids = g.add_input(r.d.integers(0, n, [r.dim(1, 4), r.dim(1, 6)]).astype(I64), "ids")
    return b.node("Gather", [g.c(mk(g, [n, d])), ids])


def t_where(g):
    r, b = g.r, g.b
    x = r.pick(g.floats())
    v = g.env[x]
    t = F32(r.pick([0., .25]))
    if v.size and np.abs(v - t).min() < 2e-3:
        raise Skip
    m = b.node(r.pick(["Greater", "Less"]), [x, g.c(t)])
    return b.node("Where", [m, x, g.c(F32(r.pick([0., -1.])))])


def t_round(g):
    r, b = g.r, g.b
    x = r.pick(g.floats())
    op = r.pick(["Round", "Floor", "Ceil", "qdq", "Cast"])
    v = g.env[x]
    if op == "qdq":
        s = F32(.0625)
        if not far_from_halves(v / s, .02):
            raise Skip
        z = g.c(np.asarray(128, U8))
        return b.node("DequantizeLinear", [b.node("QuantizeLinear", [x, g.c(s), z]), g.c(s), z])
    if op == "Cast":
        if not far_from_ints(v):
            raise Skip
        return b.node("Cast", [b.node("Cast", [x], to=TP.INT32)], to=TP.FLOAT)
    if not (far_from_halves(v) if op == "Round" else far_from_ints(v)):
        raise Skip
    return b.node(op, [x])


def t_topk(g):
    r, b = g.r, g.b
    x = r.pick(g.floats(lambda v: v.ndim >= 1 and v.shape[-1] >= 2))
    v = np.sort(g.env[x], -1)
    if np.diff(v, axis=-1).min() < 2e-3:
        raise Skip
    if r.chance(.5):
        a = b.node("ArgMax", [x], axis=-1, keepdims=1)
        return b.node("GatherElements", [x, a], axis=-1)
    return b.node("TopK", [x, g.c(np.array([r.int(1, v.shape[-1])], I64))], 2, axis=-1)[0]


def t_expand(g):
    r, b = g.r, g.b
    x = r.pick(g.floats(lambda v: v.size <= 2000))
    if r.chance(.5):
        return b.node("Expand", [x, g.c(np.array([2] + [1] * g.env[x].ndim, I64))])
    if g.env[x].ndim == 0:
        raise Skip
    return b.node("Tile", [x, g.c(np.array([r.int(1, 2) for _ in g.env[x].shape], I64))])


def t_if(g):
    r, b = g.r, g.b
    x = r.pick(g.floats())
    c = g.add_input(np.asarray(bool(r.d.random() < .5)), "cond")
    br = lambda t, f: H.make_graph([H.make_node(f, [x], [t + "_y"])], t, [], [H.make_value_info(t + "_y", H.make_tensor_type_proto(TP.FLOAT, None))])
    k = f"b{b.n}"
    return b.node("If", [c], then_branch=br(k + "t", r.pick(["Tanh", "Neg"])), else_branch=br(k + "e", r.pick(["Relu", "Sigmoid"])))


STEPS = [(t_act, 4), (t_binary, 4), (t_linear, 3), (t_norm, 1.5), (t_softmax, 1), (t_reduce, 1.5), (t_transpose, 1.5), (t_reshape_dyn, 1), (t_reshape, 1.2),
         (t_slice, 1), (t_concat, 1.2), (t_split, .7), (t_conv, 3), (t_pool, 2), (t_attention, 1.5), (t_embed, .6), (t_where, .8), (t_round, .8), (t_topk, .6),
         (t_expand, .6), (t_if, .5)]


def make_graph_case(r, b, run):
    r.nonfinite = r.zero_ok = False
    r.mode = "normal"
    g = GraphBuilder(r, b, run)
    g.live = []
    kind = r.pick(["image", "seq", "mat", "mixed"])
    N = r.dim(1, 3)
    if kind in ("image", "mixed"):
        g.live.append(g.add_input(r.farr([N, r.sdim(1, 5), r.sdim(3, 9), r.sdim(3, 9)])))
    if kind in ("seq", "mixed"):
        g.live.append(g.add_input(r.farr([N, r.sdim(1, 7), r.pick([2, 4, 8])])))
    if kind == "mat":
        for _ in range(r.int(1, 2)):
            g.live.append(g.add_input(r.farr([N, r.sdim(1, 9)])))
    p = np.array([w for _, w in STEPS])
    p = p / p.sum()
    want, made = r.int(3, 14), 0
    for _ in range(60):
        if made >= want:
            break
        f = STEPS[int(r.s.choice(len(STEPS), p=p))][0]
        if g.step(f):
            made += 1
    if made < 3:
        raise Skip
    used = g.used
    ends = [n for n in g.live if n not in used and n not in {i for i, _ in b.inputs}]
    if not ends:
        raise Skip
    b.outs = ends[:4]
    extra = [n for n in g.live if n in used and n not in {i for i, _ in b.inputs}]
    if extra and r.chance(.25):
        b.outs.append(r.pick(extra))                      # an inner value that is an output as well
    b.tol(2e-3, 1e-4)
