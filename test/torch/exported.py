#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles exported programs (.pt2) and compares what they compute with what torch computed.

    test/torch/exported.py                  all programs that have expected outputs beside them: test/torch/fixtures and
                                            ../shared/torchscript/archives
    test/torch/exported.py --fixtures       the committed ones alone
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

from against import ARCHIVES, FIXTURES, arrays, devlib, differs, execute, np, run

DTYPES = {1: np.uint8, 2: np.int8, 3: np.int16, 4: np.int32, 5: np.int64, 6: np.float16, 7: np.float32, 8: np.float64, 12: np.bool_}


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


def check(archive, expected, scratch):
    artifact = scratch / "model.wick"
    code, why = run(devlib.wick(), "compile", archive, "-o", artifact, "--target", "x86-64-v3")
    if code:
        return ("unsupported" if code == 3 else "compile"), why
    names = [i["name"] for i in json.loads(subprocess.check_output([devlib.wick(), "inspect", artifact, "--json"]))["inputs"]]
    given, wanted = arrays(expected)
    feed, user = {}, iter(given)
    for name in names:
        feed[name] = exported_state(archive, name[6:]) if name.startswith("state:") else next(user, None)
        if feed[name] is None:
            return "inputs", f"no value for input {name}"
    got, why = execute(artifact, feed, scratch)
    if why:
        return "run", why
    why, _ = differs([v for k, v in got.items() if not k.startswith("state:")], wanted)
    return ("differs", why) if why else ("match", "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--fixtures", action="store_true")
    parser.add_argument("--dir", type=Path, action="append")
    options = parser.parse_args()
    parts = [p for p in options.only.split(",") if p]
    folders = options.dir or ([FIXTURES] if options.fixtures else [FIXTURES, ARCHIVES])
    chosen = [a for folder in folders for a in sorted(folder.glob("*.pt2")) if expected_of(a).exists()
              and (not parts or any(p in a.name for p in parts))]
    if not chosen:
        print(f"there are no archives in {', '.join(map(str, folders))}")
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
