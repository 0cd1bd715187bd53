"""What the scripts in tools/dev share: paths, the tests' Python, timing.

Only the standard library is imported here, so that the checks that need no
Python package run anywhere. A script that needs numpy or onnx calls
need_venv() before it imports them.
"""
import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("WICK_CACHE", Path.home() / ".cache" / "wick"))
VENV_PYTHON = CACHE / "venv" / "bin" / "python"
TORCH_PYTHON = CACHE / "torch-venv" / "bin" / "python"      # tools/dev/setup --torch
SHARED = ROOT.parent / "shared"          # test data too large for the repository; may be absent
CASES = SHARED / "models" / "cases"
MODELS = CACHE / "models"


def build_dir(preset="release"):
    """The build tree: $WICK_BUILD_DIR, else build/<preset>."""
    return Path(os.environ.get("WICK_BUILD_DIR", ROOT / "build" / preset))


def wick(tool="wick"):
    """Path of a built tool; ends the script with a hint when it is not there."""
    path = build_dir() / "bin" / tool
    if not path.exists():
        print(f"{path} is not built: cmake --preset release && cmake --build --preset release", file=sys.stderr)
        sys.exit(2)
    return path


def need_venv():
    """Runs this script again under the tests' Python unless it already is."""
    if not VENV_PYTHON.exists():
        print(f"the Python environment {VENV_PYTHON.parent.parent} is absent: tools/dev/setup makes it", file=sys.stderr)
        sys.exit(2)
    if Path(sys.prefix) != VENV_PYTHON.parent.parent:
        os.execv(VENV_PYTHON, [str(VENV_PYTHON), *sys.argv])


def need_torch():
    """Runs this script again under the Python of `setup --torch` unless its own has torch and torchvision."""
    if all(importlib.util.find_spec(name) for name in ("torch", "torchvision")):
        return
    if not TORCH_PYTHON.exists() or Path(sys.prefix) == TORCH_PYTHON.parent.parent:
        print(f"{TORCH_PYTHON.parent.parent} lacks torch or torchvision: tools/dev/setup --torch gets them", file=sys.stderr)
        sys.exit(2)
    os.execv(TORCH_PYTHON, [str(TORCH_PYTHON), *sys.argv])


def sources(*suffixes, under=""):
    """Tracked and new files of the repository with one of these suffixes, ignored ones left out."""
    listed = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", "--", under or "."],
                            cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0:
        paths = [ROOT / line for line in sorted(set(listed.stdout.splitlines()))]
    else:                                # not a checkout: an unpacked archive
        paths = sorted(p for p in (ROOT / under).rglob("*") if not {".git", "build"} & set(p.relative_to(ROOT).parts))
    return [p for p in paths if p.is_file() and (not suffixes or p.suffix in suffixes or p.name in suffixes)]


class Clock:
    """Seconds since it was made, as text."""

    def __init__(self):
        self.start = time.monotonic()

    @property
    def seconds(self):
        return time.monotonic() - self.start

    def __str__(self):
        s = self.seconds
        return f"{s:.1f} s" if s < 100 else f"{s / 60:.1f} min"
