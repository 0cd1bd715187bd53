"""Contractions of awkward sizes on every code slice that this CPU runs, against onnxruntime: the units of work are cut
for the widest vectors, the narrow slices must cover the same elements."""
import json
import sys
import tempfile
import zipfile
from pathlib import Path

import e2e
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

try:
    import onnxruntime
except ImportError:
    sys.exit(e2e.SKIP)

SLICES = {"x86-64-v3": {"avx2", "fma"}, "x86-64-v4": {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"},
          "x86-64-v4+vnni+bf16": {"avx512f", "avx512_vnni", "avx512_bf16"}}
# channels in and out, height, width, kernel, stride, groups
CONVS = [(1, 32, 3, 161, 3, 1, 1), (3, 24, 5, 321, 5, 1, 1), (16, 40, 3, 130, 3, 1, 1), (8, 8, 3, 200, 3, 1, 8), (8, 24, 3, 190, 1, 1, 1), (12, 20, 7, 301, 3, 2, 2),
         (4, 4, 3, 131, 3, 1, 1), (5, 200, 2, 133, 3, 1, 1), (20, 17, 3, 37, 3, 1, 1), (8, 16, 3, 260, 3, 2, 8)]
# M, K, N
MATMULS = [(1, 7, 33), (2, 64, 100), (5, 33, 17), (13, 100, 250), (67, 31, 95), (130, 48, 1), (9, 3, 520)]


def conv(random, cin, cout, height, width, kernel, stride, groups):
    w = random.standard_normal((cout, cin // groups, kernel, kernel)).astype(np.float32)
    node = helper.make_node("Conv", ["x", "w", "b"], ["y"], "conv", pads=[kernel // 2] * 4, strides=[stride, stride], group=groups)
    b = random.standard_normal(cout).astype(np.float32)
    return node, [cin, height, width], [numpy_helper.from_array(w, "w"), numpy_helper.from_array(b, "b")]


def integer_cases(random, least):
    """Products of codes, with and without zero points; weights of i8 stay bytes, those of u8 do not. Without VNNI onnxruntime's
    sums saturate for weights of i8 beyond [-64, 64)."""
    cases = []
    quantize = [helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["codes"], "quantize")]
    scale, signed = numpy_helper.from_array(np.array(0.02, np.float32), "scale"), numpy_helper.from_array(np.array(0, np.int8), "none")
    for c in CONVS:
        cin, cout, height, width, kernel, stride, groups = c
        w = random.integers(least, -least, (cout, cin // groups, kernel, kernel), np.int8)
        node = helper.make_node("ConvInteger", ["codes", "w", "zero", "none"], ["sums"], "conv", pads=[kernel // 2] * 4, strides=[stride, stride], group=groups)
        weights = [numpy_helper.from_array(w, "w"), scale, signed, byte("zero", 117)]
        cases.append((f"integer conv {c}", [*quantize, node], [cin, height, width], weights))
        # The same with a result of one byte, whose last step may round to the other side.
        more = [numpy_helper.from_array(np.array(v, np.float32), n) for n, v in (("ws", 0.01), ("ys", 0.02 * cin))]
        node = helper.make_node("QLinearConv", ["codes", "scale", "zero", "w", "ws", "none", "ys", "zero"], ["sums"], "conv", pads=[kernel // 2] * 4,
                                strides=[stride, stride], group=groups)
        cases.append((f"quantized conv {c}", [*quantize, node], [cin, height, width], weights + more))
    for m, k, n in [*MATMULS, (3, 1530, 64), (1, 1024, 512)]:
        for dtype, low, high, at in ((np.int8, least, -least, 0), (np.uint8, 0, 256, 131)):
            w = numpy_helper.from_array(random.integers(low, high, (k, n), dtype), "w")
            node = helper.make_node("MatMulInteger", ["codes", "w", "zero", "at"], ["sums"], "matmul")
            cases.append((f"integer matmul {m}x{k}x{n} {dtype.__name__}", [*quantize, node], [m, k], [w, scale, byte("zero", 7), byte("at", at, dtype)]))
    for label, nodes, shape, weights in cases:
        nodes.append(helper.make_node("Cast", ["sums"], ["y"], "cast", to=TensorProto.FLOAT))
    return cases


def byte(name, value, dtype=np.uint8):
    return numpy_helper.from_array(np.array(value, dtype), name)


def model(random, node, shape, weights, fixed):
    dims = [1, *shape] if fixed else ["N", *shape[:-1], "W"] if len(shape) > 1 else ["N", *shape]
    graph = helper.make_graph(node if isinstance(node, list) else [node], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, dims)],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def main():
    checks, random = e2e.Checks(), np.random.default_rng(5)
    flags = set(next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("flags")).split())
    slices = [name for name, needs in SLICES.items() if needs <= flags]
    cases = [(f"conv {c}", *conv(random, *c)) for c in CONVS]
    for m, k, n in MATMULS:
        w = numpy_helper.from_array(random.standard_normal((k, n)).astype(np.float32), "w")
        cases.append((f"matmul {m}x{k}x{n}", helper.make_node("MatMul", ["x", "w"], ["y"], "matmul"), [m, k], [w]))
    # Weights of integers, which are packed as bytes, beside floats of the same shape.
    for m, k, n in [(3, 300, 520), (9, 257, 500)]:
        weights = [numpy_helper.from_array(random.integers(-128, 128, (k, n), np.int8), "b"),
                   numpy_helper.from_array(100 * random.standard_normal((k, n)).astype(np.float32), "w")]
        nodes = [helper.make_node("Cast", ["b"], ["f"], "cast", to=TensorProto.FLOAT), helper.make_node("MatMul", ["x", "f"], ["p"], "bytes"),
                 helper.make_node("MatMul", ["x", "w"], ["q"], "floats"), helper.make_node("Sub", ["p", "q"], ["y"], "sub")]
        cases.insert(0, (f"matmul {m}x{k}x{n} of bytes and floats", nodes, [m, k], weights))
    cases[:0] = integer_cases(random, -128 if "avx512_vnni" in flags else -64)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        for label, node, shape, weights in cases:
            x = random.standard_normal((1, *shape)).astype(np.float32)
            np.savez(scratch / "in.npz", x=x)
            for fixed in (True, False):
                if "matmul" in label and not fixed:
                    continue             # the last dim is the product's
                source, package = scratch / "m.onnx", scratch / "m.wick"
                onnx.save(model(random, node, shape, weights, fixed), source)
                want = onnxruntime.InferenceSession(str(source), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
                done = e2e.wick("compile", source, "-o", package, "--target", ",".join(slices), "--quiet")
                if not checks.that(done.returncode == 0, f"{label}: exit {done.returncode}: {done.stderr}"):
                    continue
                for isa in slices:
                    for threads in (1, 3):
                        done = e2e.wick("run", package, "--input", scratch / "in.npz", "--output", scratch / "out.npz", "--isa", isa, "--threads", threads, "-q")
                        if not checks.that(done.returncode == 0, f"{label} on {isa}: exit {done.returncode}: {done.stderr}"):
                            continue
                        with np.load(scratch / "out.npz") as out:
                            got = out[out.files[0]]
                        slack = 0 if "integer" in label else 1 if "quantized" in label else 1e-2 if isinstance(node, list) else 1e-4
                        bad = ~np.isclose(got, want, min(slack, 1e-4), slack) if got.shape == want.shape else np.ones(1, bool)
                        checks.that(not bad.any(), f"{label} on {isa}, {'fixed' if fixed else 'named'} dims, {threads} threads: {bad.mean():.1%} differ, first at "
                                    f"{json.dumps(np.argwhere(bad)[0].tolist()) if bad.any() else ''}")
        done = e2e.wick("compile", source, "-o", package, "--quiet")   # the last case, for all slices
        stored = [entry for entry in zipfile.ZipFile(package).namelist() if entry.startswith("code/")] if checks.that(done.returncode == 0, done.stderr) else []
        checks.that(stored == ["code/x86-64-v3.elf", "code/x86-64-v4.elf"], f"code without narrow types is stored once for both kinds of AVX-512, not as {stored}")
        print(f"{len(cases)} contractions on {', '.join(slices)}")
    checks.end()


if __name__ == "__main__":
    main()
