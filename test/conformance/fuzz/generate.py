# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes random cases in the layout of the exported backend suite (export_suite.py describes it).

    generate.py OUT --seed S --count N [--start I] [--ops Conv,Resize] [--mode single|graph|mix]

The name of a case is its seed, index and op: the same command writes the same models and inputs. OUT/suite.json comes
last and also has tags (what is odd about the case) and cases on which oracle and reference disagree.
"""
import argparse
import json
import sys
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np  # noqa: E402
from onnx import numpy_helper  # noqa: E402

import values  # noqa: E402
from fuzz.cases import finish  # noqa: E402
from fuzz.draws import OPSETS, Skip  # noqa: E402
from fuzz.models import Run  # noqa: E402

ATTEMPTS = 40           # draws for one index before it is given up


def write(root, name, case):
    folder, expected = root / "cases" / name, root / "expected" / name
    infos = [i for i in case["model"].graph.input if i.name in {n for n, _ in case["sets"][0]}]
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(case["model"].SerializeToString(deterministic=True))
    for k, (inputs, outputs) in enumerate(zip(case["sets"], case["outs"])):
        (folder / f"set{k}").mkdir()
        (expected / f"set{k}").mkdir(parents=True)
        manifest = {"inputs": [], "outputs": list(case["names"])}
        for i, ((_, array), info) in enumerate(zip(inputs, infos)):
            entry = values.write(folder / f"set{k}", f"input_{i}", np.asarray(array), info.type)
            manifest["inputs"].append({**entry, "index": i, "name": info.name})
        (folder / f"set{k}" / "manifest.json").write_text(json.dumps(manifest))
        for i, (array, info) in enumerate(zip(outputs, case["model"].graph.output)):
            (expected / f"set{k}" / f"output_{i}.pb").write_bytes(
                numpy_helper.from_array(np.asarray(array)).SerializeToString(deterministic=True))
            (expected / f"set{k}" / f"type_{i}.pb").write_bytes(info.type.SerializeToString(deterministic=True))
    return {"rtol": case["rtol"], "atol": case["atol"], "sets": len(case["sets"]), "op": case["op"], "ops": case["ops"],
            "tags": case["tags"], "output_names": list(case["names"])}


def draw(seed, index, options, run, disputed):
    """One case that the oracle can run, or None."""
    for attempt in range(ATTEMPTS):
        try:
            case = finish(seed, index, attempt, options.mode, set(options.ops.split(",")) if options.ops else None, run, OPSETS)
        except Skip:
            continue
        except Exception:  # noqa: BLE001   (an invalid draw: refused by the checker, by numpy, ...)
            continue
        if case["agree"] is not False:
            return case
        disputed.append({"index": index, "attempt": attempt, "op": case["op"], "why": case["why"][:300]})
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--mode", choices=["single", "graph", "mix"], default="mix")
    parser.add_argument("--ops", default="")
    options = parser.parse_args()
    run, cases, disputed = Run(), {}, []
    for index in range(options.start, options.start + options.count):
        case = draw(options.seed, index, options, run, disputed)
        if case:
            name = f"{options.seed:08x}/{index:05d}_{case['op']}"
            cases[name] = write(options.out, name, case)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "suite.json").write_text(json.dumps({"cases": cases, "disputed": disputed}, indent=0, sort_keys=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
