#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles models of torchvision in every form that PyTorch saves, and compares with what torch computes.

    test/torch/torchvision_models.py                     all models, all forms
    test/torch/torchvision_models.py --only resnet,vit   names that contain one of these
    test/torch/torchvision_models.py --forms pt2         some of trace, script, frozen, pt2, core, open
    test/torch/torchvision_models.py --results FILE      keeps results as JSON there, adding to those of earlier runs
    test/torch/torchvision_models.py --write             also writes docs/pytorch-models.md, of all that is in FILE
    test/torch/torchvision_models.py --fixtures DIR      makes the committed narrow models instead (test/torch/fixtures)
    test/torch/torchvision_models.py --list              what there is

Forms: trace (torch.jit.trace), script (torch.jit.script), frozen (script and torch.jit.freeze), pt2 (torch.export),
core (the same after run_decompositions) and open (sizes left open: a .pt2 with a dynamic batch, or a trace with
--shape; compiled once and run with two sizes). Weights are random with a fixed seed: parameters that torchvision
starts with one value (biases, norms, layer scales, zero heads) get noise, and batch norms the statistics of a few
inputs, so that every weight matters. Floats must lie within 1e-4 of the output's largest value, integers are equal,
and the forms of a model must agree with each other as well. Files are made in a scratch folder and deleted after
each model.

torch and torchvision are not needed to build or to use Wick: `tools/dev/setup --torch` makes an environment with
them, in which this script runs itself again. Exit status: 0 all match, 1 one does not, 2 torch is absent.
"""
import argparse
import contextlib
import copy
import gc
import io
import json
import logging
import subprocess
import sys
import tempfile
import time
import warnings
import zlib
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "dev"))
import devlib  # noqa: E402

devlib.need_torch()
import numpy as np  # noqa: E402
import torch  # noqa: E402
import torchvision  # noqa: E402

FORMS = {"trace": "`torch.jit.trace`", "script": "`torch.jit.script`", "frozen": "script, then `torch.jit.freeze`",
         "pt2": "`torch.export`", "core": "`torch.export`, then `run_decompositions()`", "open": "sizes left open"}
TOLERANCE = 1e-4
PAGE = ROOT / "docs" / "pytorch-models.md"


@dataclass
class Model:
    """A builder of torchvision.models (or a part of it), its arguments, and the sizes of its inputs."""
    name: str
    sizes: tuple = ((1, 3, 64, 64),)
    options: dict = field(default_factory=dict)
    build: str = ""              # where in torchvision.models, by default the name
    listed: bool = False         # takes a list of images
    open: tuple = ()             # other sizes to run the open form with
    route: str = "pt2"           # of the open form


def image(side, batch=1):
    return ((batch, 3, side, side),)


BATCH = {"open": ((3, 3, 64, 64),)}
MODELS = [
    Model("alexnet", **BATCH),
    Model("vgg11_bn"),
    Model("resnet18", open=((2, 3, 80, 48),), route="trace"),
    Model("resnet50", **BATCH),
    Model("resnext50_32x4d"),
    Model("wide_resnet50_2"),
    Model("squeezenet1_0"),
    Model("squeezenet1_1", open=((2, 3, 96, 70),), route="trace"),
    Model("densenet121", **BATCH),
    Model("googlenet", options={"init_weights": False}),
    Model("inception_v3", image(96), {"init_weights": False}),
    Model("mobilenet_v2", **BATCH),
    Model("mobilenet_v3_small", **BATCH),
    Model("mobilenet_v3_large", open=((2, 3, 80, 48),), route="trace"),
    Model("mnasnet0_5"),
    Model("mnasnet1_3"),
    Model("shufflenet_v2_x0_5", **BATCH),
    Model("efficientnet_b0", **BATCH),
    Model("efficientnet_v2_s", image(128)),      # smaller ones lose 1e-3 to torch's own rounding
    Model("regnet_y_400mf", **BATCH),
    Model("regnet_x_400mf"),
    Model("convnext_tiny", **BATCH),
    Model("vit_b_16", image(96), {"image_size": 96}, open=((3, 3, 96, 96),)),
    Model("swin_t", image(96), open=((2, 3, 96, 96),)),
    Model("swin_v2_t", image(96), open=((2, 3, 96, 96),)),
    Model("maxvit_t", image(224)),
    Model("fcn_resnet50", image(64), build="segmentation.fcn_resnet50"),
    Model("deeplabv3_mobilenet_v3_large", image(96), build="segmentation.deeplabv3_mobilenet_v3_large"),
    Model("lraspp_mobilenet_v3_large", image(96), build="segmentation.lraspp_mobilenet_v3_large",
          open=((2, 3, 128, 64),), route="trace"),
    Model("r3d_18", ((1, 3, 8, 56, 56),), build="video.r3d_18", open=((2, 3, 8, 56, 56),)),
    Model("mvit_v2_s", ((1, 3, 16, 224, 224),), build="video.mvit_v2_s"),
    Model("s3d", ((1, 3, 16, 224, 224),), build="video.s3d"),
    Model("raft_small", ((1, 3, 128, 128), (1, 3, 128, 128)), build="optical_flow.raft_small"),
    Model("ssdlite320_mobilenet_v3_large", ((3, 120, 160),), {"num_classes": 5},
          "detection.ssdlite320_mobilenet_v3_large", listed=True),
    Model("fasterrcnn_mobilenet_v3_large_320_fpn", ((3, 120, 160),), {"num_classes": 5},
          "detection.fasterrcnn_mobilenet_v3_large_320_fpn", listed=True),
]


# What --fixtures writes: families of the above with few channels, and in which forms.
NARROW = [
    (Model("n_densenet", image(48), {"growth_rate": 4, "block_config": (2, 2, 2, 2), "num_init_features": 8, "num_classes": 10},
           "DenseNet"), ("script", "core")),
    (Model("n_vit", image(32), {"image_size": 32, "patch_size": 8, "num_layers": 2, "num_heads": 3, "hidden_dim": 24,
                                "mlp_dim": 48, "num_classes": 10}, "VisionTransformer"), ("frozen", "pt2")),
    (Model("n_swin", image(48), {"patch_size": [4, 4], "embed_dim": 12, "depths": [2, 2], "num_heads": [2, 4],
                                 "window_size": [3, 3], "num_classes": 10}, "SwinTransformer"), ("trace",)),
]


#===-- Making models -----------------------------------------------------------===#

def inputs_of(model, sizes=None):
    """Images of noise on a wave, so that places and channels differ."""
    out = []
    for shape in sizes or model.sizes:
        grid = sum(torch.linspace(0, 2 + i, n).reshape([-1 if i == j else 1 for j in range(len(shape))])
                   for i, n in enumerate(shape))
        out.append(torch.sin(3 * grid) + 0.5 * torch.randn(shape))
    return out


def call(model, net, inputs):
    return net(inputs) if model.listed else net(*inputs)


def stir(model, net):
    """Weights and statistics that all matter."""
    norms = [m for m in net.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    with torch.no_grad():
        for p in net.parameters():
            if p.numel() and bool((p == p.flatten()[0]).all()):
                p += 0.1 * torch.randn_like(p)
        for n in norms:
            n.momentum_before, n.momentum = n.momentum, 1.0
            n.train()
        batch = model.sizes * 4 if model.listed else tuple((4, *s[1:]) for s in model.sizes)
        call(model, net, inputs_of(model, batch))
        for n in norms:
            n.momentum = n.momentum_before
            n.eval()
            n.running_var *= 0.7 + 0.6 * torch.rand_like(n.running_var)
            n.running_var += 1e-3
            n.running_mean += 0.1 * n.running_var.sqrt() * torch.randn_like(n.running_mean)


def build(model):
    torch.manual_seed(zlib.crc32(model.name.encode()))
    make = torchvision.models
    for part in (model.build or model.name).split("."):
        make = getattr(make, part)
    backbone = {} if "." not in model.build or "video" in model.build or "flow" in model.build else {"weights_backbone": None}
    weights = {} if isinstance(make, type) else {"weights": None}
    net = make(**weights, **backbone, **model.options).eval()
    stir(model, net)
    return net


def flat(value):
    """Tensors of a result, depth first."""
    if isinstance(value, torch.Tensor):
        return [value.detach().numpy().copy()]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    return [t for p in parts for t in flat(p)]


class Flat(torch.nn.Module):
    """What traces cannot return, lists of dicts, as a tuple."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, images: list[torch.Tensor]):
        return tuple(t for found in self.net(images) for t in found.values())


def save(model, net, form, inputs, path):
    """Writes one form; the arguments of the compiler that belong to it. What torch refuses is raised."""
    if form in ("pt2", "core") or form == "open" and model.route == "pt2":
        dynamic = None
        if form == "open":
            dynamic = tuple({0: torch.export.Dim("batch", min=1, max=64)} for _ in inputs)
            inputs = [torch.cat([x, x]) for x in inputs]
        with torch.no_grad(), contextlib.redirect_stderr(io.StringIO()):   # whole programs, when it gives up
            program = torch.export.export(net, (inputs,) if model.listed else tuple(inputs), dynamic_shapes=dynamic)
            torch.export.save(program.run_decompositions() if form == "core" else program, path)
        return []
    if form in ("trace", "open"):
        saved = torch.jit.trace(Flat(net) if model.listed else net, (inputs,) if model.listed else tuple(inputs), check_trace=False, strict=False)
    else:
        saved = torch.jit.script(net)
        if form == "frozen":
            saved = torch.jit.freeze(saved)
    torch.jit.save(saved, path)
    names = [a.name for a in saved.forward.schema.arguments if a.name != "self"]
    if model.listed:
        names = [f"{names[0]}.{i}" for i in range(len(inputs))]
    shapes = [f"{n}={'x'.join(map(str, x.shape))}" for n, x in zip(names, inputs)]
    if form == "open":
        shapes = [f"{n}=?x3x?x?" for n in names[:len(inputs)]]
    return ["--fresh", *(a for s in shapes for a in ("--shape", s))]  # attributes start as they are in the archive


#===-- Checking ----------------------------------------------------------------===#

def run(*command, limit=1200):
    try:
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return 124, "", f"over {limit} s"
    return done.returncode, done.stdout, done.stderr.strip()


def execute(package, inputs, scratch):
    """Outputs in order; inputs are given in the package's order. A sentence instead when the run fails."""
    code, text, err = run(devlib.wick(), "inspect", package, "--json")
    if code:
        return err
    names = [i["name"] for i in json.loads(text)["inputs"]]
    if len(names) != len(inputs):
        return f"inputs {', '.join(names)}, expected {len(inputs)}"
    np.savez(scratch / "in.npz", **{n: x.numpy() for n, x in zip(names, inputs)})
    code, _, err = run(devlib.wick(), "run", package, "--input", scratch / "in.npz", "--output", scratch / "out.npz")
    if code:
        return f"run: exit {code}: {err}"
    with np.load(scratch / "out.npz") as z:
        return [z[k] for k in z.files if not k.startswith("state:")]


def distance(got, want):
    """The largest error in parts of its output's largest value, or a sentence."""
    if len(got) != len(want):
        return f"{len(got)} outputs, expected {len(want)}"
    if not any(w.size for w in want):
        return "torch gives nothing"
    worst = 0.0
    for i, (g, w) in enumerate(zip(got, want)):
        if g.shape != w.shape or g.dtype != w.dtype:
            return f"output {i} is {g.dtype}{list(g.shape)}, expected {w.dtype}{list(w.shape)}"
        if w.dtype.kind != "f":
            if not np.array_equal(g, w):
                return f"output {i}: {np.count_nonzero(g != w)} of {w.size} integers differ"
        elif w.size:
            if not np.isfinite(w).all():
                return f"output {i} of torch is not finite"
            error, largest = np.abs(g.astype(np.float64) - w).max(), np.abs(w).max()
            if not np.isfinite(g).all() or error > largest + 1e-30:
                return f"output {i}: error {error:.3g}, largest value {largest:.3g}"
            worst = max(worst, float(error / max(largest, 1e-30)))
    return worst


@dataclass
class Cell:
    """What became of one form of one model."""
    status: str                  # match, differs, compile, run, torch (which cannot make the form)
    why: str = ""
    error: float = 0.0           # in parts of the largest value
    seconds: float = 0.0         # of `wick compile`
    outputs: list = None


def check(model, net, form, scratch, options):
    inputs = inputs_of(model)
    path, package = scratch / ("m.pt2" if form in ("pt2", "core") or form == "open" and model.route == "pt2" else "m.pt"), scratch / "m.wick"
    try:
        arguments = save(model, net, form, inputs, path)
    except Exception as e:  # torch's exporters raise what they like
        lines = [line for line in str(e).splitlines() if line.strip()] or [""]
        return Cell("torch", f"{type(e).__name__}: {lines[0][:160]}")
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        (options.keep / f"{model.name}.{form}{path.suffix}").write_bytes(path.read_bytes())
    clock = time.monotonic()
    code, _, err = run(devlib.wick(), "compile", path, "-o", package, "--target", "x86-64-v3", "--strip-graph", *arguments)
    seconds = time.monotonic() - clock
    path.unlink()
    if code:
        return Cell("compile", err.replace(str(path), "model") or f"exit {code}", seconds=seconds)
    worst, first = 0.0, None
    for sizes in (model.sizes,) + ((model.open,) if form == "open" else ()):
        inputs = inputs_of(model, sizes)
        with torch.no_grad():
            want = flat(call(model, net, inputs))
        got = execute(package, inputs, scratch)
        if isinstance(got, str):
            return Cell("run", got, seconds=seconds)
        error = distance(got, want)
        if isinstance(error, str) or error > TOLERANCE:
            return Cell("differs", error if isinstance(error, str) else f"error {error:.2g} of the largest value", seconds=seconds)
        worst, first = max(worst, error), first or (inputs, got)
    return Cell("match", error=worst, seconds=seconds, outputs=first)


def check_model(model, scratch, options):
    """{form: Cell}, and what the forms' outputs differ by at most."""
    net, cells = build(model), {}
    for form in options.forms:
        if form == "open" and not model.open:
            continue
        torch.manual_seed(1)             # the same inputs for every form
        cells[form] = check(model, copy.deepcopy(net), form, scratch, options)
        c = cells[form]
        print(f"  {form:7s} {c.status:8s} {c.seconds:6.1f} s  {f'error {c.error:.2g}' if c.status == 'match' else c.why}", flush=True)
        gc.collect()
    results = [c.outputs[1] for f, c in cells.items() if c.outputs]
    apart = [distance(a, b) for i, a in enumerate(results) for b in results[:i]]
    wrong = next((a for a in apart if isinstance(a, str)), None)
    return cells, wrong or max(apart, default=0.0)


#===-- The page ----------------------------------------------------------------===#

def short(why):
    line = next((line for line in why.splitlines() if line.strip()), "")
    return line.replace("|", "\\|")[:200]


def page(results):
    """docs/pytorch-models.md of {model: {"cells": {form: Cell as a dict}, "apart": number or sentence, ...}}."""
    known = [m for m in MODELS if m.name in results]
    cells = [(m, f, results[m.name]["cells"][f]) for m in known for f in FORMS if f in results[m.name]["cells"]]
    shown = [f for f in FORMS if any(f == k for _, k, _ in cells)]
    made = [c for _, _, c in cells if c["status"] != "torch"]
    good = [c for c in made if c["status"] == "match"]
    versions = results[known[0].name]["versions"]
    out = ["# Models of torchvision", "",
           "<!-- Written by test/torch/torchvision_models.py --write; do not edit. -->", "",
           f"{len(known)} architectures of torchvision {versions['torchvision']} with torch {versions['torch']}, in every form that",
           f"PyTorch saves: {len(good)} of {len(made)} pairs of architecture and form that PyTorch can make give what PyTorch",
           "computes. Each cell has the largest error of all outputs, in parts of the output's largest value (1e-4 is",
           "allowed; integers must be equal), and the seconds that `wick compile --target x86-64-v3` took on a machine",
           "that was doing other work; those above 40 s are models of large weights, which are packed and written (532 MB of",
           "vgg11_bn: 14 of 16 s on a quieter machine). *Apart* is what the outputs of a model's forms differ by among each",
           "other.", "",
           "Weights are random, with parameters that would start at one value and the statistics of batch norms made",
           "such that all of them matter. TorchScript is compiled with `--fresh`. The forms:", "",
           *(f"- **{k}**: {v}" for k, v in FORMS.items()), "",
           "Open is the batch of a `.pt2`, or all but the channels of a trace with `--shape x=?x3x?x?`: one package, run",
           "with two sizes. Empty cells were not tried.", "",
           "| model | input | " + " | ".join(shown) + " | apart |", "|--|--|" + "--|" * (len(shown) + 1)]
    notes = []
    for m in known:
        r, row = results[m.name], []
        for f in shown:
            c = r["cells"].get(f)
            if c and c["status"] != "match":
                notes.append(f"{len(notes) + 1}. {m.name}, {f}: " + ("PyTorch cannot make it: " if c["status"] == "torch" else "") + short(c["why"]))
            row.append("" if not c else f"{c['error']:.0e}, {c['seconds']:.0f} s" if c["status"] == "match"
                       else f"{'-' if c['status'] == 'torch' else '**' + c['status'] + '**'} ({len(notes)})")
        sizes = ", ".join(sorted({"x".join(map(str, s)) for s in m.sizes}))
        apart = r["apart"] if isinstance(r["apart"], str) else f"{r['apart']:.0e}"
        out.append(f"| {m.name} | {sizes} | " + " | ".join(row) + f" | {apart} |")
    out += ["", *notes] if notes else []
    out += ["", "    tools/dev/setup --torch", "    test/torch/torchvision_models.py --results results.json --write", ""]
    return "\n".join(out)


def write_fixtures(folder):
    """Files as test/torch/archives.py and exported.py read them."""
    for model, forms in NARROW:
        net = build(model)
        for form in forms:
            torch.manual_seed(1)
            inputs = inputs_of(model)
            exported = form in ("pt2", "core")
            path = folder / (f"{model.name}.core.pt2" if form == "core" else f"{model.name}.pt2" if exported else f"{model.name}.{form}.pt")
            save(model, copy.deepcopy(net), form, inputs, path)
            with torch.no_grad():
                want = flat(call(model, net, inputs))
            arrays = {f"in{i}": x.numpy() for i, x in enumerate(inputs)} | {f"out{i}": w for i, w in enumerate(want)}
            np.savez_compressed(path.with_name(path.name + ".npz" if exported else path.stem + ".npz"), **arrays)
            print(f"{path.name:28s} {path.stat().st_size:8d} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="parts of names, comma separated")
    parser.add_argument("--forms", default=",".join(FORMS))
    parser.add_argument("--results", type=Path, metavar="FILE")
    parser.add_argument("--fixtures", type=Path, metavar="DIR")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the models' files there")
    options = parser.parse_args()
    options.forms = [f for f in FORMS if f in options.forms.split(",")]
    if options.results is None and options.write:
        parser.error("--write needs --results")
    chosen = [m for m in MODELS if any(part in m.name for part in options.only.split(","))]
    warnings.filterwarnings("ignore")
    logging.disable()
    torch.set_num_threads(1)
    if options.list:
        for m in chosen:
            print(f"{m.name:40s} {', '.join('x'.join(map(str, s)) for s in m.sizes)}")
        return 0
    if options.fixtures:
        write_fixtures(options.fixtures)
        return 0
    results = json.loads(options.results.read_text()) if options.results and options.results.exists() else {}
    bad = 0
    with tempfile.TemporaryDirectory(prefix="wick-torchvision-") as scratch:
        for model in chosen:
            print(model.name, flush=True)
            cells, apart = check_model(model, Path(scratch), options)
            print(f"  apart   {apart if isinstance(apart, str) else f'{apart:.2g}'}", flush=True)
            bad += sum(c.status not in ("match", "torch") for c in cells.values()) + isinstance(apart, str)
            r = results.setdefault(model.name, {"cells": {}})
            r["versions"] = {"torch": torch.__version__.split("+")[0], "torchvision": torchvision.__version__.split("+")[0]}
            r["apart"] = apart
            for form, c in cells.items():
                r["cells"][form] = {"status": c.status, "why": c.why, "error": c.error, "seconds": c.seconds}
            if options.results:
                options.results.write_text(json.dumps(results, indent=1))
    if options.write:
        PAGE.write_text(page(results))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
