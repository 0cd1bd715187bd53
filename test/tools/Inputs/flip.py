"""flip.py FILE COMMAND...: runs COMMAND COPY on copies of FILE with one bit changed.

Changes about 50 bytes spread over the file, every field of its end, and cuts it
short at a few places. COMMAND must end with status 2 and an error each time.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

data = Path(sys.argv[1]).read_bytes()
places = sorted(set(range(0, len(data), len(data) // 47)) | set(range(len(data) - 22, len(data), 3)))
variants = [(f"byte {at}", data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1:]) for at in places]
variants += [(f"cut at {size}", data[:size]) for size in (1, 21, len(data) // 2, len(data) - 1)]
missed = []
with tempfile.TemporaryDirectory() as scratch:
    copy = Path(scratch) / "copy.wick"
    for label, bytes_ in variants:
        copy.write_bytes(bytes_)
        done = subprocess.run([*sys.argv[2:], copy], capture_output=True, text=True)
        if done.returncode != 2 or "error:" not in done.stderr:
            missed.append(f"{label}: status {done.returncode}")
print(f"{len(variants)} changes, {len(missed)} missed", *missed, sep="\n")
sys.exit(1 if missed else 0)
