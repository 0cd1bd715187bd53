#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Writes OnnxTables.inc: calls of routines with the results that onnxruntime
# gives (onnx's reference text where onnxruntime has no kernel). Inputs are
# either literal or drawn by a generator that RoutineTest.cpp repeats, so the
# table holds little more than expected values. Run by hand when a case is
# added; needs numpy, onnx and onnxruntime.
#   python3 test/unit/kernels/make_tables.py > test/unit/kernels/OnnxTables.inc
import math
import struct
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

TYPES = {"f": np.float32, "d": np.float64, "l": np.int64, "b": np.bool_, "i": np.int32}
out = sys.stdout


class Rand:
    """The draw of RoutineTest.cpp: a 64-bit LCG, 24 bits a number."""

    def __init__(self, kind, shape, seed, lo=-1.0, hi=1.0):
        state, values = seed, []
        for _ in range(int(np.prod(shape))):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            values.append(lo + (hi - lo) * ((state >> 40) / 2.0**24))
        values = np.array(values)
        if kind == "l":
            values = np.floor(values)
        self.array = values.astype(TYPES[kind]).reshape(shape)
        self.text = f"rnd('{kind}', {int(np.prod(shape))}, {seed}, {lo!r}, {hi!r})"


class Lit:
    def __init__(self, kind, values):
        self.array = np.array(values, TYPES[kind])
        self.text = literal("in", kind, self.array)


def number(v):
    if isinstance(v, (bool, np.bool_)):
        return "1" if v else "0"
    v = float(v)
    if math.isnan(v):
        return "NAN"
    if math.isinf(v):
        return "INFINITY" if v > 0 else "-INFINITY"
    return f"{v:.9g}"


def literal(call, kind, array):
    return f"{call}('{kind}', {{{','.join(number(v) for v in np.ravel(array))}}})"


def arg(v):
    if isinstance(v, float):
        return f"{struct.unpack('<q', struct.pack('<d', v))[0]}ll"
    return f"{int(v)}"


def case(name, symbol, ins, outs, args, units, scratch=0):
    """outs: (type, expected) or (type, expected, length of the buffer)."""
    text = [x.text for x in ins]
    for o in outs:
        kind, array = o[0], np.asarray(o[1])
        length = o[2] if len(o) > 2 else array.size
        text.append(literal("expect", kind, array)[:-1] + f", {length})")
    bufs = ", ".join(text[:len(ins)]) + "".join(",\n  " + t for t in text[len(ins):])
    out.write(f'{{"{name}", {symbol}, {{\n  {bufs}}},\n  {{{", ".join(arg(a) for a in args)}}}, {units}, {scratch}}},\n')


def run(op, inputs, nout=1, opset=21, reference=False, **attrs):
    names = [f"x{i}" if x is not None else "" for i, x in enumerate(inputs)]
    node = helper.make_node(op, names, [f"y{i}" for i in range(nout)], **attrs)
    infos = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
             for n, x in zip(names, inputs) if n]
    graph = helper.make_graph([node], "g", infos, [onnx.ValueInfoProto(name=f"y{i}") for i in range(nout)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    feeds = {n: x for n, x in zip(names, inputs) if n}
    if reference:
        return ReferenceEvaluator(model).run(None, feeds)
    model = onnx.shape_inference.infer_shapes(model)
    return ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, feeds)


def recurrent(name, op, gates, H=9, B=5, T=3, flags=0, acts=None, clip=0.0, peep=False, lens=False, **attrs):
    direction = "reverse" if flags & 1 else "forward"
    x, rt = Rand("f", (T, B, gates * H), 11, -2, 2), Rand("f", (H, gates * H), 12)
    h0, c0, p = Rand("f", (B, H), 13), Rand("f", (B, H), 14), Rand("f", (3 * H,), 15)
    rbh, sl = Rand("f", (H,), 16), Lit("l", [3, 1, 2, 3, 0][:B])
    eye = np.eye(gates * H, dtype=np.float32)[None]
    before = op == "GRU" and flags & 8
    bias = np.zeros((1, 2 * gates * H), np.float32)
    if before:
        bias[0, -H:] = rbh.array
    inputs = [x.array, eye, np.ascontiguousarray(rt.array.T)[None], bias,
              sl.array.astype(np.int32) if lens else None, h0.array[None]]
    if op == "LSTM":
        inputs += [c0.array[None], p.array[None] if peep else None]
    kinds = {"Sigmoid": 0, "Tanh": 1, "Relu": 2, "LeakyRelu": 4, "HardSigmoid": 7, "Elu": 8, "Softsign": 9, "Softplus": 10}
    if acts:
        # Only functions that have a parameter take one from the lists.
        attrs.update(activations=[a[0] for a in acts],
                     activation_alpha=[a[1] for a in acts if a[0] in ("LeakyRelu", "HardSigmoid", "Elu")],
                     activation_beta=[a[2] for a in acts if a[0] == "HardSigmoid"])
    else:
        acts = {"LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"], "RNN": ["Tanh"]}[op]
        acts = [(a, 0.0, 0.0) for a in acts]
    attrs = {k: v for k, v in attrs.items() if v != []}
    if clip:
        attrs["clip"] = clip
    ys = run(op, inputs, 3 if op == "LSTM" else 2, hidden_size=H, direction=direction,
             **({"linear_before_reset": 1} if before else {}), **attrs)
    flags |= (2 if lens else 0) | (4 if peep else 0)
    args = [T, B, H, flags, gates * H, 0, B * H, H, 0, float(clip)]
    for a in (list(acts) + [("Tanh", 0.0, 0.0)] * 3)[:3]:
        args += [kinds[a[0]], float(a[1]), float(a[2])]
    ins = {"LSTM": [x, rt, h0, c0, p, sl], "GRU": [x, rt, rbh, h0, sl], "RNN": [x, rt, h0, sl]}[op]
    case(name, f"wick_r_{op.lower()}_f32", ins, [("f", y) for y in ys], args, B, {4: 24, 3: 20, 1: 8}[gates] * H * 4)


def recurrents():
    recurrent("lstm", "LSTM", 4)
    recurrent("lstmReverseLens", "LSTM", 4, flags=1, lens=True)
    recurrent("lstmPeepholes", "LSTM", 4, H=3, peep=True)
    recurrent("lstmClipActs", "LSTM", 4, H=3, B=2, clip=0.5,
              acts=[("HardSigmoid", 0.2, 0.5), ("Softsign", 0.0, 0.0), ("Elu", 1.0, 0.0)])
    recurrent("gru", "GRU", 3)
    recurrent("gruBefore", "GRU", 3, flags=8, lens=True)
    recurrent("gruReverse", "GRU", 3, H=3, flags=1)
    recurrent("rnn", "RNN", 1)
    recurrent("rnnRelu", "RNN", 1, H=3, acts=[("Relu", 0.0, 0.0)])


def resizes():
    coords = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize", "half_pixel_symmetric"]
    x = Rand("f", (7,), 21)
    for mode in ("linear", "cubic"):
        for ci, coord in enumerate(coords):
            for scale in (0.6, 2.3):
                for exclude in ((0, 1) if mode == "cubic" else (0,)):
                    for anti in ((0, 1) if ci == 0 else (0,)):
                        if ci == 4 and exclude:
                            continue
                        roi = np.array([0.2, 0.9] if ci == 4 and scale > 1 else [-0.1, 0.8], np.float32)
                        attrs = dict(mode=mode, coordinate_transformation_mode=coord, cubic_coeff_a=-0.5,
                                     exclude_outside=exclude, antialias=anti, extrapolation_value=10.0)
                        y, = run("Resize", [x.array, roi, np.array([scale], np.float32)], reference=True, **attrs)
                        s = float(np.float32(scale))
                        taps = 2 * math.ceil((2 if mode == "cubic" else 1) / (s if anti and s < 1 else 1)) + 1
                        case(f"resize_{mode}_{coord}_{scale}_{exclude}{anti}", "wick_r_resize_axis_f32", [x], [("f", y)],
                             [7, y.size, 1, 2 if mode == "cubic" else 1, ci, s, float(roi[0]), float(roi[1]), -0.5, 10.0, exclude, anti],
                             y.size, y.size * (16 + 4 * taps))


def samples():
    for rank, dims, outs in ((2, (4, 5), (3, 4)), (3, (3, 4, 5), (2, 2, 3))):
        x = Rand("f", (2, 2) + dims, 31)
        grid = Rand("f", (2,) + outs + (rank,), 32, -1.6, 1.6)
        for mi, mode in enumerate(("nearest", "linear", "cubic")[:4 - rank + 1]):
            for pi, pad in enumerate(("zeros", "border", "reflection")):
                for align in (0, 1):
                    y, = run("GridSample", [x.array, grid.array], opset=20, mode=mode, padding_mode=pad, align_corners=align)
                    case(f"gridSample{rank}d_{mode}_{pad}_{align}", "wick_r_grid_sample_f32", [x, grid], [("f", y)],
                         [rank, 2, *dims, *outs, mi, pi, align], 4)
    x = Rand("f", (2, 2, 6, 7), 33)
    rois = Lit("f", [[0.5, 1, 5, 5.5], [2, 0, 12, 9], [-1, -1, 3, 2]])
    batch = Lit("l", [1, 0, 1])
    for mode in ("avg", "max"):
        for half in (0, 1):
            for ratio in (0, 2):
                y, = run("RoiAlign", [x.array, rois.array, batch.array], opset=16, mode=mode, output_height=2, output_width=3,
                         sampling_ratio=ratio, spatial_scale=0.75, reference=True,
                         coordinate_transformation_mode="half_pixel" if half else "output_half_pixel")
                case(f"roiAlign_{mode}_{half}_{ratio}", "wick_r_roi_align_f32", [x, rois, batch], [("f", y)],
                     [2, 2, 6, 7, 2, 3, ratio, 0.75, mode == "max", half], 6)


def selects():
    x = Rand("f", (2, 7, 3), 41, 0, 6)
    x.array = np.floor(x.array)
    x = Lit("f", x.array)  # ties
    for largest in (0, 1):
        v, i = run("TopK", [x.array, np.array([4])], 2, axis=1, largest=largest)
        case(f"topk{largest}", "wick_r_topk_f32", [x], [("f", v), ("l", i)], [7, 3, 4, largest], 6, 64)
    nz = np.array(np.nonzero(x.array))
    case("nonzeroCount", "wick_r_nonzero_count_f32", [x], [("l", [nz.shape[1]])], [42], 1)
    case("nonzeroFill", "wick_r_nonzero_fill_f32", [x], [("l", nz)], [3, nz.shape[1], 2, 7, 3], 1)
    cond = Lit("b", [1, 0, 1, 1, 0])
    y, = run("Compress", [x.array, cond.array], axis=1)
    case("compressCount", "wick_r_compress_count", [cond], [("l", [3])], [5, 7], 1)
    case("compress", "wick_r_compress_fill_f32", [x, cond], [("f", y)], [7, 3, 5, 3], 2)
    for name, data, axis, dims in (("Flat", x, None, (1, 42, 1)), ("Axis1", Lit("f", [[[1, 2], [0, 1], [1, 2], [0, 1]], [[3, 4], [5, 5], [3, 4], [5, 6]]]), 1, (2, 4, 2))):
        for s in (0, 1):
            y, first, inv, counts = run("Unique", [data.array], 4, sorted=s, **({} if axis is None else {"axis": axis}))
            n, g = dims[1], first.size
            case(f"unique{name}{s}", "wick_r_unique_count_f32", [data],
                 [("l", first, n), ("l", inv), ("l", counts, n), ("l", [g])], [*dims, s], 1, 16 * n)
            case(f"uniqueFill{name}{s}", "wick_r_unique_fill_f32", [data, Lit("l", first)], [("f", y)], [*dims, g], dims[0])
    base = Rand("f", (2, 12, 2), 42, 0, 4)
    boxes = Lit("f", np.concatenate([base.array, base.array + 2], -1))
    scores = Rand("f", (2, 2, 12), 43, 0, 1)
    lim = [Lit("l", [4]), Lit("f", [0.3]), Lit("f", [0.2])]
    for center in (0, 1):
        y, = run("NonMaxSuppression", [boxes.array, scores.array] + [l.array for l in lim], center_point_box=center)
        case(f"nms{center}", "wick_r_non_max_suppression_f32", [boxes, scores, *lim], [("l", y, 48), ("l", [len(y)])],
             [2, 2, 12, 16, center], 1, 16 * 12)


def scatters():
    data, upd = Rand("f", (3, 4, 5), 51), Rand("f", (2, 3, 4), 52)
    for axis in (0, 1, 2):
        idx = Rand("l", (2, 3, 4), 53, -float(data.array.shape[axis]), float(data.array.shape[axis]))
        for ri, red in enumerate(("none", "add", "mul", "min", "max")):
            y, = run("ScatterElements", [data.array, idx.array, upd.array], opset=18, axis=axis, reduction=red)
            case(f"scatterElements{axis}_{red}", "wick_r_scatter_elements_f32", [data, idx, upd], [("f", y)],
                 [3, axis, ri, 3, 4, 5, 2, 3, 4], 60 // data.array.shape[axis])
    idx = Lit("l", [[0, 1], [2, 3], [0, 1], [-1, 3], [1, -4]])
    upd = Rand("f", (5, 5), 54)
    for ri, red in enumerate(("none", "add", "mul", "min", "max")):
        y, = run("ScatterND", [data.array, idx.array, upd.array], opset=18, reduction=red)
        case(f"scatterNd_{red}", "wick_r_scatter_nd_f32", [data, idx, upd], [("f", y)], [5, 2, 5, ri, 3, 4], 12)
    past, upd = Rand("f", (2, 2, 6, 3), 55), Rand("f", (2, 2, 3, 3), 56)
    for circular, start in ((0, [3, 0]), (1, [4, 5])):
        w = Lit("l", start)
        y, = run("TensorScatter", [past.array, upd.array, w.array], opset=24, reference=True, axis=-2,
                 mode="circular" if circular else "linear")
        case(f"tensorScatter{circular}", "wick_r_tensor_scatter_f32", [past, upd, w], [("f", y)], [2, 6, 3, 3, circular, 1], 4)
    x, idx = Rand("f", (1, 1, 2, 2), 57), Lit("l", [5, 7, 13, 15])
    y, = run("MaxUnpool", [x.array, idx.array.reshape(1, 1, 2, 2)], kernel_shape=[2, 2], strides=[2, 2])
    case("maxUnpool", "wick_r_max_unpool_f32", [x, idx], [("f", y)], [4, 16], 16)
    x = Rand("f", (2, 5, 3), 58)
    for exclusive in (0, 1):
        for reverse in (0, 1):
            y, = run("CumSum", [x.array, np.array(1)], exclusive=exclusive, reverse=reverse)
            case(f"cumsum{exclusive}{reverse}", "wick_r_cumsum_f32", [x], [("f", y)], [5, 3, exclusive, reverse], 6)
    case("cumprod", "wick_r_cumprod_f32", [x], [("f", np.cumprod(x.array, 1))], [5, 3, 0, 0], 6)


def transforms():
    x = Rand("f", (1, 2 * 6, 10), 62)
    y, = run("Col2Im", [x.array, np.array([5, 6]), np.array([2, 3])], opset=18, strides=[2, 1], pads=[1, 0, 0, 1], dilations=[2, 1])
    case("col2im", "wick_r_col2im_f32", [x], [("f", y)], [2, 10, 5, 6, 2, 3, 2, 1, 2, 1, 1, 0, 2, 5], 2)
    x = Rand("f", (3, 5, 5), 63)
    case("det", "wick_r_det_f32", [x], [("f", np.linalg.det(x.array.astype(np.float64)))], [5], 3, 100)
    for n in (1, 2, 7, 8, 12, 30, 64):
        x = Rand("f", (2, 10, 2, 2), 64)
        z = x.array[..., 0] + 1j * x.array[..., 1].astype(np.float64)
        for inverse in (0, 1):
            y = (np.fft.ifft if inverse else np.fft.fft)(z, n, axis=1)
            if n > 12:
                z = z[:1, :, :1]
                x = Lit("f", np.stack([z.real, z.imag], -1))
                y = y[:1, :, :1]
            inner = z.shape[2]
            case(f"dft{n}_{inverse}", "wick_r_dft_f32", [x], [("f", np.stack([y.real, y.imag], -1))],
                 [10, inner, 2, n, n, 2, inverse, 0], z.shape[0] * inner, 24 * n)
    x = Rand("f", (2, 10, 1, 1), 65)
    y = np.fft.rfft(x.array[:, :, 0, 0], 10, axis=1)
    case("rfft", "wick_r_dft_f32", [x], [("f", np.stack([y.real, y.imag], -1))], [10, 1, 1, 10, 6, 2, 0, 0], 2, 240)
    h = Rand("f", (2, 6, 1, 2), 66)
    y = np.fft.irfft(h.array[:, :, 0, 0] + 1j * h.array[:, :, 0, 1], 10, axis=1)
    case("irfft", "wick_r_dft_f32", [h], [("f", y)], [6, 1, 2, 10, 10, 1, 1, 1], 2, 240)


out.write("// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n//\n"
          "// Written by make_tables.py; do not edit. Expected values come from onnxruntime,\n"
          "// numpy or onnx's reference text.\n//\n")
recurrents()
resizes()
samples()
selects()
scatters()
transforms()
