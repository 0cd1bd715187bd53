#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles exported programs (.pt2) and compares what they compute with what torch computed.

    test/torch/exported.py                  all programs that have expected outputs beside them
    test/torch/exported.py --only gru,vit   names that contain one of these

A program NAME.pt2 lies beside NAME.pt2.npz with in0, in1, ... and out0, out1, ..., flattened depth first. Floats must
agree within 1e-4 of the largest value of their output, integers exactly. Inputs `state:...` start with what the file
holds. Exit status: 0 all match, 1 one does not, 2 there are none.
"""
import argparse
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "dev"))
import devlib  # noqa: E402

devlib.need_venv()
import numpy as np  # noqa: E402

ARCHIVES = devlib.SHARED / "torchscript" / "archives"
DTYPES = {1: np.uint8, 2: np.int8, 3: np.int16, 4: np.int32, 5: np.int64, 6: np.float16, 7: np.float32, 8: np.float64, 12: np.bool_}
TOLERANCE = 1e-4


def expected_of(archive):
    return archive.with_name(archive.name + ".npz")


def exported_state(archive, name):
    """A buffer's first value, from a .pt2 file."""
    with zipfile.ZipFile(archive) as z:
        for config in [n for n in z.namelist() if n.endswith("_config.json")]:
            entry = json.loads(z.read(config))["config"].get(name)
            if entry:
                meta = entry["tensor_meta"]
                flat = np.frombuffer(z.read(config.rsplit("/", 1)[0] + "/" + entry["path_name"]), DTYPES[meta["dtype"]])
                sizes, strides = ([s["as_int"] for s in meta[k]] for k in ("sizes", "strides"))
                flat = flat[meta["storage_offset"]["as_int"]:]
                return np.lib.stride_tricks.as_strided(flat, sizes, [s * flat.itemsize for s in strides]).copy()
    raise KeyError(name)


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr.strip()


def differs(got, want):
    if got.dtype != want.dtype or got.shape != want.shape:
        return f"is {got.dtype}{list(got.shape)}, expected {want.dtype}{list(want.shape)}"
    if want.dtype.kind != "f":
        return None if np.array_equal(got, want) else f"{np.count_nonzero(got != want)} of {want.size} values differ"
    finite = np.isfinite(want)
    if not np.array_equal(finite, np.isfinite(got)):
        return "NaN or Inf at other places"
    error = float(np.max(np.abs(got[finite].astype(np.float64) - want[finite]), initial=0))
    largest = float(np.max(np.abs(want[finite]), initial=0))
    return None if error <= TOLERANCE * largest + 1e-7 else f"error {error:.3g}, largest value {largest:.3g}"


def check(archive, expected, scratch):
    artifact, out = scratch / "model.wick", scratch / "out.npz"
    code, _, err = run(devlib.wick(), "compile", archive, "-o", artifact, "--target", "x86-64-v3")
    if code:
        return ("unsupported" if code == 3 else "compile"), err
    code, text, err = run(devlib.wick(), "inspect", artifact, "--json")
    if code:
        return "inspect", err
    names = [i["name"] for i in json.loads(text)["inputs"]]
    with np.load(expected) as z:
        given = [z[f"in{i}"] for i in range(len(z.files)) if f"in{i}" in z.files]
        wanted = [z[f"out{i}"] for i in range(len(z.files)) if f"out{i}" in z.files]
    feed, user = {}, iter(given)
    for name in names:
        feed[name] = exported_state(archive, name[6:]) if name.startswith("state:") else next(user, None)
        if feed[name] is None:
            return "inputs", f"no value for input {name}"
    np.savez(scratch / "in.npz", **feed)
    out.unlink(missing_ok=True)
    code, _, err = run(devlib.wick(), "run", artifact, "--input", scratch / "in.npz", "--output", out)
    if code:
        return "run", err
    with np.load(out) as z:
        got = {k: z[k] for k in z.files if not k.startswith("state:")}
    if len(got) != len(wanted):
        return "differs", f"{len(got)} outputs ({', '.join(got)}), expected {len(wanted)}"
    for (name, g), w in zip(got.items(), wanted):
        why = differs(g, w)
        if why:
            return "differs", f"output {name}: {why}"
    return "match", ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--dir", type=Path, default=ARCHIVES)
    options = parser.parse_args()
    parts = [p for p in options.only.split(",") if p]
    chosen = [a for a in sorted(options.dir.glob("*.pt2")) if expected_of(a).exists()
              and (not parts or any(p in a.name for p in parts))]
    if not chosen:
        print(f"there are no archives in {options.dir}")
        return 2
    matching = 0
    with tempfile.TemporaryDirectory() as scratch:
        for archive in chosen:
            status, why = check(archive, expected_of(archive), Path(scratch))
            matching += status == "match"
            print(f"{archive.name:32} {status:12} {why.splitlines()[0] if why else ''}", flush=True)
    print(f"{matching} of {len(chosen)} match")
    return 0 if matching == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
