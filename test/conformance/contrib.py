"""Writes a suite of one-node models of com.microsoft with what onnxruntime computes for them.

    contrib.py SUITE

The layout is that of export_suite.py, so that tools/dev/conformance judges both alike. Inputs are drawn from
generators seeded by the case's name: the same versions give the same bytes. A case says in words that its author
chose, not the tool under test, what is special about it; the first cases of each op are the short set. Cases that
onnxruntime itself refuses are listed under "not_exported".
"""
import json
import shutil
import sys
import zlib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import values

SHORT = 2               # cases of each op in the short set
F, H, I32, I64, U8, I8 = np.float32, np.float16, np.int32, np.int64, np.uint8, np.int8
CASES = []


class Const:
    """An operand that the model holds."""

    def __init__(self, array):
        self.array = np.asarray(array)


class Sym:
    """A run-time operand some of whose dims have names."""

    def __init__(self, array, *dims):
        self.array, self.dims = np.asarray(array), dims


def case(name, op, make, attrs=None, outputs=1, rtol=1e-3, atol=1e-5, domain="com.microsoft"):
    """`make` takes a generator of random numbers and returns the operands: arrays, Const, Sym or None. `outputs` is a count or a list of
    bools that says which are taken."""
    CASES.append({"name": name, "op": op, "make": make, "attrs": attrs or {}, "outputs": [True] * outputs if isinstance(outputs, int) else outputs,
                  "rtol": rtol, "atol": atol, "domain": domain})


def build(entry):
    """(model without types of outputs, run-time inputs by name)."""
    rng = np.random.default_rng(zlib.crc32(entry["name"].encode()))
    names, inputs, constants, feed = [], [], [], {}
    for i, operand in enumerate(entry["make"](rng)):
        name = "" if operand is None else f"x{i}"
        names.append(name)
        if operand is None:
            continue
        if isinstance(operand, Const):
            constants.append(numpy_helper.from_array(operand.array, name))
            continue
        array, dims = (operand.array, operand.dims) if isinstance(operand, Sym) else (np.asarray(operand), operand.shape)
        dims = [d if d is not None else size for d, size in zip(dims, array.shape)]
        inputs.append(helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), dims))
        feed[name] = array
    while names and not names[-1]:
        names.pop()
    outputs = [f"y{i}" if taken else "" for i, taken in enumerate(entry["outputs"])]
    node = helper.make_node(entry["op"], names, outputs, name="node", domain=entry["domain"], **entry["attrs"])
    infos = [onnx.ValueInfoProto(name=o) for o in outputs if o]
    graph = helper.make_graph([node], "contrib", inputs, infos, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)], ir_version=8)
    return model, feed


def export(entry, root):
    model, feed = build(entry)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    results = session.run(None, feed)
    for info, result in zip(model.graph.output, results):
        info.CopyFrom(helper.make_tensor_value_info(info.name, helper.np_dtype_to_tensor_dtype(result.dtype), [None] * result.ndim))
    name = f"contrib/{entry['name']}"
    folder, expected = root / "cases" / name, root / "expected" / name / "set0"
    (folder / "set0").mkdir(parents=True)
    expected.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
    manifest = {"inputs": [], "outputs": [o.name for o in model.graph.output]}
    for i, info in enumerate(model.graph.input):
        raw = numpy_helper.from_array(feed[info.name], info.name).SerializeToString(deterministic=True)
        (folder / "set0" / f"input_{i}.pb").write_bytes(raw)
        manifest["inputs"].append({**values.write(folder / "set0", f"input_{i}", feed[info.name], info.type), "index": i, "name": info.name,
                                   "pb": f"input_{i}.pb"})
    (folder / "set0" / "manifest.json").write_text(json.dumps(manifest))
    for i, (info, result) in enumerate(zip(model.graph.output, results)):
        (expected / f"output_{i}.pb").write_bytes(numpy_helper.from_array(result, info.name).SerializeToString(deterministic=True))
        (expected / f"type_{i}.pb").write_bytes(info.type.SerializeToString(deterministic=True))
    return name, {"rtol": entry["rtol"], "atol": entry["atol"], "sets": 1, "op": entry["op"], "ops": [entry["op"]],
                  "output_names": [o.name for o in model.graph.output]}


def f(rng, *shape, dtype=F, scale=1.0):
    return (rng.standard_normal(shape) * scale).astype(dtype)


def q(rng, *shape, dtype=U8):
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max + 1, shape).astype(dtype)


def s(value, dtype=F):
    return np.asarray(value, dtype)


# ---- Activations -------------------------------------------------------------
for shape in ((7,), (2, 3, 33), (1, 4, 5, 6)):
    tag = "x".join(map(str, shape))
    case(f"gelu_{tag}", "Gelu", lambda r, shape=shape: [f(r, *shape, scale=3)])
    case(f"quick_gelu_{tag}", "QuickGelu", lambda r, shape=shape: [f(r, *shape, scale=3)])
    case(f"fast_gelu_{tag}", "FastGelu", lambda r, shape=shape: [f(r, *shape, scale=3)], atol=1e-4)
    case(f"fast_gelu_bias_{tag}", "FastGelu", lambda r, shape=shape: [f(r, *shape), f(r, shape[-1])], atol=1e-4)
    case(f"bias_gelu_{tag}", "BiasGelu", lambda r, shape=shape: [f(r, *shape), f(r, shape[-1])])
case("quick_gelu_alpha", "QuickGelu", lambda r: [f(r, 3, 16)], {"alpha": 0.75})
case("quick_gelu_dynamic", "QuickGelu", lambda r: [Sym(f(r, 3, 16), "n", "m")], {"alpha": 1.0})
case("gelu_dynamic", "Gelu", lambda r: [Sym(f(r, 3, 1, 16), "n", None, "m")])
case("bias_gelu_dynamic", "BiasGelu", lambda r: [Sym(f(r, 3, 5, 16), "b", "s", None), Const(f(r, 16))])
case("fast_gelu_dynamic", "FastGelu", lambda r: [Sym(f(r, 3, 5, 16), "b", "s", None), Const(f(r, 16))], atol=1e-4)

# ---- Normalizations ----------------------------------------------------------
for t, tag, rtol, atol in ((F, "", 1e-3, 1e-4), (H, "_f16", 1e-2, 1e-2)):
    for beta in (False, True):
        for bias in (False, True):
            case(f"skip_layer_norm{'_beta' * beta}{'_bias' * bias}{tag}", "SkipLayerNormalization",
                 lambda r, t=t, beta=beta, bias=bias: [f(r, 2, 3, 24, dtype=t), f(r, 2, 3, 24, dtype=t), f(r, 24, dtype=t),
                                                       f(r, 24, dtype=t) if beta else None, f(r, 24, dtype=t) if bias else None],
                 {"epsilon": 1e-5}, outputs=[True, False, False, bias], rtol=rtol, atol=atol)
    for bias in (False, True):
        case(f"skip_rms_norm{'_bias' * bias}{tag}", "SkipSimplifiedLayerNormalization",
             lambda r, t=t, bias=bias: [f(r, 2, 3, 24, dtype=t), f(r, 2, 3, 24, dtype=t), f(r, 24, dtype=t), f(r, 24, dtype=t) if bias else None],
             {"epsilon": 1e-6}, outputs=[True, False, False, True], rtol=rtol, atol=atol)
    case(f"rms_norm{tag}", "SimplifiedLayerNormalization", lambda r, t=t: [f(r, 2, 3, 24, dtype=t), f(r, 24, dtype=t)],
         {"epsilon": 1e-6}, rtol=rtol, atol=atol, domain="")
case("skip_layer_norm_2d", "SkipLayerNormalization", lambda r: [f(r, 5, 24), f(r, 5, 24), f(r, 24), f(r, 24)], {"epsilon": 1e-12}, atol=1e-4)
case("skip_layer_norm_broadcast", "SkipLayerNormalization", lambda r: [f(r, 2, 5, 24), f(r, 1, 5, 24), f(r, 24), f(r, 24)], {"epsilon": 1e-5},
     outputs=[True, False, False, True], atol=1e-4)
case("skip_layer_norm_broadcast2", "SkipLayerNormalization", lambda r: [f(r, 2, 5, 24), f(r, 5, 24), f(r, 24)], {"epsilon": 1e-5}, atol=1e-4)
case("skip_layer_norm_dynamic", "SkipLayerNormalization",
     lambda r: [Sym(f(r, 2, 5, 24), "b", "s", None), Sym(f(r, 2, 5, 24), "b", "s", None), Const(f(r, 24)), Const(f(r, 24)), Const(f(r, 24))],
     {"epsilon": 1e-5}, outputs=[True, False, False, True], atol=1e-4)
case("skip_rms_norm_2d", "SkipSimplifiedLayerNormalization", lambda r: [f(r, 5, 24), f(r, 5, 24), f(r, 24)], {"epsilon": 1e-5}, atol=1e-4)
case("skip_rms_norm_dynamic", "SkipSimplifiedLayerNormalization",
     lambda r: [Sym(f(r, 2, 5, 24), "b", "s", None), Sym(f(r, 2, 5, 24), "b", "s", None), Const(f(r, 24))], {"epsilon": 1e-5},
     outputs=[True, False, False, True], atol=1e-4)
case("rms_norm_axis1", "SimplifiedLayerNormalization", lambda r: [f(r, 2, 3, 4), f(r, 3, 4)], {"axis": 1, "epsilon": 1e-6}, domain="")
case("rms_norm_inverse", "SimplifiedLayerNormalization", lambda r: [f(r, 2, 3, 4), f(r, 4)], {"axis": -1}, outputs=2, domain="")
case("rms_norm_dynamic", "SimplifiedLayerNormalization", lambda r: [Sym(f(r, 2, 3, 16), "b", "s", None), Const(f(r, 16))], {"stash_type": 1}, domain="")


def embedding(r, segments=True, mask=False, positions=None):
    ids = r.integers(0, 50, (2, 6)).astype(I32)
    return [ids, r.integers(0, 2, (2, 6)).astype(I32) if segments else None, f(r, 50, 16), f(r, 12, 16), f(r, 2, 16) if segments else None,
            f(r, 16), f(r, 16), np.array([[1, 1, 1, 1, 0, 0], [1, 1, 0, 0, 0, 0]], I32) if mask else None,
            None if positions is None else r.integers(0, 12, (positions, 6)).astype(I32)]


case("embed", "EmbedLayerNormalization", embedding, outputs=[True, True], atol=1e-4)
case("embed_mask", "EmbedLayerNormalization", lambda r: embedding(r, mask=True), outputs=[True, True], atol=1e-4)
case("embed_words", "EmbedLayerNormalization", lambda r: embedding(r, segments=False), {"epsilon": 1e-5}, outputs=2, atol=1e-4)
case("embed_positions", "EmbedLayerNormalization", lambda r: embedding(r, positions=2), outputs=[True, False, True], atol=1e-4)
case("embed_positions1", "EmbedLayerNormalization", lambda r: embedding(r, positions=1, mask=True), outputs=[True, True, True], atol=1e-4)
for t in (U8, I8):
    case(f"embed_quantized_{np.dtype(t).name}", "QEmbedLayerNormalization",
         lambda r, t=t: [r.integers(0, 50, (2, 6)).astype(I32), r.integers(0, 2, (2, 6)).astype(I32), Const(q(r, 50, 16, dtype=t)),
                         Const(q(r, 12, 16, dtype=t)), Const(q(r, 2, 16, dtype=t)), Const(q(r, 16, dtype=t)), Const(q(r, 16, dtype=t)),
                         np.array([[1, 1, 1, 1, 0, 0], [1, 1, 0, 0, 0, 0]], I32)] + [Const(s(0.01 + 0.01 * i)) for i in range(5)]
         + [Const(s(i + 3, t)) for i in range(5)], outputs=2, atol=1e-4)

# ---- Products ----------------------------------------------------------------
for ta in (0, 1):
    for tb in (0, 1):
        a, b = ((5, 4) if ta else (4, 5)), ((6, 5) if tb else (5, 6))
        case(f"fused_matmul_{ta}{tb}", "FusedMatMul", lambda r, a=a, b=b: [f(r, *a), f(r, *b)], {"transA": ta, "transB": tb, "alpha": 0.5})
        case(f"fused_matmul_batch_{ta}{tb}", "FusedMatMul", lambda r, a=a, b=b: [f(r, 2, 3, *a), f(r, 3, *b)], {"transA": ta, "transB": tb})
        case(f"fused_gemm_{ta}{tb}", "FusedGemm", lambda r, a=a, b=b: [f(r, *a), f(r, *b), f(r, 6)],
             {"transA": ta, "transB": tb, "alpha": 0.5, "beta": 2.0, "activation": "Relu"})
        ba, bb = ((5, 2, 3, 4) if ta else (4, 2, 3, 5)), ((6, 2, 3, 5) if tb else (5, 2, 3, 6))
        case(f"fused_matmul_transbatch_{ta}{tb}", "FusedMatMul", lambda r, a=ba, b=bb: [f(r, *a), f(r, *b)],
             {"transA": ta, "transB": tb, "transBatchA": 1, "transBatchB": 1})
case("fused_matmul_vector", "FusedMatMul", lambda r: [f(r, 5), f(r, 5, 6)], {"alpha": 2.0})
case("fused_matmul_f64", "FusedMatMul", lambda r: [f(r, 4, 5, dtype=np.float64), f(r, 6, 5, dtype=np.float64)], {"transB": 1, "alpha": 0.25})
case("fused_matmul_transbatch_a", "FusedMatMul", lambda r: [f(r, 4, 2, 5), f(r, 2, 5, 6)], {"transBatchA": 1})
case("fused_matmul_dynamic", "FusedMatMul", lambda r: [Sym(f(r, 2, 4, 5), "b", "m", None), Sym(f(r, 2, 6, 5), "b", "n", None)],
     {"transB": 1, "alpha": 0.125})
case("transpose_matmul", "TransposeMatMul", lambda r: [f(r, 2, 5, 4), f(r, 2, 6, 5)], {"transA": 1, "transB": 1, "alpha": 3.0})
case("transpose_matmul_plain", "TransposeMatMul", lambda r: [f(r, 2, 4, 5), f(r, 5, 6)])
for activation, params in (("Tanh", {}), ("Sigmoid", {}), ("LeakyRelu", {"activation_alpha": 0.2}), ("Elu", {"activation_alpha": 0.7}),
                           ("HardSigmoid", {"activation_alpha": 0.3, "activation_beta": 0.4}), ("Softplus", {}), ("Softsign", {})):
    case(f"fused_gemm_{activation.lower()}", "FusedGemm", lambda r: [f(r, 4, 5), f(r, 5, 6)], {"activation": activation, **params})
for activation, params in (("Relu", []), ("Tanh", []), ("Sigmoid", []), ("LeakyRelu", [0.1]), ("Clip", [-0.5, 0.5]), ("HardSigmoid", [0.3, 0.4])):
    case(f"fused_conv_{activation.lower()}", "FusedConv", lambda r: [f(r, 1, 4, 7, 8), f(r, 6, 4, 3, 3), f(r, 6)],
         {"activation": activation, "activation_params": params, "pads": [1, 1, 1, 1]} if params else {"activation": activation, "pads": [1, 1, 1, 1]},
         atol=1e-4)
case("fused_conv_sum", "FusedConv", lambda r: [f(r, 1, 4, 7, 8), f(r, 6, 4, 3, 3), f(r, 6), f(r, 1, 6, 5, 6)], {"activation": "Relu"}, atol=1e-4)
case("fused_conv_group", "FusedConv", lambda r: [f(r, 2, 4, 7, 8), Const(f(r, 4, 1, 3, 3))],
     {"activation": "Relu", "group": 4, "strides": [2, 2], "kernel_shape": [3, 3]}, atol=1e-4)
case("fused_conv_none", "FusedConv", lambda r: [Sym(f(r, 2, 4, 9), "n", None, "w"), Const(f(r, 6, 4, 3)), Const(f(r, 6))], {"dilations": [2]}, atol=1e-4)


def nbits(r, bits, block, n=24, k=48, zero=None, bias=False, a=(3, ), dtype=F, dynamic=False, flat=False):
    blocks = -(-k // block)
    x = f(r, *a, k, dtype=dtype)
    scales = (0.02 + 0.02 * r.random((n, blocks))).astype(dtype)
    z = None if zero is None else q(r, n, -(-blocks * bits // 8)) if zero == "packed" else f(r, n, blocks, dtype=dtype, scale=4) + dtype(8)
    if flat:
        scales, z = scales.ravel(), None if z is None else z.ravel()
    return [Sym(x, *"bsr"[:len(a)], None) if dynamic else x, Const(q(r, n, blocks, block * bits // 8)), Const(scales),
            None if z is None else Const(z), None, Const(f(r, n, dtype=dtype)) if bias else None]


for bits in (4, 8):
    for block, k in ((16, 48), (32, 72), (128, 128)):
        for zero in (None, "packed", "float") if bits == 4 else (None, "packed"):
            case(f"matmul_{bits}bits_{block}_{zero}", "MatMulNBits", lambda r, bits=bits, block=block, k=k, zero=zero: nbits(r, bits, block, k=k, zero=zero),
                 {"bits": bits, "block_size": block, "N": 24, "K": k, "accuracy_level": 1}, atol=1e-3)
case("matmul_4bits_bias", "MatMulNBits", lambda r: nbits(r, 4, 16, bias=True, a=(2, 3)), {"bits": 4, "block_size": 16, "N": 24, "K": 48}, atol=1e-3)
case("matmul_4bits_row", "MatMulNBits", lambda r: nbits(r, 4, 32, k=64, zero="packed", a=(1, 1)), {"bits": 4, "block_size": 32, "N": 24, "K": 64}, atol=1e-3)
case("matmul_4bits_dynamic", "MatMulNBits", lambda r: nbits(r, 4, 32, k=64, a=(2, 3), dynamic=True), {"bits": 4, "block_size": 32, "N": 24, "K": 64}, atol=1e-3)
case("matmul_4bits_large", "MatMulNBits", lambda r: nbits(r, 4, 32, n=512, k=512, zero="packed"), {"bits": 4, "block_size": 32, "N": 512, "K": 512}, atol=1e-3)
case("matmul_4bits_f16", "MatMulNBits", lambda r: nbits(r, 4, 32, k=64, dtype=H), {"bits": 4, "block_size": 32, "N": 24, "K": 64}, rtol=1e-2, atol=2e-2)
case("matmul_4bits_flat", "MatMulNBits", lambda r: nbits(r, 4, 32, k=64, zero="packed", flat=True), {"bits": 4, "block_size": 32, "N": 24, "K": 64}, atol=1e-3)
case("matmul_2bits", "MatMulNBits", lambda r: nbits(r, 2, 32, k=64), {"bits": 2, "block_size": 32, "N": 24, "K": 64}, atol=1e-3)
for bits in (4, 8):
    for zero in (False, True):
        case(f"gather_blocks_{bits}bits{'_zero' * zero}", "GatherBlockQuantized",
             lambda r, bits=bits, zero=zero: [Const(q(r, 20, 64 * bits // 8)), r.integers(-20, 20, (2, 3)).astype(I64), Const(f(r, 20, 4)),
                                              Const(q(r, 20, 4 * bits // 8)) if zero else None], {"bits": bits, "block_size": 16, "quantize_axis": 1})
case("gather_blocks_outside", "GatherBlockQuantized", lambda r: [Const(q(r, 20, 32)), np.array([3, 25, -21, -1], I32), Const(f(r, 20, 4))],
     {"bits": 4, "block_size": 16, "quantize_axis": 1})

# ---- Attention ---------------------------------------------------------------
B, S, N, HD = 2, 5, 3, 8
D = N * HD


def projected(r, mask=None, past=None, bias=None, vsize=D, with_bias=True):
    return [f(r, B, S, 10), f(r, 10, 2 * D + vsize, scale=0.3), f(r, 2 * D + vsize) if with_bias else None, mask, past, bias]


masks = {"none": lambda past: None,
         "2d": lambda past: np.array([[1] * (past + S), [0, 0] + [1] * (past + S - 2)], I32),
         "3d": lambda past: np.stack([np.tril(np.ones((S, past + S), I32), past), np.ones((S, past + S), I32)]),
         "ends": lambda past: np.array([past + S, past + 3], I32),
         "ends_starts": lambda past: np.array([past + S, past + 4, 0, 2], I32),
         "many": lambda past: np.array([past + S, past + 3, 0, 5, 10, 0, 5, 10], I32)}
for tag, mask in masks.items():
    for causal in (0, 1):
        case(f"attention_{tag}_{causal}", "Attention", lambda r, mask=mask: projected(r, mask(0)), {"num_heads": N, "unidirectional": causal}, atol=1e-4)
    if tag != "many":
        case(f"attention_{tag}_past", "Attention", lambda r, mask=mask: projected(r, mask(4), f(r, 2, B, N, 4, HD)), {"num_heads": N, "unidirectional": 1},
             outputs=2, atol=1e-4)
case("attention_present", "Attention", lambda r: projected(r), {"num_heads": N}, outputs=2, atol=1e-4)
case("attention_bias", "Attention", lambda r: projected(r, bias=f(r, 1, N, S, S)), {"num_heads": N}, atol=1e-4)
case("attention_bias_batch", "Attention", lambda r: projected(r, masks["2d"](0), bias=f(r, B, 1, S, S)), {"num_heads": N}, atol=1e-4)
case("attention_scale", "Attention", lambda r: projected(r), {"num_heads": N, "scale": 0.2, "mask_filter_value": -5.0}, atol=1e-4)
case("attention_filter", "Attention", lambda r: projected(r, masks["2d"](0)), {"num_heads": N, "mask_filter_value": -3.0}, atol=1e-4)
case("attention_no_bias", "Attention", lambda r: projected(r, with_bias=False), {"num_heads": N}, atol=1e-4)
case("attention_value_size", "Attention", lambda r: projected(r, vsize=12), {"num_heads": N, "qkv_hidden_sizes": [D, D, 12]}, atol=1e-4)
case("attention_dynamic", "Attention",
     lambda r: [Sym(f(r, B, S, 10), "b", "s", None), Const(f(r, 10, 3 * D, scale=0.3)), Const(f(r, 3 * D)), Sym(masks["2d"](4), "b", "t"),
                Sym(f(r, 2, B, N, 4, HD), None, "b", None, "p", None)], {"num_heads": N, "unidirectional": 1}, outputs=2, atol=1e-4)


def heads(r, length=S, bias=False, mask=None, extra=None, past=None, vd=D):
    past = [None, None] if past is None else [f(r, B, N, past, HD), f(r, B, N, past, vd // N)]
    return [f(r, B, S, D), f(r, B, length, D), f(r, B, length, vd), f(r, 2 * D + vd) if bias else None, mask, extra] + past


for causal in (0, 1):
    case(f"mha_{causal}", "MultiHeadAttention", heads, {"num_heads": N, "unidirectional": causal}, atol=1e-4)
    case(f"mha_bias_{causal}", "MultiHeadAttention", lambda r: heads(r, bias=True), {"num_heads": N, "unidirectional": causal}, atol=1e-4)
    case(f"mha_past_{causal}", "MultiHeadAttention", lambda r: heads(r, past=4), {"num_heads": N, "unidirectional": causal}, outputs=3, atol=1e-4)
    case(f"mha_present_{causal}", "MultiHeadAttention", lambda r: heads(r, bias=True), {"num_heads": N, "unidirectional": causal}, outputs=3, atol=1e-4)
case("mha_cross", "MultiHeadAttention", lambda r: heads(r, length=7), {"num_heads": N}, atol=1e-4)
case("mha_cross_heads", "MultiHeadAttention", lambda r: [f(r, B, S, D), f(r, B, N, 7, HD), f(r, B, N, 7, HD)], {"num_heads": N}, atol=1e-4)
case("mha_cross_heads_bias", "MultiHeadAttention", lambda r: [f(r, B, S, D), f(r, B, N, 7, HD), f(r, B, N, 7, HD), f(r, 3 * D)], {"num_heads": N}, atol=1e-4)
for tag in ("2d", "3d", "ends", "many"):
    case(f"mha_mask_{tag}", "MultiHeadAttention", lambda r, tag=tag: heads(r, mask=masks[tag](0)), {"num_heads": N}, atol=1e-4)
case("mha_mask_past", "MultiHeadAttention", lambda r: heads(r, mask=masks["2d"](4), past=4), {"num_heads": N}, outputs=3, atol=1e-4)
case("mha_extra", "MultiHeadAttention", lambda r: heads(r, extra=f(r, B, N, S, S)), {"num_heads": N}, atol=1e-4)
case("mha_extra1", "MultiHeadAttention", lambda r: heads(r, extra=f(r, 1, 1, S, S), mask=masks["2d"](0)), {"num_heads": N}, atol=1e-4)
case("mha_extra_past", "MultiHeadAttention", lambda r: heads(r, extra=f(r, 1, N, S, S + 4), past=4), {"num_heads": N, "scale": 0.5}, outputs=3, atol=1e-4)
case("mha_value_size", "MultiHeadAttention", lambda r: heads(r, vd=12), {"num_heads": N}, atol=1e-4)
case("mha_filter", "MultiHeadAttention", lambda r: heads(r, mask=masks["2d"](0)), {"num_heads": N, "mask_filter_value": -2.0}, atol=1e-4)
case("mha_dynamic", "MultiHeadAttention",
     lambda r: [Sym(f(r, B, S, D), "b", "s", None), Sym(f(r, B, S, D), "b", "s", None), Sym(f(r, B, S, D), "b", "s", None), Const(f(r, 3 * D)), None,
                Sym(f(r, B, 1, S, S + 4), "b", None, "s", "t"), Sym(f(r, B, N, 4, HD), "b", None, "p", None), Sym(f(r, B, N, 4, HD), "b", None, "p", None)],
     {"num_heads": N}, outputs=3, atol=1e-4)

GN, GK, GS = 4, 2, 32   # query heads, key heads, size of one


def tables(r, length=32, width=GS // 2, dtype=F):
    angle = np.arange(length)[:, None] * (0.7 ** np.arange(width))[None]
    return [np.cos(angle).astype(dtype), np.sin(angle).astype(dtype)]


def grouped(r, batch=2, length=3, seen=None, room=None, rotary=False, packed=False, dtype=F, extra=None, sink=False, positions=None, width=GS // 2,
            dynamic=False, total=None):
    """seen: rows before, for each entry of the batch (None: no cache); room: length of the buffer (None: grows)."""
    done = np.array([0] * batch if seen is None else seen)
    whole = int(done.max()) + length if total is None else total
    cache = [None, None]
    if seen is not None:
        cache = [np.zeros((batch, GK, room or int(done.max()), GS), dtype) for _ in range(2)]
        for c in cache:
            for b in range(batch):
                c[b, :, :done[b]] = f(r, GK, done[b], GS, dtype=dtype)
    query = f(r, batch, length, (GN + 2 * GK) * GS if packed else GN * GS, dtype=dtype)
    key, value = (None, None) if packed else (f(r, batch, length, GK * GS, dtype=dtype), f(r, batch, length, GK * GS, dtype=dtype))
    if dynamic:
        query, key, value = (x if x is None else Sym(x, "b", "s", None) for x in (query, key, value))
        cache = [x if x is None else Sym(x, "b", None, "p", None) for x in cache]
    return [query, key, value, *cache, (done + length - 1).astype(I32), np.array(whole, I32), *(tables(r, width=width, dtype=dtype) if rotary else [None, None]),
            positions, extra, f(r, GN, dtype=dtype) if sink else None]


G = {"num_heads": GN, "kv_num_heads": GK}
for t, tag, rtol, atol in ((F, "", 1e-3, 1e-4), (H, "_f16", 2e-2, 1e-2)):
    def gqa(name, attrs=None, tag=tag, t=t, rtol=rtol, atol=atol, **options):
        case(f"gqa_{name}{tag}", "GroupQueryAttention", lambda r: grouped(r, dtype=t, **options), {**G, **(attrs or {})}, outputs=3, rtol=rtol, atol=atol)

    gqa("prompt")
    gqa("prompt_room", seen=[0, 0], room=8)
    gqa("prompt_rotary", {"do_rotary": 1}, rotary=True)
    gqa("prompt_packed", {"do_rotary": 1}, rotary=True, packed=True)
    gqa("step", seen=[5, 5], length=1)
    gqa("step_room", seen=[5, 5], length=1, room=12)
    gqa("step_ragged", seen=[5, 2], length=1, room=12)
    gqa("step_rotary", {"do_rotary": 1}, seen=[5, 3], length=1, room=12, rotary=True)
    gqa("step_interleaved", {"do_rotary": 1, "rotary_interleaved": 1}, seen=[5, 3], length=1, room=12, rotary=True)
    gqa("chunk", {"do_rotary": 1}, batch=1, seen=[5], room=12, rotary=True)
    gqa("window", {"local_window_size": 3}, seen=[7, 4], length=1, room=12)
    gqa("window_prompt", {"local_window_size": 2}, length=6)
    gqa("softcap", {"softcap": 5.0}, seen=[7, 4], length=1, room=12)
    gqa("smooth", {"smooth_softmax": 1}, seen=[7, 4], length=1, room=12)
    gqa("scale", {"scale": 0.1}, seen=[7, 7], length=1)
case("gqa_sink", "GroupQueryAttention", lambda r: grouped(r, seen=[7, 4], length=1, room=12, sink=True), G, outputs=3, atol=1e-4)
case("gqa_partial_rotary", "GroupQueryAttention", lambda r: grouped(r, seen=[7, 4], length=1, room=12, rotary=True, width=GS // 4),
     {**G, "do_rotary": 1}, outputs=3, atol=1e-4)
case("gqa_positions", "GroupQueryAttention", lambda r: grouped(r, seen=[7, 4], length=1, room=12, rotary=True, positions=np.array([[9], [2]], I64)),
     {**G, "do_rotary": 1}, outputs=3, atol=1e-4)
case("gqa_extra", "GroupQueryAttention", lambda r: grouped(r, seen=[5, 5], length=1, extra=f(r, 1, GN, 1, 6)), G, outputs=3, atol=1e-4)
case("gqa_extra_prompt", "GroupQueryAttention", lambda r: grouped(r, length=4, extra=f(r, 2, 1, 4, 4)), {**G, "softcap": 3.0}, outputs=3, atol=1e-4)
case("gqa_not_causal", "GroupQueryAttention", lambda r: grouped(r, length=4), {**G, "causal": 0}, outputs=3, atol=1e-4)
case("gqa_dynamic", "GroupQueryAttention", lambda r: grouped(r, seen=[5, 3], length=1, room=12, rotary=True, dynamic=True), {**G, "do_rotary": 1},
     outputs=3, atol=1e-4)
case("gqa_dynamic_prompt", "GroupQueryAttention", lambda r: grouped(r, seen=[0, 0], length=4, room=12, rotary=True, dynamic=True), {**G, "do_rotary": 1},
     outputs=3, atol=1e-4)

for rank in (3, 4):
    for interleaved in (0, 1):
        for offset in (False, True):
            case(f"rotary_{rank}d_{interleaved}{'_offset' * offset}", "RotaryEmbedding",
                 lambda r, rank=rank, offset=offset: [f(r, 2, 5, 4 * GS) if rank == 3 else f(r, 2, 4, 5, GS),
                                                      np.array([3], I64) if offset else r.integers(0, 32, (2, 5)).astype(I64), *tables(r)],
                 {"interleaved": interleaved}, atol=1e-5)
case("rotary_partial", "RotaryEmbedding", lambda r: [f(r, 2, 5, 4 * GS), r.integers(0, 32, (2, 5)).astype(I64), *tables(r, width=4)],
     {"num_heads": 4, "rotary_embedding_dim": 8})
case("rotary_f16", "RotaryEmbedding", lambda r: [f(r, 2, 5, 4 * GS, dtype=H), r.integers(0, 32, (2, 5)).astype(I64), *tables(r, dtype=H)], rtol=1e-2, atol=1e-2)
case("rotary_dynamic", "RotaryEmbedding", lambda r: [Sym(f(r, 2, 5, 4 * GS), "b", "s", None), Sym(r.integers(0, 32, (2, 5)).astype(I64), "b", "s"),
                                                     *map(Const, tables(r))], {"num_heads": 4})

# ---- Quantized ---------------------------------------------------------------
for t in (U8, I8):
    tag, z = np.dtype(t).name, (128 if t is U8 else 3)
    for op, short in (("QLinearAdd", "add"), ("QLinearMul", "mul")):
        case(f"q_{short}_{tag}", op, lambda r, t=t, z=z: [q(r, 2, 3, 16, dtype=t), s(0.03), s(z, t), q(r, 16, dtype=t), s(0.05), s(z - 2, t), s(0.07), s(z, t)],
             atol=1)
    case(f"q_sigmoid_{tag}", "QLinearSigmoid", lambda r, t=t, z=z: [q(r, 2, 64, dtype=t), Const(s(0.05)), Const(s(z, t)), Const(s(1 / 256)), Const(s(0, t))], atol=1)
    case(f"q_leaky_{tag}", "QLinearLeakyRelu", lambda r, t=t, z=z: [q(r, 2, 64, dtype=t), s(0.05), s(z, t), s(0.06), s(z, t)], {"alpha": 0.2}, atol=1)
    for last in (0, 1):
        shape = (2, 6, 7, 3) if last else (2, 3, 6, 7)
        case(f"q_average_pool_{tag}_{last}", "QLinearAveragePool",
             lambda r, t=t, z=z, shape=shape: [q(r, *shape, dtype=t), Const(s(0.05)), Const(s(z, t)), Const(s(0.04)), Const(s(z, t))],
             {"kernel_shape": [3, 2], "pads": [1, 0, 1, 1], "strides": [2, 1], "channels_last": last}, atol=1)
        case(f"q_global_pool_{tag}_{last}", "QLinearGlobalAveragePool",
             lambda r, t=t, z=z, shape=shape: [q(r, *shape, dtype=t), s(0.05), s(z, t), s(0.04), s(z, t)], {"channels_last": last}, atol=1)
    case(f"q_average_pool_count_{tag}", "QLinearAveragePool",
         lambda r, t=t, z=z: [q(r, 1, 2, 6, 6, dtype=t), Const(s(0.05)), Const(s(z, t)), Const(s(0.04)), Const(s(z, t))],
         {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}, atol=1)
    case(f"q_concat_{tag}", "QLinearConcat", lambda r, t=t, z=z: [Const(s(0.05)), Const(s(z, t)), q(r, 2, 3, dtype=t), Const(s(0.03)), Const(s(z - 1, t)),
                                                                  q(r, 2, 5, dtype=t), Const(s(0.06)), Const(s(z, t))], {"axis": 1}, atol=1)
    for axis, opset in ((-1, 13), (1, 12), (1, 13)):
        case(f"q_softmax_{tag}_{axis}_{opset}", "QLinearSoftmax",
             lambda r, t=t, z=z: [q(r, 2, 5, 8, dtype=t), Const(s(0.05)), Const(s(z, t)), Const(s(1 / 256)), Const(s(0 if t is U8 else -128, t))],
             {"axis": axis, "opset": opset}, atol=1)
    case(f"q_where_{tag}", "QLinearWhere", lambda r, t=t, z=z: [r.random((4, 5)) > 0.5, q(r, 4, 5, dtype=t), Const(s(0.03)), Const(s(z, t)), q(r, 5, dtype=t),
                                                                Const(s(0.04)), Const(s(z - 1, t)), Const(s(0.05)), Const(s(z, t))], atol=1)
    case(f"q_gemm_{tag}", "QGemm", lambda r, t=t, z=z: [q(r, 4, 8, dtype=t), s(0.02), s(z, t), Const(q(r, 6, 8, dtype=t)), Const(s(0.03)), Const(s(z, t)),
                                                        Const(r.integers(-99, 99, 6).astype(I32)), s(0.5), s(z, t)], {"transB": 1, "alpha": 0.5}, atol=1)
    case(f"q_gemm_float_{tag}", "QGemm", lambda r, t=t, z=z: [q(r, 8, 4, dtype=t), s(0.02), s(z, t), Const(q(r, 8, 6, dtype=t)),
                                                              Const((0.01 + 0.01 * r.random(6)).astype(F)), Const(np.full(6, z, t))], {"transA": 1}, atol=1e-3)
    case(f"q_conv_{tag}", "QLinearConv", lambda r, t=t, z=z: [q(r, 1, 6, 7, 4, dtype=t), s(0.02), s(z, t), Const(q(r, 5, 4, 3, 3, dtype=t)), Const(s(0.03)),
                                                              Const(s(z, t)), s(0.4), s(z, t), Const(r.integers(-99, 99, 5).astype(I32))],
         {"channels_last": 1, "pads": [1, 1, 1, 1]}, atol=1)
    case(f"q_max_pool_{tag}", "NhwcMaxPool", lambda r, t=t: [q(r, 1, 6, 7, 4, dtype=t)], {"kernel_shape": [3, 3], "strides": [2, 2]})
    case(f"matmul_to_float_{tag}", "MatMulIntegerToFloat", lambda r, t=t, z=z: [q(r, 2, 4, 8, dtype=t), Const(q(r, 8, 6, dtype=t)), s(0.02), Const(s(0.03)),
                                                                                s(z, t), Const(s(z, t)), Const(f(r, 6))], atol=1e-3)
    case(f"matmul_to_float_columns_{tag}", "MatMulIntegerToFloat",
         lambda r, t=t, z=z: [q(r, 4, 8, dtype=t), Const(q(r, 8, 6, dtype=t)), s(0.02), Const(r.random(6).astype(F)), None, Const(q(r, 6, dtype=t))], atol=1e-3)
    case(f"dynamic_matmul_{tag}", "DynamicQuantizeMatMul", lambda r, t=t, z=z: [f(r, 2, 4, 8), Const(q(r, 8, 6, dtype=t)), Const(s(0.03)), Const(s(z, t)),
                                                                                Const(f(r, 6))], atol=1e-2)
    case(f"dynamic_matmul_columns_{tag}", "DynamicQuantizeMatMul", lambda r, t=t: [f(r, 4, 8), Const(q(r, 8, 6, dtype=t)), Const(r.random(6).astype(F))], atol=5e-2)
    case(f"q_attention_{tag}", "QAttention", lambda r, t=t, z=z: [q(r, B, S, 10), Const(q(r, 10, 3 * D, dtype=t)), Const(f(r, 3 * D)), Const(s(0.01)),
                                                                  Const(s(0.01)), masks["ends"](0), Const(s(128, U8)), Const(s(z, t))], {"num_heads": N}, atol=1e-3)
    case(f"q_attention_plain_{tag}", "QAttention", lambda r, t=t, z=z: [q(r, B, S, 10), Const(q(r, 10, 3 * D, dtype=t)), Const(f(r, 3 * D)), Const(s(0.01)),
                                                                        Const(s(0.01)), None, Const(s(128, U8)), Const(s(z, t))],
         {"num_heads": N, "unidirectional": 1}, atol=1e-3)
for t in (U8, I8, np.uint16, np.int16):
    case(f"quantize_{np.dtype(t).name}", "QuantizeLinear", lambda r, t=t: [f(r, 3, 8, scale=9), s(0.02), s(5, t)], atol=1)
    case(f"dequantize_{np.dtype(t).name}", "DequantizeLinear", lambda r, t=t: [q(r, 3, 8, dtype=t), s(0.02), s(5, t)])
case("quantize_axis", "QuantizeLinear", lambda r: [f(r, 3, 8, scale=9), r.random(3).astype(F), np.arange(3).astype(np.uint16)], {"axis": 0}, atol=1)
case("dequantize_axis", "DequantizeLinear", lambda r: [q(r, 3, 8, dtype=np.int16), r.random(8).astype(F), np.arange(8).astype(np.int16)], {"axis": 1})
case("dequantize_i32", "DequantizeLinear", lambda r: [q(r, 3, 8, dtype=I32), s(1e-6)])
for direction, dirs in (("forward", 1), ("bidirectional", 2)):
    for t in (U8, I8):
        case(f"q_lstm_{direction}_{np.dtype(t).name}", "DynamicQuantizeLSTM",
             lambda r, t=t, dirs=dirs: [f(r, 4, 2, 6), Const(q(r, dirs, 6, 32, dtype=t)), Const(q(r, dirs, 8, 32, dtype=t)), Const(f(r, dirs, 64)), None, None,
                                        None, None, *(Const(np.full(dirs, v, w)) for v, w in ((0.005, F), (128 if t is U8 else 0, t)) * 2)],
             {"hidden_size": 8, "direction": direction}, outputs=3)
    # States, peepholes and lengths; a scale and zero point a column.
    case(f"q_lstm_{direction}_lengths", "DynamicQuantizeLSTM",
         lambda r, dirs=dirs: [f(r, 5, 3, 6), Const(q(r, dirs, 6, 32, dtype=I8)), Const(q(r, dirs, 8, 32, dtype=I8)), Const(f(r, dirs, 64)), np.array([3, 0, 4], I32),
                               f(r, dirs, 3, 8), f(r, dirs, 3, 8), Const(f(r, dirs, 24)),
                               *(Const(v) for _ in range(2) for v in ((r.random((dirs, 32)) * 0.004 + 0.002).astype(F), np.zeros((dirs, 32), I8)))],
         {"hidden_size": 8, "direction": direction}, outputs=3)
# More rows of R than one exact sum of floats takes, and five rows of the batch.
case("q_lstm_long", "DynamicQuantizeLSTM",
     lambda r: [f(r, 3, 5, 6), Const(q(r, 1, 6, 1200, dtype=U8)), Const(q(r, 1, 300, 1200, dtype=U8)), None, None, None, None, None,
                *(Const(np.full(1, v, w)) for v, w in ((0.002, F), (117, U8)) * 2)], {"hidden_size": 300}, outputs=3)

# ---- Others ------------------------------------------------------------------
case("expand_dims", "ExpandDims", lambda r: [f(r, 2, 3), Const(s(1, I32))])
case("expand_dims_end", "ExpandDims", lambda r: [Sym(f(r, 2, 3), "n", None), Const(s(-1, I32))])
case("range_default", "Range", lambda r: [s(2, I64), s(9, I64)])
case("range_step", "Range", lambda r: [Const(s(2)), Const(s(4)), Const(s(0.25))])
case("range_down", "Range", lambda r: [s(9, I32), s(0, I32), s(-2, I32)])
for mode in ("bilinear", "nearest", "bicubic"):
    case(f"grid_sample_{mode}", "GridSample", lambda r: [f(r, 1, 2, 5, 6), (r.random((1, 4, 3, 2)) * 2.4 - 1.2).astype(F)], {"mode": mode}, atol=1e-4)
case("grid_sample_border", "GridSample", lambda r: [f(r, 1, 2, 5, 6), (r.random((1, 4, 3, 2)) * 2.4 - 1.2).astype(F)],
     {"padding_mode": "border", "align_corners": 1}, atol=1e-4)
case("trilu", "Trilu", lambda r: [f(r, 2, 4, 5)])
case("trilu_lower", "Trilu", lambda r: [f(r, 4, 5), s(1, I64)], {"upper": 0})
case("pad", "Pad", lambda r: [f(r, 2, 3), Const(np.array([0, 1, 2, 0], I64)), Const(s(1.5))])
case("pad_2d", "Pad", lambda r: [f(r, 2, 3), Const(np.array([[0, 1, 2, 0]], I64))])
case("pad_reflect", "Pad", lambda r: [f(r, 4, 5), Const(np.array([1, 2, 2, 1], I64))], {"mode": "reflect"})
case("gather_nd", "GatherND", lambda r: [f(r, 4, 5, 2), np.array([[0, 1], [3, 4]], I64)])
case("unique", "Unique", lambda r: [np.array([2, 1, 1, 3, 4, 3, 2], F)], outputs=3)
case("unfold", "UnfoldTensor", lambda r: [f(r, 2, 9, 3)], {"dim": 1, "size": 4, "step": 2})
case("unfold_last", "UnfoldTensor", lambda r: [f(r, 2, 9)], {"size": 3})


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__)
        return 0 if "-h" in sys.argv or "--help" in sys.argv else 1
    root = Path(sys.argv[1])
    shutil.rmtree(root, ignore_errors=True)
    cases, refused, seen = {}, [], {}
    for entry in CASES:
        try:
            name, described = export(entry, root)
        except Exception as error:                          # onnxruntime has no such kernel, or refuses the operands
            refused.append(f"{entry['name']}: {str(error).splitlines()[0][:200]}")
            continue
        seen[entry["op"]] = seen.get(entry["op"], 0) + 1
        cases[name] = {**described, "short": seen[entry["op"]] <= SHORT}
    (root / "suite.json").write_text(json.dumps({"onnxruntime": onnxruntime.__version__, "cases": cases, "not_exported": refused}, indent=0, sort_keys=True))
    print(f"{len(cases)} cases of {len(seen)} ops, {len(refused)} not exported")
    for line in refused:
        print("  " + line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
