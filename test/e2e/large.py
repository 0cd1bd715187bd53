"""A model over 2 GB with external data: compiles within weights + 2 GB of memory, and runs right.

Needs 6 GB of disk in the system's temporary folder and 5 GB of memory; skipped where those are not there.
"""
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import e2e
import numpy as np
import onnx
from onnx import TensorProto, helper

ROWS, COLUMNS, LAYERS = 16384, 12288, 3    # 805 MB a weight, 2.4 GB together


def model(folder):
    """x [1, ROWS] through LAYERS matmuls with different weights, summed; weights in one file beside the model."""
    block = np.random.default_rng(5).standard_normal((256, COLUMNS)).astype(np.float32) / 128
    weights, nodes = [], []
    with open(folder / "weights.bin", "wb") as data:
        for layer in range(LAYERS):
            tensor = TensorProto(name=f"w{layer}", data_type=TensorProto.FLOAT, dims=[ROWS, COLUMNS], data_location=TensorProto.EXTERNAL)
            for key, value in (("location", "weights.bin"), ("offset", data.tell()), ("length", ROWS * COLUMNS * 4)):
                tensor.external_data.add(key=key, value=str(value))
            for k in range(ROWS // 256):
                (block * (1 + (layer + k) % 7)).tofile(data)
            weights.append(tensor)
            nodes.append(helper.make_node("MatMul", ["x", f"w{layer}"], [f"y{layer}"], f"matmul{layer}"))
    nodes.append(helper.make_node("Sum", [f"y{layer}" for layer in range(LAYERS)], ["y"], "sum"))
    io = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, size]) for n, size in (("x", ROWS), ("y", COLUMNS))]
    graph = helper.make_graph(nodes, "large", io[:1], io[1:], weights)
    (folder / "large.onnx").write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString())
    x = np.random.default_rng(6).standard_normal((1, ROWS)).astype(np.float32)
    want = sum(x[:, k * 256:(k + 1) * 256].astype(np.float64) @ block * (1 + (layer + k) % 7) for layer in range(LAYERS) for k in range(ROWS // 256))
    return x, want


def main():
    free = shutil.disk_usage(tempfile.gettempdir()).free
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    if free < 7e9 or memory < 6e9:
        print(f"skipped: {free / 1e9:.1f} GB of disk and {memory / 1e9:.1f} GB of memory are free")
        return e2e.SKIP
    checks = e2e.Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        x, want = model(folder)
        process = subprocess.run([e2e.WICK, "compile", folder / "large.onnx", "-o", folder / "large.wick", "--target", e2e.TARGET, "--quiet"],
                                 capture_output=True, text=True)
        checks.that(process.returncode == 0, f"compile: {process.stderr}")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
        weights = ROWS * COLUMNS * 4 * LAYERS
        print(f"weights {weights / 1e9:.2f} GB, peak memory {peak / 1e9:.2f} GB")
        checks.that(peak <= weights + 2e9, f"peak memory {peak} above weights + 2 GB")
        if process.returncode == 0:
            np.save(folder / "x.npy", x)
            ran = e2e.wick("run", folder / "large.wick", "--input", f"x={folder / 'x.npy'}", "--output", folder / "y.npz")
            checks.that(ran.returncode == 0, f"run: {ran.stderr}")
            if ran.returncode == 0:
                got = np.load(folder / "y.npz")["y"]
                checks.that(np.abs(got - want).max() <= 1e-4 * np.abs(want).max(), "the result differs from numpy's")
    checks.end()


if __name__ == "__main__":
    sys.exit(main())
