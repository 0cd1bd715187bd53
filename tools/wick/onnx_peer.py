# What `wick diff` asks of onnxruntime and onnx, run by the Python that has them:
#   run MODEL IN.npz OUT.npz [NAME...]        the model without optimizations; also inner values by name
#   extract MODEL NODES VALUES.npz OUT.onnx   nodes i,j,k of the main graph; what they read from outside are inputs
#   text MODEL OUT.onnxtxt HEADER             the model in text form behind a header
import sys

import numpy as np
import onnx


def run(path, source, target, *names):
    import onnxruntime
    model = onnx.load(path)
    outputs = [o.name for o in model.graph.output]
    for name in names:
        if name not in outputs:
            model.graph.output.append(onnx.ValueInfoProto(name=name))
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    if names or model.ByteSize() < 1 << 30:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    else:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    with np.load(source) as given:
        feeds = {v.name: given[v.name if v.name in given else f"in{i}"] for i, v in enumerate(session.get_inputs())}
    wanted = outputs + [n for n in names if n not in outputs]
    values = {n: v for n, v in zip(wanted, session.run(wanted, feeds)) if isinstance(v, np.ndarray) and v.dtype.kind in "fiub"}
    # Entries keep the names that archives cannot spell.
    np.savez(target, **{f"v{i}": v for i, v in enumerate(values.values())})
    with open(target + ".names", "w") as names_file:
        names_file.write("".join(f"v{i}\t{n}\n" for i, n in enumerate(values)))


def extract(path, chosen, source, target):
    model = onnx.load(path)
    graph, wanted = model.graph, {int(i) for i in chosen.split(",")}
    nodes = [n for i, n in enumerate(graph.node) if i in wanted]
    values = dict(np.load(source))
    made, used = {o for n in nodes for o in n.output}, set()

    def reads(inner):
        for node in inner:
            used.update(i for i in node.input if i)
            for attribute in node.attribute:
                reads(attribute.g.node)
    reads(nodes)
    later = {i for k, n in enumerate(graph.node) if k not in wanted for i in n.input} | {o.name for o in graph.output}
    keep = [t for t in graph.initializer if t.name in used]
    constants = {t.name for t in keep}
    inputs, feeds = [], {}
    for name in sorted(used - made - constants):
        if name not in values:
            sys.exit(f"the value '{name}' is not known")
        inputs.append(onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(values[name].dtype), values[name].shape))
        feeds[name] = values[name]
    outputs = [onnx.ValueInfoProto(name=o) for n in nodes for o in n.output if o in later]
    for o in outputs:
        if o.name in values:
            o.CopyFrom(onnx.helper.make_tensor_value_info(o.name, onnx.helper.np_dtype_to_tensor_dtype(values[o.name].dtype), values[o.name].shape))
    small = onnx.helper.make_graph(nodes, "reduced", inputs, outputs, keep)
    result = onnx.helper.make_model(small, opset_imports=model.opset_import, ir_version=model.ir_version, functions=model.functions)
    onnx.save(result, target)
    np.savez(target + ".npz", **feeds)


def text(path, target, header):
    with open(target, "w") as out:
        out.write(header + onnx.printer.to_text(onnx.load(path)) + "\n")


{"run": run, "extract": extract, "text": text}[sys.argv[1]](*sys.argv[2:])
