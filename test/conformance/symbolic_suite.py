# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The ONNX backend suite once more, with every dim of every input and output left open.

    symbolic_suite.py SUITE SYMBOLIC [--unranked]

Reads the suite that export_suite.py wrote and writes SYMBOLIC/cases/<name>/model.onnx
(external files are links) and SYMBOLIC/done, last. Inputs, expected outputs and the
list of cases stay those of SUITE: only the models differ. Each dim of a fed input is a
name of its own, so that nothing says which dims are equal or that one is 1; the types
of values inside say nothing about shapes. What the suite writes as one size for several
inputs must then hold at run time alone. The outputs of the model keep their ranks, each
dim another name; with --unranked they say nothing about shapes either, and cases whose
rank is fed at run time cannot be compiled.
"""
import sys
from pathlib import Path

import onnx


def tensor_types(kind):
    """The tensor types within a type: of the tensor itself, of elements and of optionals."""
    which = kind.WhichOneof("value")
    if which in ("tensor_type", "sparse_tensor_type"):
        yield getattr(kind, which)
    elif which in ("sequence_type", "optional_type"):
        yield from tensor_types(getattr(kind, which).elem_type)
    elif which == "map_type":
        yield from tensor_types(kind.map_type.value_type)


def graphs_within(graph):
    """Graphs that are attributes of nodes, at any depth."""
    for node in graph.node:
        for attribute in node.attribute:
            for inner in [attribute.g] if attribute.type == onnx.AttributeProto.GRAPH else attribute.graphs:
                yield inner
                yield from graphs_within(inner)


def forget(infos):
    for info in infos:
        for tensor in tensor_types(info.type):
            tensor.ClearField("shape")


def name_dims(infos, prefix):
    for k, info in enumerate(infos):
        for tensor in tensor_types(info.type):
            for d, dim in enumerate(tensor.shape.dim):
                dim.Clear()
                dim.dim_param = f"{prefix}{k}_d{d}"


def open_dims(model, ranked):
    """Rewrites `model`."""
    graph = model.graph
    fixed = {i.name for i in graph.initializer} | {i.values.name for i in graph.sparse_initializer}
    name_dims((i for i in graph.input if i.name not in fixed), "in")
    del graph.value_info[:]
    if ranked:
        name_dims(graph.output, "out")
    else:
        forget(graph.output)
    for inner in graphs_within(graph):
        del inner.value_info[:]
        forget(inner.output)
        forget(inner.input)
    for function in model.functions:
        del function.value_info[:]


def main():
    ranked = "--unranked" not in sys.argv
    folders = [a for a in sys.argv[1:] if a != "--unranked"]
    if len(folders) != 2 or folders[0].startswith("-"):
        print(__doc__)
        return 0 if "-h" in sys.argv or "--help" in sys.argv else 1
    suite, out = map(Path, folders)
    for path in sorted(suite.glob("cases/*/*/model.onnx")):
        folder = out / path.parent.relative_to(suite)
        folder.mkdir(parents=True)
        model = onnx.load(path, load_external_data=False)
        open_dims(model, ranked)
        (folder / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
        for extra in path.parent.iterdir():
            if extra.is_file() and extra.name != "model.onnx":
                (folder / extra.name).symlink_to(extra)
    (out / "done").touch()
    return 0


if __name__ == "__main__":
    sys.exit(main())
