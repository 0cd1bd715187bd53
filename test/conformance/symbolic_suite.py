# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The ONNX backend suite once more, with every dim of every input left open.

    symbolic_suite.py SUITE SYMBOLIC

Reads the suite that export_suite.py wrote and writes SYMBOLIC/cases/<name>/model.onnx
(external files are links) and SYMBOLIC/done, last. Inputs, expected outputs and the
list of cases stay those of SUITE: only the models differ. Each dim of a fed input is a
name of its own, so that nothing says which dims are equal or that one is 1; the types
of values inside and of the outputs say nothing about shapes. What the suite writes as
one size for several inputs must then hold at run time alone.
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


def open_dims(model):
    """Rewrites `model`."""
    graph = model.graph
    fixed = {i.name for i in graph.initializer} | {i.values.name for i in graph.sparse_initializer}
    for k, info in enumerate(i for i in graph.input if i.name not in fixed):
        for tensor in tensor_types(info.type):
            for d, dim in enumerate(tensor.shape.dim):
                dim.Clear()
                dim.dim_param = f"in{k}_d{d}"
    for inner in [graph, *graphs_within(graph)]:
        del inner.value_info[:]
        forget(inner.output)
        if inner is not graph:
            forget(inner.input)
    for function in model.functions:
        del function.value_info[:]


def main():
    if len(sys.argv) != 3 or sys.argv[1].startswith("-"):
        print(__doc__)
        return 0 if "-h" in sys.argv or "--help" in sys.argv else 1
    suite, out = map(Path, sys.argv[1:])
    for path in sorted(suite.glob("cases/*/*/model.onnx")):
        folder = out / path.parent.relative_to(suite)
        folder.mkdir(parents=True)
        model = onnx.load(path, load_external_data=False)
        open_dims(model)
        (folder / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
        for extra in path.parent.iterdir():
            if extra.is_file() and extra.name != "model.onnx":
                (folder / extra.name).symlink_to(extra)
    (out / "done").touch()
    return 0


if __name__ == "__main__":
    sys.exit(main())
