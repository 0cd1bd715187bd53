# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One whole case: model, one or two data sets, expected outputs.

Oracle: onnxruntime on the CPU without graph optimizations. onnx.reference runs the case too; where both can run it and
disagree beyond the tolerance, the case is disputed and not used.
"""
import numpy as np
import onnx
from onnx import helper as H

import values
from fuzz import scalar_ops, reduce_ops, contract_ops, move_ops, data_ops, quant_ops, control_ops  # noqa: F401  (fill the table)
from fuzz.draws import Builder, Draws, F32, Skip, onnx_dt
from fuzz.graphs import make_graph_case
from fuzz.models import model_of, ref_run
from fuzz.table import GEN


def build(seed, idx, attempt, variant, mode, only, run, opsets):
    r = Draws(seed, idx, attempt, variant)
    opset = r.pick(opsets)
    if mode == "mix":
        mode = "single" if r.chance(.65) else "graph"
    b = Builder(r, opset)
    if mode == "graph":
        op = "graph"
        make_graph_case(r, b, run)
    else:
        names = [o for o in sorted(GEN) if (not only or o in only) and GEN[o][2] <= opset <= GEN[o][3]]
        if not names:
            raise Skip
        w = np.array([GEN[o][1] for o in names])
        op = names[int(r.s.choice(len(names), p=w / w.sum()))]
        GEN[op][0](r, b, op)
        if r.chance(.04):
            b.inp(r.farr([2, 3]), "unused")
            r.tags.add("unused_input")
    if sum(a.size for _, a in b.inputs) > 120000:
        raise Skip
    return r, b, op, mode


def finish(seed, idx, attempt, mode, only, run, opsets):
    asked = mode
    r, b, op, mode = build(seed, idx, attempt, 0, asked, only, run, opsets)
    sets = [b.inputs]
    style = r.pick(["static", "sym", "some"], [.35, .35, .3])
    if mode == "single":
        try:
            r2, b2, op2, _ = build(seed, idx, attempt, 1, asked, only, run, opsets)
            key = lambda bb: model_of(bb.nodes, [(n, np.zeros((0,) * a.ndim, a.dtype)) for n, a in bb.inputs], bb.inits, sorted(bb.outs), bb.opset, "sym").SerializeToString(deterministic=True)
            same = op2 == op and len(b2.inputs) == len(b.inputs) and all(x[1].dtype == y[1].dtype and x[1].ndim == y[1].ndim for x, y in zip(b.inputs, b2.inputs)) and key(b) == key(b2)
            if same and style != "static":
                sets.append(b2.inputs)
                b.tol(b2.rtol, b2.atol)
        except Skip:
            pass
    elif style != "static":
        # graphs: another batch size on axis 0 of every rank>=1 float input that shares it
        n0 = b.inputs[0][1].shape[0]
        n1 = n0 + r.int(1, 3)
        ins = [(n, r.farr([n1] + list(a.shape[1:])) if a.dtype == F32 and a.ndim >= 2 and a.shape[0] == n0 else a) for n, a in b.inputs]
        sets.append(ins)
    dyn = {}
    if len(sets) == 2:
        for k, ((n, a), (_, c)) in enumerate(zip(*sets)):
            for j in range(a.ndim):
                if a.shape[j] != c.shape[j] or (style == "sym"):
                    dyn[(k, j)] = f"dim_{k}_{j}" if mode == "single" else ("batch" if j == 0 and a.shape[j] != c.shape[j] else f"dim_{k}_{j}")
    elif style == "sym" and mode == "single":
        dyn = {(k, j): f"dim_{k}_{j}" for k, (n, a) in enumerate(b.inputs) for j in range(a.ndim)}
    # output types from the oracle on set 0
    probe = model_of(b.nodes, b.inputs, b.inits, b.outs, b.opset, "static", b.init_as_input)
    try:
        outs0 = run(probe, dict(b.inputs))
    except Exception as e:
        if len(sets) == 2 and mode == "graph":
            raise Skip from None
        raise Skip(f"oracle: {str(e)[:80]}") from None
    results = [outs0]
    if len(sets) == 2:
        try:
            pm = model_of(b.nodes, b.inputs, b.inits, b.outs, b.opset, dyn, b.init_as_input)
            results = [run(pm, dict(b.inputs)), run(pm, dict(sets[1]))]
            if any(np.asarray(a).dtype != np.asarray(c).dtype or np.asarray(a).ndim != np.asarray(c).ndim for a, c in zip(*results)):
                raise ValueError
            if mode == "graph":
                for v in results[1]:
                    if np.asarray(v).dtype.kind == "f" and (not np.isfinite(v).all() or np.abs(v).max(initial=0) > 300):
                        raise ValueError
                if any(n.op_type in ("Round", "Floor", "Ceil", "ArgMax", "TopK", "QuantizeLinear", "Greater", "Less", "Cast") for n in b.nodes):
                    raise ValueError                      # the margin check was done on set 0 only
        except Exception:
            sets, dyn = sets[:1], {}
            results = [outs0]
    oshape = r.pick(["static", "rank"], [.4, .6])
    ov = []
    for i, (o, v) in enumerate(zip(b.outs, results[0])):
        v = np.asarray(v)
        fixed = len(sets) == 1 and not dyn
        sh = list(v.shape) if oshape == "static" and fixed else [f"o{i}_{j}" for j in range(v.ndim)]
        ov.append(H.make_tensor_value_info(o, onnx_dt(v.dtype), sh))
    model = model_of(b.nodes, b.inputs, b.inits, ov, b.opset, dyn, b.init_as_input)
    onnx.checker.check_model(model)
    results = [run(model, dict(s)) for s in sets]
    agree, why = None, ""
    try:
        refs = [ref_run(model, dict(s)) for s in sets]
        agree = True
        for a, c in zip(refs, results):
            for o, x, y in zip(b.outs, a, c):
                y = np.asarray(y)
                if np.asarray(x).dtype != y.dtype:
                    why = why or f"{o}: reference dtype {np.asarray(x).dtype}, ORT {y.dtype}"
                why = why or (values.difference(np.asarray(x).astype(y.dtype) if np.asarray(x).dtype.kind == y.dtype.kind else np.asarray(x), y, b.rtol, b.atol, o) or "")
        agree = not why
    except Exception as e:  # noqa: BLE001
        why = f"reference can't run it: {type(e).__name__}: {str(e)[:120]}"
    if len(sets) == 2:
        r.tags.add("two_shapes")
    if dyn:
        r.tags.add("symbolic_dims")
        if any(ins[k][1].shape[j] == 1 for (k, j) in dyn for ins in sets):
            r.tags.add("symbolic_dim_is_1")                # broadcasting of such a dim is decided at run time
    return dict(model=model, sets=sets, outs=results, names=b.outs, op=op, mode=mode, opset=b.opset, rtol=b.rtol, atol=b.atol, tags=sorted(r.tags), agree=agree, why=why,
                ops=sorted({n.op_type for n in b.nodes}), n_nodes=len(b.nodes))
