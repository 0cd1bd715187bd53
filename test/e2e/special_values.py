"""NaN, infinities, denormals and dims of 0 and 1 against onnxruntime; without it the runs must only be defined: the
same twice, no crash."""
import sys
import tempfile
from pathlib import Path

import e2e
import numpy as np
import onnx
from onnx import TensorProto, helper

try:
    import onnxruntime
except ImportError:
    onnxruntime = None

VALUES = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, -1e-40, 1.1754944e-38, 3.4e38, -3.4e38, 1.0, -1.5, 0.5, 88.8, -88.8, 104.0], np.float32)
# op, attributes, opset: float [N, 4] to something
UNARY = ["Abs", "Ceil", "Cos", "Erf", "Exp", "Floor", "Identity", "LeakyRelu", "Log", "Neg", "Reciprocal", "Relu", "Round", "Sigmoid", "Sign", "Sin",
         "Softplus", "Sqrt", "Tanh", "HardSigmoid", "Elu", "Selu", "Mish", "HardSwish", "Gelu"]
BINARY = ["Add", "Sub", "Mul", "Div", "Max", "Min", "Pow", "Greater", "Equal"]
ROWS = [("Softmax", {"axis": -1}), ("LogSoftmax", {"axis": -1}), ("ReduceMax", {"keepdims": 0}), ("ReduceMin", {"keepdims": 0}), ("ReduceSum", {"keepdims": 0}),
        ("ReduceMean", {"keepdims": 1}), ("ArgMax", {"axis": 1}), ("Clip", {}), ("CumSum", {})]


def one_op(op, attributes, inputs, out=TensorProto.FLOAT, rank=2):
    names, initializers = ["x", "z"][:inputs], []
    operands = list(names)
    if op == "Clip":
        initializers = [helper.make_tensor("low", TensorProto.FLOAT, [], [-1.0]), helper.make_tensor("high", TensorProto.FLOAT, [], [1.0])]
        operands += ["low", "high"]
    if op == "CumSum":
        initializers, operands = [helper.make_tensor("axis", TensorProto.INT64, [], [1])], [*operands, "axis"]
    if op.startswith("Reduce"):
        initializers, operands = [helper.make_tensor("axes", TensorProto.INT64, [1], [1])], [*operands, "axes"]
    graph = helper.make_graph([helper.make_node(op, operands, ["y"], op, **attributes)], op,
                              [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["N", "M"]) for n in names],
                              [helper.make_tensor_value_info("y", out, [f"d{i}" for i in range(rank)])], initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


class Runner:
    def __init__(self, checks, scratch):
        self.checks, self.scratch, self.count = checks, scratch, 0

    def package(self, label, source):
        out = self.scratch / "m.wick"
        done = e2e.wick("compile", source, "-o", out, "--target", e2e.TARGET, "--quiet", timeout=300)
        self.checks.that(done.returncode == 0, f"{label}: exit {done.returncode}: {done.stderr}")
        return out if done.returncode == 0 else None

    def compare(self, label, package, source, inputs, rtol=1e-4, atol=1e-6):
        """Our results beside onnxruntime's: NaN and infinities at the same places, the rest close."""
        self.count += 1
        np.savez(self.scratch / "in.npz", **inputs)
        results = []
        for _ in range(2):
            done = e2e.wick("run", package, "--input", self.scratch / "in.npz", "--output", self.scratch / "out.npz", "--quiet")
            if not self.checks.that(done.returncode == 0, f"{label}: exit {done.returncode}: {done.stderr}"):
                return
            with np.load(self.scratch / "out.npz") as out:
                results.append([out[k] for k in out.files])
        for a, b in zip(*results):
            self.checks.that(a.tobytes() == b.tobytes(), f"{label}: two runs differ")
        if not onnxruntime:
            return
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        try:
            expected = onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"]).run(None, inputs)
        except Exception as error:       # an empty dim that it does not take
            print(f"{label}: onnxruntime refuses it ({str(error).splitlines()[0][:90]}); ours: {[r.shape for r in results[0]]}")
            return
        for i, (got, want) in enumerate(zip(results[0], expected)):
            self.checks.that(got.shape == want.shape and got.dtype == want.dtype, f"{label}: output {i} is {got.dtype}{got.shape}, not {want.dtype}{want.shape}")
            if got.shape == want.shape and not np.allclose(got, want, rtol, atol, equal_nan=True):
                at = np.unravel_index(np.argmin(np.isclose(got, want, rtol, atol, equal_nan=True)), got.shape)
                given = {k: v[at[:v.ndim]] for k, v in inputs.items() if v.shape[:len(at)] == got.shape}
                self.checks.that(False, f"{label}: {got[at]}, expected {want[at]} at {list(map(int, at))} {given}")


def ops(runner):
    scratch = runner.scratch
    x = np.stack([np.roll(VALUES, k) for k in range(16)])
    z = np.stack([VALUES] * 16)
    cases = [(op, {}, 1, TensorProto.FLOAT, 2) for op in UNARY] + \
        [(op, {}, 2, TensorProto.BOOL if op in ("Greater", "Equal") else TensorProto.FLOAT, 2) for op in BINARY] + \
        [(op, attributes, 1, TensorProto.INT64 if op == "ArgMax" else TensorProto.FLOAT, 1 if attributes.get("keepdims") == 0 else 2) for op, attributes in ROWS]
    for op, attributes, inputs, out, rank in cases:
        source = scratch / "op.onnx"
        onnx.save(one_op(op, attributes, inputs, out, rank), source)
        package = runner.package(op, source)
        if not package:
            continue
        given = {"x": x, "z": z} if inputs == 2 else {"x": x}
        if op in ("ArgMax", "ReduceMax", "ReduceMin", "Softmax", "LogSoftmax"):
            # What NaN makes of these is theirs to choose; infinities and denormals are not.
            given["x"] = np.where(np.isnan(x), np.float32(2), x)
        runner.compare(op, package, source, given)
        for shape in ((1, 1), (1, 16), (16, 1), (0, 16), (3, 5)):
            part = {k: np.ascontiguousarray(v[3:3 + shape[0], 3:3 + shape[1]]) for k, v in given.items()}
            runner.compare(f"{op} {shape}", package, source, part)


def rows(runner):
    """Softmax of a sum of two dims with names of their own: which of them is 1, or neither, the run decides."""
    float2 = lambda name, dim: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", dim])
    graph = helper.make_graph([helper.make_node("Add", ["x", "z"], ["sum"], "add"), helper.make_node("Softmax", ["sum"], ["y"], "softmax", axis=-1)], "rows",
                              [float2("x", "M"), float2("z", "K")], [float2("y", "L")])
    source = runner.scratch / "rows.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), source)
    package = runner.package("rows", source)
    random = np.random.default_rng(2).standard_normal((2, 5, 40)).astype(np.float32)
    for m, k in ((40, 40), (1, 40), (40, 1), (1, 1), (3, 3)):
        if package:
            runner.compare(f"rows {m}, {k}", package, source, {"x": random[0, :, :m].copy(), "z": random[1, :, :k].copy()})


def models(runner):
    """MiniLM with the smallest sizes, and the generated ones."""
    source = e2e.CACHE / "derived" / "minilm_fp32.onnx"
    package = e2e.MODELS / "minilm_fp32.wick"
    if source.exists() and package.exists():
        with np.load(package.with_suffix(".in.npz")) as given:
            names = {n.name: given[k].dtype for n, k in zip(onnx.load(source).graph.input, given.files)}
        for batch, length in ((1, 1), (1, 2), (3, 1), (2, 17), (0, 4), (1, 0)):
            inputs = {k: np.ones((batch, length), dtype) for k, dtype in names.items()}
            runner.compare(f"minilm {batch}x{length}", package, source, inputs, 1e-3, 1e-5)
        # All tokens masked: softmax over equal huge negative numbers.
        inputs = {k: np.zeros((1, 5), dtype) for k, dtype in names.items()}
        runner.compare("minilm all masked", package, source, inputs, 1e-3, 1e-5)
    source, package = e2e.MODELS / "mlp_small.onnx", e2e.MODELS / "mlp_small.wick"
    random = np.random.default_rng(1).standard_normal((16, 64)).astype(np.float32)
    for label, x in (("batch 0", random[:0]), ("batch 1", random[:1]), ("NaN row", np.where(np.arange(16)[:, None] == 5, np.float32(np.nan), random)),
                     ("infinite row", np.where(np.arange(16)[:, None] == 5, np.float32(np.inf), random)), ("denormals", random * np.float32(1e-40))):
        runner.compare(f"mlp {label}", package, source, {"x": x}, 1e-3, 1e-5)
    source, package = e2e.MODELS / "lstm.onnx", e2e.MODELS / "lstm.wick"
    for length in (1, 2, 9):
        for gate in ([1, 2, 3], [-1, 2, 3], [np.nan, 1, 1], [np.inf, 1, 1]):
            runner.compare(f"lstm {length} {gate}", package, source, {"ids": np.arange(length) % 11, "gate": np.array(gate, np.float32)}, 1e-3, 1e-5)


def main():
    checks = e2e.Checks()
    with tempfile.TemporaryDirectory() as name:
        runner = Runner(checks, Path(name))
        models(runner)
        rows(runner)
        if "--models" not in sys.argv:
            ops(runner)
        print(f"{runner.count} runs, {'compared with onnxruntime ' + onnxruntime.__version__ if onnxruntime else 'onnxruntime is not here'}")
    checks.end()


if __name__ == "__main__":
    main()
