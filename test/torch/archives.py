#!/usr/bin/env python3
"""Compiles TorchScript archives and compares what they compute with torch's own outputs.

    test/torch/archives.py                     ../shared/torchscript/archives and test/torch/fixtures
    test/torch/archives.py --only gpt,lstm     names that contain one of these
    test/torch/archives.py --fixtures          the committed fixtures alone
    test/torch/archives.py --silero MODEL.jit  silero-vad: three chunks with its state, against silero_vad.npz

An archive NAME.pt stands beside NAME.npz with in0.. and out0.. (flattened depth first, numbers as tensors). Input
names come from the archive's code, sizes from in*. Floats must lie within 1e-4 of the output's largest value,
quantized models within one step of their last scale, everything else is equal. keyword_attr_bad has an attribute
named `class`, which torch's own reader refuses (and ours without an option): its outputs are torch's for a copy in
which that is renamed.
Exit status: 0 all match, 1 not.
"""
import argparse
import pickletools
import re
import sys
import tempfile
import zipfile
from pathlib import Path

from against import ARCHIVES, FIXTURES, arrays, devlib, differs, execute, np, run

# What archives do not tell.
OPTIONS = {"qdyn_mlp_qnnpack": ["--quantized-engine", "qnnpack"], "keyword_attr_bad": ["--accept-keyword-names"]}
SHORT = {"float32": "f32", "float64": "f64", "float16": "f16", "int64": "i64", "int32": "i32", "int16": "i16",
         "int8": "i8", "uint8": "u8", "bool": "bool"}


def parameters(path, method="forward"):
    """[(name, type)] of a method of the archive's root class, `self` left out."""
    with zipfile.ZipFile(path) as z:
        top = z.namelist()[0].split("/")[0]
        ops = pickletools.genops(z.read(f"{top}/data.pkl"))
        module, cls = next(arg for op, arg, _ in ops if op.name == "GLOBAL").split(" ")
        code = z.read(f"{top}/code/{module.replace('.', '/')}.py").decode()
    body = code[re.search(rf"^class {cls}\b", code, re.M).start():]
    text = re.search(rf"^  def {method}\((.*?)\) -> ", body, re.M | re.S).group(1)
    parts, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += (c in "[(") - (c in "])")
        if c == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    parts.append(text[start:])
    out = []
    for part in parts[1:]:
        name, _, rest = part.strip().partition(":")
        out.append((name.strip(), rest.split("=")[0].strip()))
    return out


def leaves(name, kind, count):
    """Names of the tensors of a parameter that takes `count` arrays at most."""
    if kind.startswith("Optional["):
        kind = kind[9:-1]
    if kind == "Tensor":
        return [name][:count]
    if kind.startswith("List[Tuple[Tensor, Tensor]]"):
        return [f"{name}.{i}.{k}" for i in range(count // 2) for k in range(2)]
    if kind.startswith("List[Tensor]"):
        return [f"{name}.{i}" for i in range(count)]
    if kind.startswith("Tuple["):
        return [f"{name}.{i}" for i in range(min(count, kind.count("Tensor")))]
    return []


def quantum(name, outputs):
    """One step of a quantized model's output: its values are multiples of it."""
    if not name.startswith(("qstatic", "qfx", "qres", "qmob")):
        return 0.0
    values = np.unique(np.concatenate([a.ravel() for a in outputs if a.dtype.kind == "f"]))
    gaps = np.diff(values)
    return float(gaps[gaps > 1e-6].min()) if (gaps > 1e-6).any() else 0.0


def compile_archive(path, package, inputs, extra=(), target="x86-64-v3"):
    shapes = [f"{n}={'x'.join(map(str, a.shape))}:{SHORT[str(a.dtype)]}" for n, a in inputs.items()]
    return run(devlib.wick(), "compile", path, "-o", package, "--target", target, "--strip-graph", *extra,
               *[x for s in shapes for x in ("--shape", s)])


def check(path, scratch, options):
    """(status, sentence)."""
    npz = path.with_name(path.name.removesuffix(".pt") + ".npz")
    if not npz.exists():
        return "reference", f"there is no {npz.name}"
    ins, ref = arrays(npz)
    names = []
    for name, kind in parameters(path):
        names += leaves(name, kind, len(ins) - len(names))
    if len(names) < len(ins):
        return "inputs", f"{len(ins)} arrays for {names}"
    inputs = dict(zip(names, ins))
    package = scratch / "a.wick"
    told = [option for part, given in OPTIONS.items() if part in path.name for option in given]
    code, why = compile_archive(path, package, inputs, ["--fresh", *told], options.target)
    if code:
        return ("unsupported" if code == 3 else "compile"), f"exit {code}: {why}"
    got, why = execute(package, inputs, scratch)
    if why:
        return "run", why
    why, worst = differs([v for k, v in got.items() if not k.startswith("state:")], ref, quantum(path.name, ref))
    return ("differs", why) if why else ("match", f"error {worst:.2g}")


def silero(model, scratch, options):
    """The stateful detector: the first chunk from its fresh state, later ones with what came out."""
    with np.load(ARCHIVES / "silero_vad.npz") as z:
        stored = {k: z[k] for k in z.files}
    for rate, chunks in ((16000, [(stored[f"in{i}"], stored[f"out{i}"]) for i in range(3)]),
                         (8000, [(stored["in_8k"], stored["out_8k"])])):
        fresh, later = scratch / "fresh.wick", scratch / "later.wick"
        for package, extra in ((fresh, ["--fresh"]), (later, [])):
            code, why = compile_archive(model, package, {"x": chunks[0][0]}, ["--set", f"sr={rate}", *extra], options.target)
            if code:
                return "compile", f"exit {code}: {why}"
        state = {}
        for n, (x, ref) in enumerate(chunks):
            got, why = execute(later if n else fresh, {"x": x, **state}, scratch)
            if why:
                return "run", f"chunk {n} at {rate} Hz: {why}"
            state = {k: v for k, v in got.items() if k.startswith("state:")}
            why, _ = differs([v for k, v in got.items() if k not in state], [ref], 0)
            if why:
                return "differs", f"chunk {n} at {rate} Hz: {why}"
    return "match", "three chunks at 16 kHz, one at 8 kHz"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--fixtures", action="store_true")
    parser.add_argument("--silero", type=Path)
    parser.add_argument("--target", default="x86-64-v3")
    options = parser.parse_args()
    devlib.wick()
    paths = sorted(FIXTURES.glob("*.pt"))
    if not options.fixtures and ARCHIVES.exists():
        known = {p.name for p in paths}
        paths += [p for p in sorted(ARCHIVES.glob("*.pt")) if p.name not in known]
    paths = [p for p in paths if any(part in p.name for part in options.only.split(","))]
    results = {}
    with tempfile.TemporaryDirectory(prefix="wick-torch-") as scratch:
        for path in paths:
            status, why = results[path.name] = check(path, Path(scratch), options)
            print(f"{path.name:32s} {status:11s} {why}", flush=True)
        if options.silero:
            status, why = results["silero_vad"] = silero(options.silero, Path(scratch), options)
            print(f"{'silero_vad':32s} {status:11s} {why}", flush=True)
    good = sum(s == "match" for s, _ in results.values())
    print(f"archives: {good} of {len(results)} match")
    return 0 if good and good == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
