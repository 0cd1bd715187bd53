"""Changing sizes: a size never seen costs little over the steady time, and memory stays after the largest was seen."""
import os
import subprocess
import sys
from pathlib import Path

import e2e

SHAPES = e2e.ROOT / "test" / "bench" / "shapes.py"
PACKAGES = {
    "mlp_small": ["--input", "f4:{n}x64", "--dim", "n=1..300", "--most", "3"],  # a run takes microseconds: planning shows
    "minilm_fp32": ["--input", "i8:{b}x{s}", "--input", "i8:{b}x{s}", "--dim", "b=1..4", "--dim", "s=1..48", "--soak", "200"],
}


def main():
    ran = failed = 0
    os.environ["WICK_BUILD_DIR"] = str(Path(e2e.WICK).resolve().parents[1])
    for name, arguments in PACKAGES.items():
        package = e2e.MODELS / f"{name}.wick"
        if package.exists():
            print(name, flush=True)
            ran, failed = ran + 1, failed + bool(subprocess.run([sys.executable, str(SHAPES), str(package), *arguments]).returncode)
    return 77 if not ran else failed


if __name__ == "__main__":
    sys.exit(main())
