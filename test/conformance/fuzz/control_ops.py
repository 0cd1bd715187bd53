# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Recurrent nets, control flow and attention."""
import numpy as np
from onnx import TensorProto as TP, helper as H, numpy_helper

from fuzz.contract_ops import opt
from fuzz.draws import BOOL, F32, I32, I64, onnx_dt
from fuzz.table import gen


@gen("LSTM GRU RNN", .8)
def g_rnn(r, b, op):
    g = {"LSTM": 4, "GRU": 3, "RNN": 1}[op]
    dirn = r.pick(["forward", "reverse", "bidirectional"])
    nd = 2 if dirn == "bidirectional" else 1
    S, N, I, Hh = r.dim(1, 7), r.dim(1, 4), r.sdim(1, 6), r.sdim(1, 6)
    r.mode, r.nonfinite = "normal", False
    W = lambda *s: b.weight(lambda q: (r.farr(s, rng=q) * .5).astype(F32), .85)
    ins = [b.inp(r.farr([S, N, I])), W(nd, g * Hh, I), W(nd, g * Hh, Hh)]
    ins.append(W(nd, 2 * g * Hh) if r.chance(.6) else "")
    ins.append(b.inp(r.iarr([N], I32, 1, S)) if r.chance(.35) else "")
    ins.append(b.inp(r.farr([nd, N, Hh])) if r.chance(.4) else "")
    at = dict(hidden_size=Hh, direction=opt(r, dirn, "forward"))
    n = 2
    if op == "LSTM":
        n = 3
        ins.append(b.inp(r.farr([nd, N, Hh])) if r.chance(.4) else "")
        if r.chance(.2):
            ins.append(W(nd, 3 * Hh))
    if op == "GRU":
        at["linear_before_reset"] = r.pick([None, 0, 1])
    b.tol(2e-3, 1e-4)
    b.out(*b.node(op, ins, n, **at))


def sub(name, b2, ins, outs):
    return H.make_graph(b2, name, ins, outs)


VI = lambda n, dt, sh: H.make_tensor_value_info(n, onnx_dt(dt), sh)


@gen("If", .5)
def g_if(r, b, op):
    x = r.farr(r.shape(0, 3))
    X, C = b.inp(x), b.inp(np.asarray(bool(r.d.random() < .5)), "cond")
    def br(tag, f):
        o = f"{tag}_o"
        nodes = [H.make_node(f, [X], [f"{tag}_t"]), H.make_node("Add", [f"{tag}_t", X], [o])] if r.chance(.5) else [H.make_node(f, [X], [o])]
        return H.make_graph(nodes, tag, [], [H.make_value_info(o, H.make_tensor_type_proto(TP.FLOAT, None))])
    b.out(b.node(op, [C], then_branch=br("th", r.pick(["Neg", "Abs", "Tanh"])), else_branch=br("el", r.pick(["Relu", "Identity", "Sin"]))))


@gen("Loop", .5)
def g_loop(r, b, op):
    sh = r.shape(0, 2, zero=False, maxn=100)
    n = int(r.d.integers(0, 6))
    X, V = b.inp(r.farr(sh, lo=-1, hi=1)), b.inp(r.farr(sh, lo=-1, hi=1))
    M = b.param(np.asarray(n, I64))
    C = b.param(np.asarray(True, BOOL)) if r.chance(.5) else ""
    brk = r.chance(.4)
    nodes = [H.make_node("Mul", ["acc_in", "half"], ["t0"]), H.make_node("Add", ["t0", V], ["acc_out"])]
    nodes.insert(0, H.make_node("Constant", [], ["half"], value=numpy_helper.from_array(np.asarray(.5, F32))))
    if brk:
        nodes += [H.make_node("Constant", [], ["lim"], value=numpy_helper.from_array(np.asarray(r.int(0, 3), I64))), H.make_node("Less", ["it", "lim"], ["c_out"])]
    else:
        nodes += [H.make_node("Identity", ["c_in"], ["c_out"])]
    scan = r.chance(.7) and n > 0
    outs = [VI("c_out", BOOL, []), H.make_value_info("acc_out", H.make_tensor_type_proto(TP.FLOAT, None))]
    if scan:
        nodes.append(H.make_node("Sub", ["acc_out", "acc_in"], ["sc"]))
        outs.append(H.make_value_info("sc", H.make_tensor_type_proto(TP.FLOAT, None)))
    if not scan and n == 0 and not C:
        pass
    body = H.make_graph(nodes, "body", [VI("it", I64, []), VI("c_in", BOOL, []), H.make_value_info("acc_in", H.make_tensor_type_proto(TP.FLOAT, None))], outs)
    o = b.node(op, [M, C, X], 2 if scan else 1, body=body)
    b.out(*([o] if isinstance(o, str) else o))


@gen("Attention", .5, 23)
def g_attention(r, b, op):
    r.mode, r.nonfinite = "normal", False
    B_, h, sq, sk, d = r.dim(1, 3), r.pick([1, 2, 4]), r.dim(1, 7), r.dim(1, 9), r.pick([2, 4, 8])
    kvh = r.pick([q for q in (1, 2, 4) if h % q == 0])
    causal = r.chance(.3)
    q, k, v = [B_, h, sq, d], [B_, kvh, sk, d], [B_, kvh, sk, d]
    at = dict(is_causal=1 if causal else None, scale=r.pick([None, .3]))
    if r.chance(.4):
        q, k, v = [B_, sq, h * d], [B_, sk, kvh * d], [B_, sk, kvh * d]
        at.update(q_num_heads=h, kv_num_heads=kvh)
    ins = [b.inp(r.farr(q)), b.inp(r.farr(k)), b.inp(r.farr(v))]
    if r.chance(.5):
        ins.append(b.inp(r.farr([sq, sk])) if r.chance(.6) else b.inp((r.d.random([sq, sk]) < .7) | (np.arange(sk) == 0)[None, :]))
    b.tol(2e-3, 1e-4)
    b.out(b.node(op, ins, **at))
