#!/usr/bin/env python3
"""What changing sizes costs: time of a run at a size never seen before over the steady time at that size, and memory.

    shapes.py model.wick --input 'ids=i8:{b}x{s}' --input 'mask=i8:{b}x{s}' --dim b=1..4 --dim s=1..256
              [--new 100] [--soak 10000] [--seed 1] [--json F]

An input's form is DTYPE:DIMS with dims that are numbers or named ranges; integers are drawn below --below (2). For each
of --new random sizes the first run is timed and then nine more at the same size; the ratio is first over the median of
those. Then the largest size runs once, --soak random sizes run, and the session's arena and the process's peak memory
must not have grown. Ratios only: absolute times differ between machines.
"""
import argparse
import json
import math
import random
import re
import resource
import statistics
import sys
import time
from pathlib import Path

import numpy as np

HOME = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(HOME / "test" / "bench"), str(HOME / "tools" / "dev")]
import ctypes  # noqa: E402

import devlib  # noqa: E402
import libwick  # noqa: E402


class Stats(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_uint32), ("workers", ctypes.c_uint32)] + \
               [(n, ctypes.c_uint64) for n in ("runs", "plans", "arena_bytes", "arena_capacity", "arena_growths", "kernel_calls", "tasks")]


def stats(session):
    value = libwick.make(Stats)
    session.lib.wick_session_stats(session.handle, ctypes.byref(value))
    return value


class Inputs:
    def __init__(self, forms, dims, below, seed):
        self.forms = [re.fullmatch(r"(?:[^=]*=)?(\w+):(.*)", f).groups() for f in forms]
        self.dims = {n: tuple(map(int, r.split(".."))) for n, r in (d.split("=") for d in dims)}
        self.below, self.random, self.rng = below, random.Random(seed), np.random.default_rng(seed)

    def sizes(self):
        return {n: self.random.randint(lo, hi) for n, (lo, hi) in self.dims.items()}

    def largest(self):
        return {n: hi for n, (lo, hi) in self.dims.items()}

    def make(self, sizes):
        arrays = []
        for dtype, dims in self.forms:
            shape = [int(d) for d in dims.format(**sizes).split("x") if d]
            kind = np.dtype(dtype)
            arrays.append(self.rng.standard_normal(shape).astype(kind) if kind.kind == "f" else self.rng.integers(0, self.below, shape, kind))
        return arrays


def timed(session):
    begin = time.perf_counter_ns()
    session.run()
    return time.perf_counter_ns() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--input", action="append", default=[])
    parser.add_argument("--dim", action="append", default=[])
    parser.add_argument("--below", type=int, default=2)
    parser.add_argument("--new", type=int, default=100)
    parser.add_argument("--soak", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most", type=float, default=1.2, help="largest median ratio that passes")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    inputs = Inputs(options.input, options.dim, options.below, options.seed)
    session = libwick.Session(libwick.Model(devlib.build_dir() / "lib" / "libwick.so", options.model))
    session.bind(inputs.make(inputs.largest()))
    session.run()  # pages and caches are warm; the arena has its final size

    ratios, seen = [], {tuple(inputs.largest().values())}
    there_are = math.prod(hi - lo + 1 for lo, hi in inputs.dims.values()) - 1
    while len(ratios) < min(options.new, there_are):
        sizes = inputs.sizes()
        if tuple(sizes.values()) in seen:
            continue
        seen.add(tuple(sizes.values()))
        session.bind(inputs.make(sizes))
        first = timed(session)
        ratios.append(first / statistics.median(timed(session) for _ in range(9)))
    median = statistics.median(ratios)
    print(f"shapes: a new size costs {median:.3f} x the steady time (median of {len(ratios)}; 90 % below {sorted(ratios)[len(ratios) * 9 // 10]:.3f})")

    before, peak = stats(session), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(options.soak):
        session.bind(inputs.make(inputs.sizes()))
        session.run()
    after, grown = stats(session), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
    print(f"shapes: {options.soak} random sizes, arena {before.arena_capacity} -> {after.arena_capacity} bytes, "
          f"{after.arena_growths - before.arena_growths} growths, peak memory +{grown} KiB")
    failed = median > options.most or after.arena_capacity != before.arena_capacity
    if options.json:
        options.json.write_text(json.dumps({"median": median, "growths": after.arena_growths - before.arena_growths, "grown_kib": grown}))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
