# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks what `wick compile --diagnostics=json` says of models that it refuses.

The contract: exit status 3; every line is a JSON object; each problem names the source node, its op, the op's opset,
the type of every operand, and a reason; the names are the model's own. A refusal that a user cannot act on is a bug.
"""
import json
import re
import subprocess

import onnx


def node_names(graph, names, wanted=lambda node: True):
    """Names that diagnostics may use: inputs, outputs, and wanted nodes with their values, those of subgraphs as well."""
    names |= {v.name for v in (*graph.input, *graph.output)}
    for node in graph.node:
        if wanted(node):
            names |= {node.name, *node.output}
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                node_names(inner, names, wanted)
    return names


def complaint(problem, names, sources):
    """What a diagnostic lacks, or None. `sources`: nodes that have no operands."""
    if problem.get("kind") not in ("unsupported", "error"):
        return None
    for key in ("node", "op", "opset", "message"):
        if not problem.get(key):
            return f"no '{key}' in {json.dumps(problem)}"
    if not problem.get("operands") and problem["node"] not in sources:
        return f"no 'operands' in {json.dumps(problem)}"
    for operand in problem.get("operands", []):
        if operand["name"] and not operand.get("type"):
            return f"operand '{operand['name']}' without a type"
    # Nodes that stand for others ("Source/Op") begin with the source's name.
    if not any(name and problem["node"].startswith(name) for name in names) and problem["node"] not in names:
        return f"'{problem['node']}' is no name of the model"
    return None


def check(wick, model_path, ran=""):
    """None when the refusal of a model keeps the contract, else what is wrong. `ran`: what the run said of a model that
    compiles, because the reason lies in its inputs."""
    run = subprocess.run([str(wick), "compile", str(model_path), "-o", "/dev/null", "--diagnostics", "json", "--quiet"],
                         capture_output=True, text=True, timeout=60)
    if run.returncode == 0 and re.search(r"node '.+': \(.+, opset \d+\) .+; operands: \S+: \w+\[", ran):
        return None
    if run.returncode != 3:
        return f"exit status {run.returncode}, expected 3: {run.stderr.strip()[:200]}"
    model = onnx.load(str(model_path), load_external_data=False)
    names = node_names(model.graph, set())
    for function in model.functions:
        names |= {n.name for n in function.node}
    sources = node_names(model.graph, set(), lambda node: not any(node.input))
    try:
        problems = [json.loads(line) for line in run.stderr.splitlines() if line.strip()]
    except ValueError as error:
        return f"not JSON: {error}"
    if not any(p.get("kind") in ("unsupported", "error") for p in problems):
        return "no problem was told"
    return next((text for text in (complaint(p, names, sources) for p in problems) if text), None)
