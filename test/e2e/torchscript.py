"""TorchScript archives cost what ONNX files cost: memory of a compile and of a run, from the models of tools/dev/models.

A compile takes the weights and 1 GB at most; a small network (MTCNN's first) runs in a process of 20 MB, libraries,
code, weights and activations together.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

import e2e
import numpy as np

TRACED = e2e.CACHE / "derived" / "minilm_traced.pt"
PNET = e2e.CASES.parent / "derived" / "mtcnn_pnet_traced.pt"
# A process inherits its parent's peak through exec, so a bare Python starts it: 10 MB, not numpy's 40.
MEASURE = "import os,sys; p=os.posix_spawn(sys.argv[1],sys.argv[1:],os.environ); _,s,u=os.wait4(p,0); print(os.waitstatus_to_exitcode(s),u.ru_maxrss)"


def peak(checks, *command):
    """Bytes at most resident in the process of a command, which must succeed."""
    done = e2e.run(sys.executable, "-I", "-S", "-E", "-c", MEASURE, *command, timeout=300)
    status, kilobytes = done.stdout.split()[-2:]
    checks.that(status == "0", f"{command[0]}: exit {status}: {done.stderr}")
    return int(kilobytes) * 1024


def main():
    present = [path for path in (TRACED, PNET) if path.exists()]
    if not present:
        print("skipped: neither model is here (tools/dev/models --list torch --fetch-only)")
        return e2e.SKIP
    checks = e2e.Checks()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        if TRACED in present:
            open_dims = [f"--shape={n}=batchxseq:i64" for n in ("input_ids", "attention_mask")]
            used = peak(checks, e2e.WICK, "compile", TRACED, "-o", scratch / "minilm.wick", "--target", e2e.TARGET, "--quiet", *open_dims)
            print(f"compile: {TRACED.stat().st_size / 1e6:.1f} MB of weights, peak {used / 1e6:.0f} MB")
            checks.that(used <= TRACED.stat().st_size + 1e9, f"a compile takes {used} bytes, above weights + 1 GB")
        if PNET in present:
            done = e2e.wick("compile", PNET, "-o", scratch / "pnet.wick", "--shape", "x=?x3x?x?", "--target", e2e.TARGET, "--quiet")
            checks.that(done.returncode == 0, f"compile: {done.stderr}")
            np.savez(scratch / "x.npz", x=np.random.default_rng(1).random((1, 3, 90, 120), np.float32))
            used = peak(checks, Path(e2e.WICK).with_name("wick-run"), scratch / "pnet.wick", "--input", scratch / "x.npz", "--output", scratch / "y.npz")
            print(f"run: peak {used / 1e6:.1f} MB")
            checks.that(used <= 20e6, f"a run takes {used} bytes, above 20 MB")
            with np.load(scratch / "y.npz") as y:
                checks.that([y[k].shape for k in y.files] == [(1, 4, 40, 55), (1, 2, 40, 55)], "the outputs' shapes differ")
    checks.end()


if __name__ == "__main__":
    sys.exit(main())
