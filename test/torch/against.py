# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the runners of this folder share: files that torch wrote beside arrays in0, in1, ... and out0, out1, ... that
torch computed (flattened depth first), a compiled program's run, and when results are the same."""
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "dev"))
import devlib  # noqa: E402

devlib.need_venv()
import numpy as np  # noqa: E402

ARCHIVES = devlib.SHARED / "torchscript" / "archives"
FIXTURES = ROOT / "test" / "torch" / "fixtures"
TOLERANCE = 1e-4     # of an output's largest value


def arrays(path):
    """(inputs, outputs) of an .npz file."""
    with np.load(path) as z:
        return tuple([z[f"{kind}{i}"] for i in range(len(z.files)) if f"{kind}{i}" in z.files] for kind in ("in", "out"))


def run(*command, timeout=300):
    """(exit status, what it said on stderr)."""
    try:
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return 124, f"over {timeout} s"
    lines = [line for line in done.stderr.strip().splitlines() if line.strip()]
    return done.returncode, " | ".join(lines[:6])


def execute(package, inputs, scratch):
    """(outputs by name, None), or (None, what went wrong)."""
    np.savez(scratch / "in.npz", **inputs)
    code, why = run(devlib.wick(), "run", package, "--input", scratch / "in.npz", "--output", scratch / "out.npz")
    if code:
        return None, f"run: exit {code}: {why}"
    with np.load(scratch / "out.npz") as out:
        return {k: out[k] for k in out.files}, None


def differs(got, want, step=0.0):
    """(None or a sentence, worst error in units of the tolerance) of two lists of arrays. Floats may be `step` apart: one
    step of a quantized model's output. All else is equal."""
    worst = 0.0
    if len(got) != len(want):
        return f"{len(got)} outputs, expected {len(want)}", worst
    for i, (g, w) in enumerate(zip(got, want)):
        if w.ndim == 0 and w.dtype.kind == "f":
            g = g.astype(w.dtype)            # Python numbers became float32 when they were stored
        if g.shape != w.shape or g.dtype != w.dtype:
            return f"output {i} is {g.dtype}{list(g.shape)}, expected {w.dtype}{list(w.shape)}", worst
        if not w.size:
            continue
        if w.dtype.kind != "f":
            if not np.array_equal(g, w):
                return f"output {i}: {np.count_nonzero(g != w)} of {w.size} values differ", worst
            continue
        finite = np.isfinite(w)
        if not np.array_equal(finite, np.isfinite(g)):
            return f"output {i}: NaN or Inf at other places", worst
        error = float(np.max(np.abs(g[finite].astype(np.float64) - w[finite]), initial=0))
        bound = max(TOLERANCE * float(np.max(np.abs(w[finite]), initial=0)) + 1e-7, step * 1.01)
        worst = max(worst, error / bound)
        if worst > 1:
            return f"output {i}: error is {worst:.3g} times the tolerance", worst
    return None, worst
