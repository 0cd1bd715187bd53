"""Writes the ONNX backend suite of the installed `onnx` package to disk, once.

    export_suite.py SUITE

SUITE/cases/<kind>/<case>/model.onnx           the model, external files beside it
SUITE/cases/<kind>/<case>/set<k>/              inputs in the exchange form (values.py)
SUITE/expected/<kind>/<case>/set<k>/output_<i>.pb, type_<i>.pb   kept apart, so that a program under test cannot see them
SUITE/suite.json                               list of cases with tolerances, op and number of data sets; written last

kinds: node (generated), simple, pytorch-converted, pytorch-operator, light.
Takes about 20 s; the same onnx version gives the same bytes.
"""
import json
import re
import shutil
import sys
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.loader import DATA_DIR, load_model_tests

import values


def official_light_input(model):
    """The official runner's input for the light models: a ramp from 0 to 1."""
    initializers = {i.name for i in model.graph.initializer}
    for info in model.graph.input:
        if info.name not in initializers:
            shape = [d.dim_value if d.HasField("dim_value") else 1 for d in info.type.tensor_type.shape.dim]
            count = int(np.prod(shape))
            yield numpy_helper.from_array((np.arange(count).reshape(shape) / count).astype(np.float32), info.name)


def data_sets(test, kind, model):
    """[(input messages as bytes, output messages as bytes)] of one case."""
    if kind == "node":
        return [([values.to_proto(v, info).SerializeToString(deterministic=True) for v, info in zip(ins, model.graph.input)],
                 [values.to_proto(v, info).SerializeToString(deterministic=True) for v, info in zip(outs, model.graph.output)])
                for ins, outs in test.data_sets]
    if kind == "light":
        base = Path(DATA_DIR) / "light" / f"light_{test.model_name}"
        return [([p.SerializeToString(deterministic=True) for p in official_light_input(model)],
                 [Path(f"{base}_output_{i}.pb").read_bytes() for i in range(len(model.graph.output))])]
    folders = sorted(Path(test.model_dir).glob("test_data_set_*"), key=lambda p: int(p.name.rsplit("_", 1)[1]))
    read = lambda folder, stem: [(folder / f"{stem}_{i}.pb").read_bytes() for i in range(len(list(folder.glob(f"{stem}_*.pb"))))]
    return [(read(f, "input"), read(f, "output")) for f in folders]


def walk(nodes):
    for node in nodes:
        yield node
        for attribute in node.attribute:
            for graph in [attribute.g] if attribute.type == onnx.AttributeProto.GRAPH else attribute.graphs:
                yield from walk(graph.node)


def export(test, kind, root):
    """Writes one case; returns its entry of suite.json."""
    name = f"{kind}/{test.name}"
    folder, expected = root / "cases" / name, root / "expected" / name
    folder.mkdir(parents=True)
    if kind == "node":
        model = test.model
        (folder / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
    else:
        source = Path(DATA_DIR) / "light" / f"light_{test.model_name}.onnx" if kind == "light" else Path(test.model_dir) / "model.onnx"
        shutil.copyfile(source, folder / "model.onnx")
        if kind != "light":
            for extra in Path(test.model_dir).iterdir():
                if extra.is_file() and extra.name not in ("model.onnx", "data.json"):
                    shutil.copyfile(extra, folder / extra.name)
        model = onnx.load(source, load_external_data=False)
    initializers = {i.name for i in model.graph.initializer} | {i.values.name for i in model.graph.sparse_initializer}
    fed = [i for i in model.graph.input if i.name not in initializers]
    sets = data_sets(test, kind, model)
    for k, (inputs, outputs) in enumerate(sets):
        (folder / f"set{k}").mkdir()
        (expected / f"set{k}").mkdir(parents=True)
        infos = fed if len(inputs) <= len(fed) else list(model.graph.input)
        manifest = {"inputs": [], "outputs": [o.name for o in model.graph.output]}
        for i, (raw, info) in enumerate(zip(inputs, infos)):
            entry = values.write(folder / f"set{k}", f"input_{i}", values.from_proto(raw, info.type), info.type)
            (folder / f"set{k}" / f"input_{i}.pb").write_bytes(raw)
            manifest["inputs"].append({**entry, "index": i, "name": info.name, "pb": f"input_{i}.pb"})
        (folder / f"set{k}" / "manifest.json").write_text(json.dumps(manifest))
        for i, (raw, info) in enumerate(zip(outputs, model.graph.output)):
            (expected / f"set{k}" / f"output_{i}.pb").write_bytes(raw)
            (expected / f"set{k}" / f"type_{i}.pb").write_bytes(info.type.SerializeToString(deterministic=True))
    ops = sorted({n.op_type for n in walk(model.graph.node)})
    return name, {"rtol": float(test.rtol), "atol": float(test.atol), "sets": len(sets), "ops": ops, "output_names": [o.name for o in model.graph.output]}


def tolerance(test, kind):
    """data.json beside a case on disk replaces the official defaults."""
    path = Path(test.model_dir or "") / "data.json"
    return json.loads(path.read_text()) if kind not in ("node", "light") and path.exists() else {}


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__)
        return 0 if "-h" in sys.argv or "--help" in sys.argv else 1
    root = Path(sys.argv[1])
    shutil.rmtree(root, ignore_errors=True)
    cases, refused = {}, []
    for kind in ("node", "simple", "pytorch-converted", "pytorch-operator", "real"):
        for test in sorted(load_model_tests(kind=kind), key=lambda t: t.name):
            kind_here = "light" if kind == "real" else kind
            try:
                name, entry = export(test, kind_here, root)
                cases[name] = {**entry, **tolerance(test, kind_here)}
            except Exception as error:                      # the suite itself cannot make this case here
                refused.append(f"{kind_here}/{test.name}: {error!r}")
                shutil.rmtree(root / "cases" / kind_here / test.name, ignore_errors=True)
    base = lambda name: re.sub(r"_expanded(_ver\d+)?$", "", name)
    for name, entry in cases.items():                       # an expanded case is about the op that it expands
        ops = cases.get(base(name), entry)["ops"]
        entry["op"] = "+".join(ops) if len(ops) <= 3 else "(model)"
    (root / "suite.json").write_text(json.dumps({"onnx": onnx.__version__, "cases": cases, "not_exported": refused}, indent=0, sort_keys=True))
    print(f"{len(cases)} cases, {len(refused)} not exported")
    for line in refused:
        print("  " + line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
