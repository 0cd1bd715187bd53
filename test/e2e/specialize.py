"""Packages with programs for certain sizes (`wick compile --specialize`): the sizes choose the program, whose results are
those of a model compiled with `--dim`, bit for bit; weights are
stored once; memory stays after the largest was seen."""
import json
import os
import sys
import tempfile
from pathlib import Path

import e2e
import numpy as np
from prepare import DTYPES

sys.path.insert(0, str(e2e.ROOT / "test" / "bench"))
import libwick  # noqa: E402

LIBRARY = Path(os.environ.get("WICK_LIBRARY", Path(e2e.WICK).resolve().parents[1] / "lib" / "libwick.so"))
#Dims to specialize with their values; dims for the general program; tensors that variants need beside the others.
MODELS = {
    "mlp_small": ({"N": [1, 8]}, {"N": 3}, 0),
    "lstm": ({"T": [4, 9]}, {"T": 5}, 2),  # the output of Shape is a constant
    "minilm_fp32": ({"batch": [1, 2], "seq": [16]}, {"batch": 1, "seq": 17}, 3),  # rows of the table of positions
}


def facts(package):
    return json.loads(e2e.wick("inspect", package, "--json").stdout)


def compiled(checks, source, package, *options):
    done = e2e.wick("compile", source, "-o", package, "--target", e2e.TARGET, "--quiet", *options, timeout=400)
    checks.that(done.returncode == 0, f"{package.name}: exit {done.returncode}: {done.stderr}")
    return package


def inputs(package, dims, seed):
    random, arrays = np.random.default_rng(seed), []
    for value in package["inputs"]:
        shape, dtype = [dims.get(d, d) for d in value["dims"]], np.dtype(DTYPES[value["dtype"]])
        arrays.append(random.standard_normal(shape).astype(dtype) if dtype.kind == "f" else random.integers(0, 2, shape).astype(dtype))
    return arrays


def results(session, arrays):
    session.bind(arrays)
    session.run()
    return [np.array(a) for a in session.outputs()]


def same(a, b):
    return all(x.shape == y.shape and x.tobytes() == y.tobytes() for x, y in zip(a, b))


def combinations(dims):
    sets = [{}]
    for name, values in dims.items():
        sets = [{
  **s, name : v} for s in sets for v in values]
    return sets


def check(checks, scratch, name, source, dims, other, extra):
    options = [o for d, values in dims.items() for o in ("--specialize", f"{d}={','.join(map(str, values))}")]
    special, general = compiled(checks, source, scratch / f"{name}.wick", *options), compiled(checks, source, scratch / f"{name}-general.wick")
    about, plain = facts(special), facts(general)
    wanted = combinations(dims)
    checks.that([v["dims"] for v in about["variants"]] == wanted, f"{name}: variants {[v['dims'] for v in about['variants']]}")
    grown = about["weights"]["tensors"] - plain["weights"]["tensors"]
    checks.that(grown <= extra, f"{name}: {grown} more tensors")
    bytes_more = about["weights"]["bytes"] - plain["weights"]["bytes"]
    checks.that(bytes_more <= max(128, plain["weights"]["bytes"] // 50), f"{name}: weights take {bytes_more} bytes more")
    session, usual = (libwick.Session(libwick.Model(LIBRARY, p)) for p in (special, general))
    cases = [(i + 1, d) for i, d in enumerate(wanted)] + [(0, other)]
    expected, growths = {}, 0
    for variant, sizes in cases:
        arrays = inputs(plain, sizes, variant)
        fixed = usual
        if variant:
            package = compiled(checks, source, scratch / "fixed.wick", *(o for d, v in sizes.items() for o in ("--dim", f"{d}={v}")))
            fixed = libwick.Session(libwick.Model(LIBRARY, package))
        expected[variant] = arrays, results(fixed, arrays)
        near = results(usual, arrays)
        got = results(session, arrays)
        checks.that(session.stats().variant == variant, f"{name} {sizes}: variant {session.stats().variant} ran")
        checks.that(same(got, expected[variant][1]), f"{name} {sizes}: not what --dim gives")
        checks.that(all(np.allclose(a, b, rtol=1e-4, atol=1e-5) for a, b in zip(got, near)), f"{name} {sizes}: far from the general program")
    growths, plans = session.stats().arena_growths, session.stats().plans
    for _ in range(3):
        for variant, _ in cases:
            checks.that(same(results(session, expected[variant][0]), expected[variant][1]), f"{name}: variant {variant} differs when run again")
    checks.that(session.stats().arena_growths == growths, f"{name}: the arena grew")
    checks.that(session.stats().plans == plans, f"{name}: sizes that have a program of their own were planned again")
    again = compiled(checks, source, scratch / f"{name}-again.wick", *options, "--threads", "1")
    checks.that(again.read_bytes() == special.read_bytes(), f"{name}: two compilations differ")
    print(f"{name}: {len(wanted)} variants, {special.stat().st_size - general.stat().st_size} bytes more", flush=True)


def main():
    checks = e2e.Checks()
    with tempfile.TemporaryDirectory() as scratch:
        for name, (dims, other, extra) in MODELS.items():
            source = e2e.CACHE / f"{e2e.REAL[name][0]}.onnx" if name in e2e.REAL else e2e.MODELS / f"{name}.onnx"
            if source.exists():
                check(checks, Path(scratch), name, source, dims, other, extra)
    checks.end()


if __name__ == "__main__":
    main() if LIBRARY.exists() else sys.exit(e2e.SKIP)
