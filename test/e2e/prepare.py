"""Compiles the models of the end-to-end tests into $WICK_E2E_MODELS, with inputs beside them.

Generated models always; real ones that are in the cache of tools/dev/models. One code slice that every machine of a CI
runs, to save time; what is there and newer than the tool stays.
"""
import json
import os
import shutil
import sys

import e2e
import numpy as np
import onnx

DTYPES = {"f32": np.float32, "f64": np.float64, "i32": np.int32, "i64": np.int64, "u8": np.uint8, "bool": np.bool_, "f16": np.float16}


def inputs(package, arguments):
    """Seeded inputs as `wick inspect` describes them."""
    facts, random = json.loads(e2e.wick("inspect", package, "--json", *arguments).stdout), np.random.default_rng(3)
    arrays = {}
    for value in facts["inputs"]:
        dtype = DTYPES[value["dtype"]]
        arrays[value["name"]] = random.random(value["shape"]).astype(dtype) if dtype in (np.float32, np.float64) else np.ones(value["shape"], dtype)
    return arrays


def prepare(name, source, case=None, arguments=(), options=()):
    package, at = e2e.MODELS / f"{name}.wick", e2e.MODELS / f"{name}.in.npz"
    if package.exists() and at.exists() and package.stat().st_mtime > max(os.stat(e2e.WICK).st_mtime, source.stat().st_mtime):
        return True
    done = e2e.wick("compile", source, "-o", package, "--target", e2e.TARGET, "--quiet", *options, timeout=300)
    if done.returncode:
        print(f"FAILED: {name}: exit {done.returncode}: {done.stderr}")
        return False
    if case and case.exists():
        shutil.copyfile(case, at)
    else:
        np.savez(at, **inputs(package, arguments))
    print(f"{name}: {package.stat().st_size / 1e6:.1f} MB", flush=True)
    return True


def main():
    e2e.MODELS.mkdir(parents=True, exist_ok=True)
    ok = True
    for name, model in (("mlp_small", e2e.mlp(64)), ("mlp_large", e2e.mlp(1024)), ("lstm", e2e.lstm())):
        source = e2e.MODELS / f"{name}.onnx"
        text = model.SerializeToString()
        if not source.exists() or source.read_bytes() != text:
            source.write_bytes(text)
        ok &= prepare(name, source, arguments=["--dim", "N=4"] if name != "lstm" else ["--dim", "T=7"])
    # With programs for certain sizes; its inputs take one of them.
    ok &= prepare("variants", e2e.MODELS / "mlp_small.onnx", arguments=["--dim", "N=4"], options=["--specialize", "N=1,4"])
    for name, (path, arguments) in e2e.REAL.items():
        source = e2e.CACHE / f"{path}.onnx"
        if source.exists():
            ok &= prepare(name, source, e2e.CASES / f"{path}.case0.in.npz", arguments)
        else:
            print(f"{name}: absent, tools/dev/models --fetch-only gets it")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
