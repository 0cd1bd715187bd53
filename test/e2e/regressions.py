# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Minimal models of mistakes that were made once: values beside onnxruntime's, for every data set from one artifact.

A row of CASES is a name, a graph in ONNX's text form, and data sets: input -> array, shape (drawn) or list. A name that
ends in "!" must be refused (exit 3) with the text that stands in the place of the data sets.
"""
import sys
import tempfile
from pathlib import Path

import e2e
import numpy as np
import onnx

try:
    import onnxruntime
except ImportError:
    sys.exit(e2e.SKIP)

I64 = lambda *v: np.array(v, np.int64)

CASES = [
    # An operand whose open dim is 1 only in one of the runs, along the rows of a reduction and before them.
    ("softmax after an add that may broadcast", """g (float[a,b,c] X, float[e,f] M) => (float[p,q,r] Y) { T = Add(X, M) Y = Softmax(T) }""",
     [{"X": (2, 4, 6), "M": (4, 6)}, {"X": (2, 4, 6), "M": (1, 6)}, {"X": (2, 4, 6), "M": (4, 1)}, {"X": (2, 4, 1), "M": (4, 6)}]),
    ("values per row that may broadcast", """g (float[a,b,c] X, float[e,f] M) => (float[p,q,r] Y) {
        axes = Constant<value_ints = [-1]>() R = ReduceMax(M, axes) T = Softmax(X) Y = Mul(T, R) }""",
     [{"X": (2, 4, 6), "M": (4, 6)}, {"X": (2, 4, 6), "M": (1, 5)}]),
    ("bias of a product that may broadcast", """g (float[a,b] X, float[n] M) => (float[p,q] Y) <float[3,5] W = {1,2,3,4,5,6,7,8,9,8,7,6,5,4,3}> { T = MatMul(X, W) Y = Add(T, M) }""",
     [{"X": (17, 3), "M": (5,)}, {"X": (4, 3), "M": (1,)}]),
    ("mask of a product that may broadcast", """g (float[a,b,c] X, float[a,c,d] W, float[e,f] M) => (float[p,q,r] Y) { T = MatMul(X, W) Y = Add(T, M) }""",
     [{"X": (2, 5, 3), "W": (2, 3, 18), "M": (5, 18)}, {"X": (2, 5, 3), "W": (2, 3, 18), "M": (5, 1)}, {"X": (2, 5, 3), "W": (2, 3, 18), "M": (1, 18)}]),
    # The result of a loop lies in either of two buffers, of which one was given away.
    ("result of a loop that outlives a later value", """g (float[n] X, float[m] Z, int64 trips) => (float[p] R, float[q] Y) {
        yes = Constant<value = bool {1}>()
        R = Loop(trips, yes, X) <body = b (int64 i, bool c, float[n] s) => (bool d, float[n] t) { d = Identity(c) t = Exp(s) }>
        W = Sin(Z) zero = Constant<value_int = 0>() V = CumSum(W, zero) Y = Mul(V, W) }""",
     [{"X": (8,), "Z": (8,), "trips": np.array(k, np.int64)} for k in (0, 1, 2)]),
    # Padding that depends on an open size.
    ("pools with auto_pad over an open size", """g (float[a,2,h,w] X) => (float[p,q,r,s] A, float[t,u,v,y] M, float[z,c,d,e] L) {
        A = AveragePool <kernel_shape = [3, 3], strides = [2, 2], auto_pad = "SAME_UPPER"> (X)
        M = MaxPool <kernel_shape = [3, 2], strides = [2, 2], auto_pad = "SAME_LOWER"> (X)
        L = AveragePool <kernel_shape = [3, 3], strides = [2, 2], auto_pad = "SAME_LOWER", count_include_pad = 1> (X) }""",
     [{"X": (1, 2, 5, 6)}, {"X": (2, 2, 8, 7)}, {"X": (1, 2, 1, 1)}]),
    # Positions that are whole numbers, which `ceil` and `floor` must keep.
    ("symmetric half pixels at whole positions", """g (float[1,1,7,h] X) => (float[p,q,r,s] Y, float[t,u,v,w] Z) <float[4] scales = {1, 1, 0.5, 0.5}> {
        Y = Resize <mode = "nearest", nearest_mode = "ceil", coordinate_transformation_mode = "half_pixel_symmetric"> (X, , scales)
        Z = Resize <mode = "nearest", nearest_mode = "floor", coordinate_transformation_mode = "half_pixel_symmetric"> (X, , scales) }""",
     [{"X": (1, 1, 7, 7)}, {"X": (1, 1, 7, 9)}, {"X": (1, 1, 7, 4)}]),
    # Two outputs, one of which is a view of the other.
    ("one memory for two outputs", """g (float[a,b] X) => (float[p,q] Y, float[r,s,t] Z) { Y = Exp(X) axes = Constant<value_ints = [0]>() Z = Unsqueeze(Y, axes) }""",
     [{"X": (2, 3)}, {"X": (4, 5)}]),
    # Operands that hold axes and sizes, whose length is open too.
    ("axes of open number", """g (float[a,b,c] X, int64[k] axes) => (float[p,q,r] Y) { Y = ReduceSum(X, axes) }""",
     [{"X": (2, 3, 4), "axes": I64(1)}, {"X": (2, 3, 4), "axes": I64(0, -1)}, {"X": (2, 3, 4), "axes": I64()}, {"X": (2, 0, 4), "axes": I64(1)}]),
    ("no axes, no reduction", """g (float[a,b,c] X, int64[k] axes) => (float[p,q,r] Y) { Y = ReduceSum <noop_with_empty_axes = 1> (X, axes) }""",
     [{"X": (2, 3, 4), "axes": I64()}, {"X": (2, 3, 4), "axes": I64(2)}]),
    ("starts of open number", """g (float[a,b] X, int64[k] starts, int64[k] ends) => (float[p,q] Y) { Y = Slice(X, starts, ends) }""",
     [{"X": (4, 5), "starts": I64(1), "ends": I64(3)}, {"X": (4, 5), "starts": I64(0, -2), "ends": I64(2, 9)}]),
    ("ends of open number beside fixed starts", """g (float[a,b] X, int64[k] ends) => (float[p,q] Y)
        <int64[1] starts = {-1}, int64[1] axes = {1}, int64[1] steps = {-2}> { Y = Slice(X, starts, ends, axes, steps) }""",
     [{"X": (4, 5), "ends": I64(-9)}, {"X": (2, 3), "ends": I64(0)}]),
    ("pads, repeats, k and split of open length", """g (float[a,b] X, int64[k] pads, int64[m] reps, int64[n] one, int64[s] parts) => (float[p,q] A, float[r,t] B, float[u,v] C, float[w,x] D, float[y,z] E) {
        A = Pad(X, pads) B = Tile(X, reps) C, I = TopK(X, one) D, E = Split(X, parts) }""",
     [{"X": (4, 5), "pads": I64(1, 0, 0, 2), "reps": I64(2, 1), "one": I64(3), "parts": I64(1, 3)}]),
    ("index tuples of open length", """g (float[a,b] X, int64[n,k] at, float[n,m] U) => (float[p,q] Y) { Y = ScatterND(X, at, U) }""",
     [{"X": (4, 5), "at": np.array([[2], [0]], np.int64), "U": (2, 5)}]),
    ("ranks that the model declares", """g (float[a,b] X, int64[k] shape, int64[m] axes, int64[n] up) => (float[p,q,r] Y, float[s] S, float[t,u,v] U) {
        Y = Reshape(X, shape) S = ReduceSum <keepdims = 0> (X, axes) U = Unsqueeze(X, up) }""",
     [{"X": (2, 6), "shape": I64(2, 3, -1), "axes": I64(1), "up": I64(0)}, {"X": (4, 2), "shape": I64(-1, 1, 2), "axes": I64(0), "up": I64(-1)}]),
    ("a shape that may be shorter than the rank", """g (float[a,b] X, int64[k] shape) => (float[p,q] Y) { Y = Expand(X, shape) }""",
     [{"X": (1, 3), "shape": I64(4, 1)}, {"X": (4, 1), "shape": I64(3)}, {"X": (4, 3), "shape": I64()}]),
    ("tuples as long as the declared rank says", """g (float[a,b,c] X, int64[n,k] at) => (float[p,q] Y) { Y = GatherND(X, at) }""",
     [{"X": (2, 3, 4), "at": np.array([[1, 2], [0, 0], [1, 0]], np.int64)}]),
    ("a rank that only outputs behind it tell", """g (float[a,b,c] X, int64[k] axes) => (float[p,q] Y) {
        T = Mul(X, X) S = ReduceSum <keepdims = 0> (T, axes) Y = Sqrt(S) }""",
     [{"X": (2, 3, 4), "axes": I64(1)}, {"X": (2, 3, 4), "axes": I64(-1)}]),
    # Weights whose sizes are open.
    ("convolution by open weights", """g (float[a,b,h,w] X, float[m,c,i,j] W, float[n] B) => (float[p,q,r,s] Y, float[t,u,v,x] Z) {
        Y = Conv <pads = [1, 0, 2, 1], strides = [2, 1], dilations = [1, 2]> (X, W, B)
        Z = Conv <auto_pad = "SAME_LOWER", strides = [2, 3]> (X, W) }""",
     [{"X": (2, 3, 9, 10), "W": (4, 3, 3, 2), "B": (4,)}, {"X": (1, 1, 5, 6), "W": (2, 1, 1, 3), "B": (2,)}]),
    ("convolution in groups of open size", """g (float[a,b,h,w] X, float[m,c,i,j] W) => (float[p,q,r,s] Y) { Y = Conv <group = 2> (X, W) }""",
     [{"X": (2, 4, 6, 5), "W": (6, 2, 3, 2)}, {"X": (1, 2, 4, 4), "W": (2, 1, 2, 4)}]),
    ("transposed convolution by open weights", """g (float[a,b,h,w] X, float[m,c,i,j] W, float[n] B) => (float[p,q,r,s] Y, float[t,u,v,x] Z) {
        Y = ConvTranspose <pads = [1, 0, 0, 1], strides = [2, 3], output_padding = [1, 2], group = 2> (X, W, B)
        Z = ConvTranspose <dilations = [2, 1], output_shape = [8, 7]> (X, W) }""",
     [{"X": (2, 4, 5, 6), "W": (4, 3, 3, 2), "B": (6,)}]),
    ("transposed convolution to a shape over an open size", """g (float[a,2,h,w] X) => (float[p,q,r,s] Y) <float[2,1,2,2] W = {1, 2, 3, 4, 5, 6, 7, 8}> {
        Y = ConvTranspose <output_shape = [9, 8], strides = [2, 2]> (X, W) }""",
     [{"X": (1, 2, 4, 4)}, {"X": (2, 2, 5, 4)}]),
    ("integer convolution by open weights", """g (uint8[a,b,h,w] X, uint8[m,c,i,j] W, uint8 z) => (int32[p,q,r,s] Y) { Y = ConvInteger <pads = [1, 1, 1, 1]> (X, W, z) }""",
     [{"X": np.arange(32, dtype=np.uint8).reshape(1, 2, 4, 4), "W": np.arange(36, dtype=np.uint8).reshape(2, 2, 3, 3), "z": np.array(3, np.uint8)}]),
    ("transform of real or complex numbers", """g (float[a,b,c] X) => (float[p,q,r] Y) { Y = DFT <axis = 1> (X) }""",
     [{"X": (2, 4, 1)}, {"X": (3, 2, 2)}]),
    ("parts of open number", """g (float[a,b] X, int64[k] sizes, int64 at) => (float[p,q] Y, int64 n) {
        S = SplitToSequence <axis = 1> (X, sizes) Y = SequenceAt(S, at) n = SequenceLength(S) }""",
     [{"X": (3, 7), "sizes": I64(2, 5), "at": np.array(1, np.int64)}, {"X": (2, 7), "sizes": I64(3, 0, 1, 3), "at": np.array(2, np.int64)}]),
    ("rank by the length of axes!", """g (float[a,b,c] X, int64[k] axes) => (float Y) { Y = ReduceSum <keepdims = 0> (X, axes) }""",
     "axes 'axes' has a length that only a run knows"),
]


def arrays(inputs, rng):
    return {k: v if isinstance(v, np.ndarray) else rng.standard_normal(v).astype(np.float32) for k, v in inputs.items()}


def main():
    checks, rng = e2e.Checks(), np.random.default_rng(3)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    chosen = [c for c in CASES if len(sys.argv) < 2 or sys.argv[1] in c[0]]
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        for name, text, sets in chosen:
            model = onnx.parser.parse_model(f'<ir_version: 9, opset_import: ["" : 18]> {text}')
            onnx.save(model, scratch / "m.onnx")
            done = e2e.wick("compile", scratch / "m.onnx", "-o", scratch / "m.wick", "--target", e2e.TARGET, "--quiet")
            if name.endswith("!"):
                checks.that(done.returncode == 3 and sets in done.stderr, f"{name}: exit {done.returncode}: {done.stderr}")
                continue
            if not checks.that(done.returncode == 0, f"{name}: exit {done.returncode}: {done.stderr}"):
                continue
            oracle = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
            for inputs in sets:
                inputs = arrays(inputs, rng)
                label = f"{name} {[v.shape for v in inputs.values()]}"
                np.savez(scratch / "in.npz", **inputs)
                done = e2e.wick("run", scratch / "m.wick", "--input", scratch / "in.npz", "--output", scratch / "out.npz", "--quiet")
                if not checks.that(done.returncode == 0, f"{label}: exit {done.returncode}: {done.stderr}"):
                    continue
                with np.load(scratch / "out.npz") as out:
                    for output, want in zip(model.graph.output, oracle.run(None, inputs)):
                        got = out[output.name]
                        checks.that(got.shape == want.shape and np.allclose(got, want, 1e-4, 1e-6, equal_nan=True),
                                    f"{label}: {output.name} is\n{got}, expected\n{want}")
    checks.end()


if __name__ == "__main__":
    main()
