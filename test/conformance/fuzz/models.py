# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models of what a Builder holds, and the oracles that run them."""
import numpy as np
import onnx
from onnx import helper as H

from fuzz.draws import onnx_dt


class Run:
    """Oracle execution."""

    def __init__(self):
        import onnxruntime as ort
        ort.set_default_logger_severity(4)
        self.ort, self.version = ort, "onnxruntime " + ort.__version__
        self.so = ort.SessionOptions()
        self.so.intra_op_num_threads = self.so.inter_op_num_threads = 1
        self.so.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        self.so.log_severity_level = 4

    def __call__(self, model, feeds):
        s = self.ort.InferenceSession(model.SerializeToString(), self.so, providers=["CPUExecutionProvider"])
        want = {i.name for i in s.get_inputs()}
        return s.run(None, {k: v for k, v in feeds.items() if k in want})


def ref_run(model, feeds):
    import onnx.reference
    return [np.asarray(o) for o in onnx.reference.ReferenceEvaluator(model).run(None, feeds)]


def model_of(nodes, inputs, inits, outs, opset, dyn, init_as_input=False):
    """dyn: None = no shapes declared; 'static' ; 'sym' = every dim of every input gets a symbol."""
    vis = []
    for k, (n, a) in enumerate(inputs):
        sh = list(a.shape)
        if dyn == "sym":
            sh = [f"d{k}_{j}" for j in range(a.ndim)]
        elif isinstance(dyn, dict):
            sh = [dyn.get((k, j), d) for j, d in enumerate(sh)]
        vis.append(H.make_tensor_value_info(n, onnx_dt(a.dtype), sh))
    if init_as_input:
        vis += [H.make_tensor_value_info(t.name, t.data_type, list(t.dims)) for t in inits]
    ov = [onnx.ValueInfoProto(name=o) if isinstance(o, str) else o for o in outs]
    g = H.make_graph(nodes, "fuzz", vis, ov, initializer=inits)
    ops = [H.make_opsetid("", opset)]
    return H.make_model(g, opset_imports=ops, ir_version=min(H.find_min_ir_version_for(ops), 12), producer_name="fuzzgen")
