# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One-op cases whose results PyTorch computes. `python cases.py cases.txt` writes them as text for the unit test
(AtenTest.cpp), which is how the committed file was made (torch 2.15); `--ops` adds the table of what is covered.

A case is an overload with arguments; defaults come from its schema. In the text: `op NAME.OVERLOAD`, one line an
argument in schema order, then `out` lines.
"""
import math
import sys

import torch

torch.manual_seed(0)
A = torch.ops.aten
INF, NAN = float("inf"), float("nan")


def r(*shape, dtype=torch.float32):
    return torch.round(torch.randn(*shape) * 16).div(16).to(dtype)


def i(*values, dtype=torch.int64):
    return torch.tensor(values if len(values) != 1 else values[0], dtype=dtype)


def b(*values):
    return torch.tensor(values, dtype=torch.bool)


def distinct(*shape):
    n = math.prod(shape)
    return ((torch.randperm(n) - n // 2) / 8).reshape(shape)


X, Y, P = r(2, 3), r(2, 3), r(2, 3).abs() + 0.25
V, W4 = r(4), distinct(2, 3, 4, 5)
IM = distinct(1, 2, 5, 6)
I23 = i([[3, -2, 7], [5, 1, -4]])
U8, I8 = i([[250, 3, 7]], dtype=torch.uint8), i([[-100, 3, 7]], dtype=torch.int8)
H, BF = r(2, 3, dtype=torch.float16), r(2, 3, dtype=torch.bfloat16)
D, S0 = r(2, 3, dtype=torch.float64), torch.tensor(1.5)
M = b([True, False, True], [False, False, True])
ODD = torch.tensor([0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, INF, -INF, NAN])

CASES = []


def case(op, *args, **kw):
    CASES.append((op, args, kw))


# Promotion
for op in (A.add.Tensor, A.sub.Tensor, A.mul.Tensor, A.div.Tensor):
    for a, c in ((X, Y), (X, I23), (I23, I23), (H, BF), (H, I23), (D, X), (U8, I8), (I23, S0), (X, torch.tensor(2, dtype=torch.float64)),
                 (U8, i(5)), (X, V[:3]), (H, X)):
        case(op, a, c)
for op in (A.add.Scalar, A.sub.Scalar, A.mul.Scalar, A.div.Scalar):
    for a, c in ((X, 2.5), (I23, 2), (I23, 2.5), (H, 3), (U8, 3)):
        case(op, a, c)
case(A.add.Tensor, X, Y, alpha=2.5), case(A.add.Tensor, I23, I23, alpha=3), case(A.sub.Tensor, X, Y, alpha=2)
case(A.add.Tensor, M, M), case(A.mul.Tensor, M, M), case(A.add.Tensor, M, I23), case(A.rsub.Scalar, X, 1.5), case(A.rsub.Tensor, X, Y)
case(A.rsub.Scalar, I23, 3), case(A.rsub.Tensor, X, Y, alpha=2)
for mode in ("floor", "trunc", None):
    case(A.div.Tensor_mode, X, P, rounding_mode=mode), case(A.div.Scalar_mode, X, -0.75, rounding_mode=mode)
    case(A.div.Tensor_mode, I23, i([2, -3, 4]), rounding_mode=mode)
case(A.floor_divide.default, I23, i([2, -3, 4])), case(A.floor_divide.default, X, P), case(A.floor_divide.Scalar, I23, 2)
case(A.remainder.Scalar, I23, 3), case(A.remainder.Tensor, X, -P), case(A.remainder.Scalar, X, 0.75), case(A.fmod.Scalar, I23, 3)
case(A.fmod.Tensor, X, P), case(A.remainder.Scalar, I23, -3)
for e in (2, 3, 0.5, -1, -0.5, 1.7, 0):
    case(A.pow.Tensor_Scalar, P, e)
case(A.pow.Tensor_Scalar, I23, 2), case(A.pow.Tensor_Scalar, I23, 3), case(A.pow.Tensor_Tensor, P, X), case(A.pow.Scalar, 2, X)
case(A.pow.Scalar, 2, i([1, 5, 3]))
# Comparison and logic
for name in ("eq", "ne", "lt", "le", "gt", "ge"):
    op = getattr(A, name)
    case(op.Tensor, X, Y), case(op.Scalar, X, X[0, 0].item()), case(op.Scalar, I23, 1.5), case(op.Tensor, I23, X), case(op.Tensor, ODD, ODD.flip(0))
for name in ("logical_and", "logical_or", "logical_xor"):
    case(getattr(A, name).default, X, M), case(getattr(A, name).default, I23, i([0, 1, 0]))
case(A.logical_not.default, I23), case(A.logical_not.default, M), case(A.bitwise_not.default, I23), case(A.bitwise_not.default, M)
case(A.bitwise_and.Tensor, I23, i([1, 2, 3])), case(A.__and__.Tensor, M, ~M), case(A.__or__.Scalar, I23, 4), case(A.bitwise_xor.Tensor, I23, i([1, 2, 3]))
# Functions of one operand
for name in ("abs neg sign sgn floor ceil round trunc frac sqrt rsqrt reciprocal exp expm1 log log2 log10 log1p erf erfc sin cos tan asin acos "
             "atan sinh cosh tanh asinh acosh atanh sigmoid relu silu mish square isnan isinf isfinite exp2 relu6 hardswish hardsigmoid selu "
             "log_sigmoid nan_to_num signbit isposinf isneginf deg2rad").split():
    packet = getattr(A, name)
    op = packet.default
    case(op, X)
    if name not in ("relu6", "frac"):
        case(op, ODD)
    if name not in "frac relu6 hardswish hardsigmoid selu mish silu log_sigmoid relu".split():
        case(op, I23)
case(A.round.decimals, X, decimals=1), case(A.relu.default, I23), case(A.sqrt.default, H.abs()), case(A.exp.default, BF)
case(A.gelu.default, X), case(A.gelu.default, X, approximate="tanh"), case(A.leaky_relu.default, X), case(A.leaky_relu.default, X, 0.2)
case(A.elu.default, X), case(A.elu.default, X, 0.5, 2.0, 1.5), case(A.celu.default, X, 0.7), case(A.softplus.default, X * 10, 2.0, 5.0)
case(A.softplus.default, X), case(A.hardtanh.default, X), case(A.hardtanh.default, X, -0.5, 0.25), case(A.threshold.default, X, 0.1, 20.0)
case(A.hardshrink.default, X), case(A.softshrink.default, X, 0.25), case(A.glu.default, IM), case(A.prelu.default, IM, r(2)), case(A.prelu.default, X, r(1))
case(A.clamp.default, X, -0.5, 0.5), case(A.clamp.default, X, None, 0.5), case(A.clamp.default, I23, 0.5), case(A.clamp.Tensor, X, Y, P)
case(A.clamp_min.default, X, 0.1), case(A.clamp_max.default, I23, 2), case(A.maximum.default, X, Y), case(A.minimum.default, I23, X)
case(A.maximum.default, ODD, ODD.flip(0)), case(A.fmax.default, ODD, ODD.flip(0)), case(A.maximum.default, M, ~M)
case(A.atan2.default, ODD[:9], r(9)), case(A.atan2.default, torch.tensor([0.0, -0.0, 0.0, -0.0, 1, -1]), torch.tensor([0.0, 0.0, -0.0, -1.0, 0, 0]))
case(A.hypot.default, X, Y), case(A.xlogy.Tensor, ODD[:5], P[0, :1]), case(A.logaddexp.default, X, Y), case(A.copysign.Tensor, X, Y)
case(A.lerp.Scalar, X, Y, 0.3), case(A.lerp.Tensor, X, Y, P), case(A.addcmul.default, X, Y, P, value=0.5), case(A.addcdiv.default, X, Y, P, value=2)
case(A.where.self, M, X, Y), case(A.where.self, M, X, I23), case(A.where.ScalarOther, M, X, 2.0), case(A.where.Scalar, M, 1, 2), case(A.where.ScalarSelf, M, 1.5, I23)
case(A.masked_fill.Scalar, X, M, -INF), case(A.masked_fill.Tensor, I23, M, torch.tensor(7)), case(A.masked_fill.Scalar, I23, M, 3)
case(A.equal.default, X, X.clone()), case(A.isclose.default, X, X + 1e-6)
# Creation
case(A.zeros.default, [2, 3]), case(A.ones.default, [2], dtype=torch.int64), case(A.full.default, [2, 2], 3), case(A.full.default, [2], 2.5)
case(A.full.default, [2], True), case(A.full.default, [2], 3, dtype=torch.float16), case(A.full_like.default, X, 3), case(A.full_like.default, I23, 2.5, dtype=torch.float32)
case(A.zeros_like.default, X), case(A.ones_like.default, X, dtype=torch.bool), case(A.new_zeros.default, X, [3]), case(A.new_full.default, I23, [2], 4)
case(A.new_ones.default, H, [2, 2]), case(A.arange.default, 5), case(A.arange.default, 4.5), case(A.arange.start, 2, 7), case(A.arange.start_step, 1, 10, 3)
case(A.arange.start_step, 5, -3, -2), case(A.arange.start_step, 0, 1, 0.25), case(A.arange.default, 3, dtype=torch.float32), case(A.arange.start_step, 0.5, 3, 1, dtype=torch.int64)
case(A.linspace.default, 0, 1, 5), case(A.linspace.default, -2, 3, 1), case(A.eye.default, 3), case(A.eye.m, 2, 3), case(A.scalar_tensor.default, 3), case(A.scalar_tensor.default, 2.5, dtype=torch.float64)
case(A.tril.default, W4), case(A.triu.default, W4, 1), case(A.tril.default, X, -1), case(A.hann_window.default, 6), case(A.hann_window.periodic, 6, False), case(A.hamming_window.default, 5)
case(A._to_copy.default, X, dtype=torch.int64), case(A._to_copy.default, X, dtype=torch.float16), case(A.to.dtype, ODD[:9], torch.bool), case(A.to.dtype, I23, torch.float32)
case(A.to.other, X, D), case(A.one_hot.default, i(0, 2, 1), 4), case(A.copy.default, X, i(1, 2, 3)), case(A.fill.Scalar, X, 2)
# Views
case(A.view.default, W4, [6, -1]), case(A.reshape.default, W4, [-1]), case(A.permute.default, W4, [3, -4, 1, 2]), case(A.transpose.int, W4, -1, 0), case(A.t.default, X)
case(A.unsqueeze.default, X, -1), case(A.squeeze.default, IM), case(A.squeeze.dim, IM, 0), case(A.squeeze.dim, IM, 1), case(A.squeeze.dims, IM, [0, 1]), case(A.expand.default, X, [4, -1, 3])
case(A.flatten.using_ints, W4, 1, 2), case(A.flatten.using_ints, S0), case(A.unflatten.int, W4, -2, [2, -1]), case(A.select.int, W4, 1, -1), case(A.slice.Tensor, W4, 2, 1, 100, 2)
case(A.slice.Tensor, W4, -1, -3, -1), case(A.slice.Tensor, W4), case(A.slice.Tensor, W4, 3, 4, 2), case(A.narrow.default, W4, 3, 1, 2), case(A.split.Tensor, W4, 2, -1), case(A.split_with_sizes.default, W4, [1, 3], 2)
case(A.chunk.default, W4, 3, 3), case(A.chunk.default, r(7), 4), case(A.tensor_split.sections, r(7), 3), case(A.unbind.int, X, 1), case(A.diagonal.default, W4, 1, -2, -1), case(A.diagonal.default, X, -1)
case(A.unfold.default, r(7), 0, 3, 2), case(A.unfold.default, W4, -1, 2, 1), case(A.as_strided.default, X, [2, 2], [1, 2], 1), case(A.movedim.intlist, W4, [0, 1], [-1, 0])
case(A.slice_scatter.default, W4, r(2, 3, 2, 5), 2, 1, 3), case(A.slice_scatter.default, W4, r(2, 3, 4, 2), 3, 0, 4, 2), case(A.select_scatter.default, W4, r(2, 4, 5), 1, -1)
# Moves
case(A.cat.default, [X, Y], -1), case(A.cat.default, [X, I23]), case(A.cat.default, [torch.empty(0), X]), case(A.stack.default, [X, Y], -1), case(A.hstack.default, [V, V]), case(A.vstack.default, [V, V])
for pad, mode in (([1, 2], "constant"), ([1, 0, 2, 1], "constant"), ([-1, 1], "constant"), ([1, 2, 2, 1], "reflect"), ([1, 2, 2, 1], "replicate"), ([1, 2, 2, 1], "circular")):
    case(A.pad.default, IM[:, :1], pad, mode)
case(A.pad.default, X, [1, 1], "constant", 2.5), case(A.constant_pad_nd.default, I23, [1, 1], 7), case(A.roll.default, X, [1]), case(A.roll.default, W4, [1, -2], [0, -1]), case(A.flip.default, W4, [0, -1])
case(A.rot90.default, X), case(A.rot90.default, X, 3), case(A.repeat.default, X, [2, 1, 2]), case(A.tile.default, W4[:1, :2], [2]), case(A.repeat_interleave.self_int, X, 2, 1), case(A.repeat_interleave.self_int, X, 2)
case(A.pixel_shuffle.default, r(1, 8, 2, 3), 2), case(A.pixel_unshuffle.default, r(1, 2, 4, 6), 2), case(A.channel_shuffle.default, r(1, 6, 2, 2), 3)
case(A.meshgrid.default, [V, r(3)]), case(A.meshgrid.indexing, [V, r(3)], indexing="xy"), case(A.broadcast_tensors.default, [X, r(2, 1), V[:1]])
case(A.diag_embed.default, X), case(A.diag_embed.default, X, 1), case(A.diag_embed.default, X, -1, 0, 2), case(A.diag.default, V), case(A.diag.default, X, 1)
# Reductions
for name in ("sum", "mean"):
    op = getattr(A, name)
    case(op.default, X), case(op.dim if name == "mean" else op.dim_IntList, W4, [-1, 0], True), case(op.dim if name == "mean" else op.dim_IntList, W4, None)
    case(op.dim if name == "mean" else op.dim_IntList, W4, [1]), case(op.default, BF), case(op.default, X, dtype=torch.float64)
case(A.sum.default, I8), case(A.sum.default, M), case(A.sum.dim_IntList, I23, [0], dtype=torch.float32), case(A.mean.dim, I23, [0], dtype=torch.float32), case(A.prod.default, X), case(A.prod.dim_int, I23, 1, True)
case(A.amax.default, W4, [1, 2]), case(A.amin.default, W4), case(A.amax.default, X, [0], True), case(A.max.default, X), case(A.max.dim, W4, 1), case(A.min.dim, W4, -1, True), case(A.max.other, X, Y)
case(A.max.default, ODD), case(A.any.default, M), case(A.any.dim, M, 1), case(A.all.dim, M, 0, True), case(A.all.default, X), case(A.any.dims, W4, [0, 1]), case(A.max.dim, M, 1), case(A.max.default, U8)
case(A.argmax.default, W4), case(A.argmax.default, W4, 1), case(A.argmin.default, W4, -1, True), case(A.argmax.default, X, None, True), case(A.aminmax.default, X, dim=1)
case(A.var.default, X), case(A.var.dim, W4, [1, 2], False), case(A.var.correction, W4, [0], correction=2, keepdim=True), case(A.std.default, X, False), case(A.var_mean.correction, W4, [1], correction=0), case(A.std.correction, X, None, correction=1)
for p in (2, 1, 0, INF, -INF, 3, 0.5):
    case(A.linalg_vector_norm.default, X, p), case(A.linalg_vector_norm.default, X, p, [1], True)
case(A.norm.Scalar, X), case(A.norm.ScalarOpt_dim, X, 2, [1], True), case(A.norm.ScalarOpt_dtype, H, 2, dtype=torch.float32), case(A.logsumexp.default, X, [1]), case(A.logsumexp.default, torch.tensor([[-INF, -INF], [1, INF]]), [1], True)
case(A.count_nonzero.default, M), case(A.count_nonzero.dim_IntList, W4, [1]), case(A.softmax.int, X, 1), case(A._softmax.default, W4, -2, False), case(A.log_softmax.int, X, 0), case(A.softmax.int, H, 1, torch.float32)
case(A._log_softmax.default, X, 1, False), case(A.softmax.int, H, 1), case(A._safe_softmax.default, torch.tensor([[-INF, -INF], [1.0, 2.0]]), 1), case(A.softmax.int, torch.tensor([[-INF, -INF], [1.0, 2.0]]), 1)
case(A.cosine_similarity.default, X, Y, 1), case(A.pairwise_distance.default, X, Y), case(A.cdist.default, X, r(4, 3)), case(A.nansum.default, ODD[:9])
# Contractions
case(A.matmul.default, X, r(3, 2)), case(A.matmul.default, V, V), case(A.matmul.default, r(2, 1, 3, 4), V), case(A.matmul.default, V, r(2, 4, 3)), case(A.matmul.default, r(2, 1, 3, 4), r(5, 4, 2))
case(A.mm.default, I23, i([[1, 2], [3, 4], [5, 6]])), case(A.bmm.default, r(2, 3, 4), r(2, 4, 1)), case(A.mv.default, X, r(3)), case(A.dot.default, V, V), case(A.linear.default, W4, r(2, 5), r(2)), case(A.linear.default, V, r(4))
case(A.addmm.default, r(2), X, r(3, 2), beta=0.5, alpha=2), case(A.baddbmm.default, r(2, 3, 1), r(2, 3, 4), r(2, 4, 1)), case(A.addmv.default, r(2), X, r(3)), case(A.outer.default, V, V[:2])
case(A.einsum.default, "bij,bjk->bik", [r(2, 3, 4), r(2, 4, 2)]), case(A.einsum.default, "i,j", [V, V]), case(A.einsum.default, "...ij->...ji", [W4]), case(A.einsum.default, "ii->i", [r(3, 3)])
case(A.tensordot.default, r(2, 3, 4), r(4, 3, 2), [1, 2], [1, 0]), case(A.bilinear.default, r(2, 3), r(2, 4), r(5, 3, 4), r(5))
CW = r(4, 2, 3, 3)
case(A.conv2d.default, IM[:, :, :4, :4], CW), case(A.conv2d.default, IM[:, :, :4, :4], CW, r(4), [2, 1], [1, 2], [1, 1]), case(A.conv2d.default, r(2, 5, 6), CW, r(4)), case(A.conv2d.padding, IM[:, :, :4, :4], CW, None, [1, 1], "same", [2, 1])
case(A.conv2d.default, IM[:, :, :4, :4], r(4, 1, 3, 3), None, [1, 1], [0, 0], [1, 1], 2), case(A.conv1d.default, r(1, 3, 8), r(2, 3, 3), r(2), [2], [1], [2]), case(A.conv3d.default, r(1, 2, 3, 4, 4), r(2, 2, 2, 2, 2), r(2))
case(A.conv1d.padding, r(1, 3, 8), r(2, 3, 4), None, [1], "same")
case(A.conv_transpose2d.input, IM[:, :, :3, :3], r(2, 3, 3, 3), r(3), [2, 2], [1, 1], [1, 0]), case(A.conv_transpose1d.default, r(1, 4, 5), r(4, 2, 3), None, [1], [0], [0], 2, [2]), case(A.convolution.default, IM[:, :, :4, :4], CW, r(4), [1, 1], [1, 1], [1, 1], False, [0, 0], 1)
case(A.convolution.default, IM[:, :, :3, :3], r(2, 3, 2, 2), None, [2, 2], [0, 0], [1, 1], True, [0, 0], 1)
# Windows
case(A.max_pool2d.default, IM, [2, 2]), case(A.max_pool2d.default, IM, [3, 3], [2, 2], [1, 1], [1, 1], True), case(A.max_pool2d.default, r(2, 5, 6), [2], [1]), case(A.max_pool2d_with_indices.default, r(2, 2, 5, 6), [3, 2], [2, 2], [1, 1])
case(A.max_pool1d.default, r(1, 2, 7), [3], [2]), case(A.avg_pool2d.default, IM, [3, 3], [2, 2], [1, 1]), case(A.avg_pool2d.default, IM, [3, 3], [2, 2], [1, 1], True, False), case(A.avg_pool2d.default, IM, [2, 3], [2, 2], [1, 1], False, True, 5)
case(A.avg_pool2d.default, IM, [3, 3], [2, 2], [1, 1], True, True), case(A.avg_pool1d.default, r(1, 2, 7), [3]), case(A.avg_pool3d.default, r(1, 1, 4, 4, 4), [2])
for n in ([1, 1], [5, 3], [3, 4], [7, 7], [5, 6]):
    case(A.adaptive_avg_pool2d.default, IM[:, :1], n)
case(A.adaptive_avg_pool1d.default, r(1, 2, 7), [3]), case(A.adaptive_max_pool2d.default, r(1, 2, 4, 6), [2, 3]), case(A.adaptive_max_pool2d.default, r(1, 2, 4, 6), [1, 1]), case(A.adaptive_avg_pool3d.default, r(1, 1, 4, 4, 4), [2, 2, 1])
# Norms
G2, C2 = r(2), r(2)
case(A.batch_norm.default, IM, G2, C2, r(2), r(2).abs() + 1, False, 0.1, 1e-5, False), case(A.batch_norm.default, r(4, 2), None, None, r(2), r(2).abs() + 1, False, 0.1, 1e-3, False), case(A.batch_norm.default, W4, None, None, None, None, True, 0.1, 1e-5, False)
case(A._native_batch_norm_legit_no_training.default, IM, G2, C2, r(2), r(2).abs() + 1, 0.1, 1e-5), case(A._native_batch_norm_legit.no_stats, W4, None, None, True, 0.1, 1e-5)
case(A.instance_norm.default, IM, G2, C2, None, None, True, 0.1, 1e-5, False), case(A.group_norm.default, r(2, 4, 3), 2, r(4), r(4)), case(A.native_group_norm.default, r(2, 4, 3), r(4), r(4), 2, 4, 3, 2, 1e-5)
case(A.layer_norm.default, W4, [4, 5], r(4, 5), r(4, 5)), case(A.layer_norm.default, X, [3]), case(A.native_layer_norm.default, X, [3], r(3), r(3), 1e-5), case(A.rms_norm.default, X, [3], r(3)), case(A.rms_norm.default, X, [3], None, 1e-3)
case(A.layer_norm.default, H, [3])
# Attention
Q = r(2, 2, 3, 4)
case(A.scaled_dot_product_attention.default, Q, Q, Q), case(A.scaled_dot_product_attention.default, Q, r(2, 2, 5, 4), r(2, 2, 5, 4), r(3, 5)), case(A.scaled_dot_product_attention.default, Q, Q, Q, None, 0.0, True)
case(A.scaled_dot_product_attention.default, Q, Q, Q, b([True, False, True], [False, False, False], [True, True, True]), scale=0.3), case(A.scaled_dot_product_attention.default, r(1, 4, 3, 4), r(1, 2, 3, 4), r(1, 2, 3, 4), enable_gqa=True)
E = 4
case(A._native_multi_head_attention.default, *[r(2, 3, E)] * 3, E, 2, r(3 * E, E), r(3 * E), r(E, E), r(E))
case(A._native_multi_head_attention.default, *[r(2, 3, E)] * 3, E, 2, r(3 * E, E), r(3 * E), r(E, E), r(E), b([False, False, True], [False, False, False]), False, True, 1)
for gelu, first in ((True, False), (False, True)):
    case(A._transformer_encoder_layer_fwd.default, r(2, 3, E), E, 2, r(3 * E, E), r(3 * E), r(E, E), r(E), gelu, first, 1e-5, r(E), r(E), r(E), r(E), r(6, E), r(6), r(E, 6), r(E))
# Indexing
case(A.index.Tensor, W4, [i(1, 0)]), case(A.index.Tensor, W4, [None, i(2, -1)]), case(A.index.Tensor, W4, [i(1, 0), None, i(3, -1)]), case(A.index.Tensor, W4, [None, i([[0], [1]]), i(3, 1)]), case(A.index.Tensor, W4, [i(1, 0), i(2, 1), i(0, 0), i(4, 3)])
case(A.index_select.default, W4, 2, i(3, 0)), case(A.embedding.default, r(5, 3), i([[0, 4], [2, 2]])), case(A.take.default, X, i(0, 5)), case(A.gather.default, X, 1, i([[0, 2], [1, 1]])), case(A.take_along_dim.default, X, i([[0, 2], [1, 1]]), 1)
for mode in (0, 1, 2):
    case(A.embedding_bag.default, r(5, 3), i(0, 4, 2, 2), i(0, 1, 1), False, mode)
case(A.embedding_bag.default, r(5, 3), i(0, 4, 2, 2), i(0, 1), False, 0, False, r(4)), case(A.bucketize.Tensor, X, torch.tensor([-1.0, 0.0, 1.0])), case(A.searchsorted.Tensor, torch.tensor([-1.0, 0.0, 1.0]), X, right=True)
case(A.index_put.default, X, [M], torch.tensor(3.0)), case(A.index_put.default, X, [M], torch.tensor(3.0), True)
# Resampling
for op, n in ((A.upsample_nearest2d, 2), (A._upsample_nearest_exact2d, 2)):
    case(op.default, IM[:, :1], [10, 12]), case(op.default, IM[:, :1], [3, 7]), case(op.vec, IM[:, :1], None, [1.5, 2.0])
for op in (A.upsample_bilinear2d, A.upsample_bicubic2d):
    for corners in (False, True):
        case(op.default, IM[:, :1], [8, 9], corners), case(op.vec, IM[:, :1], None, corners, [1.3, 0.7]), case(op.default, IM[:, :1], [1, 1], corners)
case(A.upsample_linear1d.default, r(1, 2, 5), [8], False), case(A.upsample_trilinear3d.default, r(1, 1, 2, 3, 2), [3, 4, 4], False), case(A.upsample_nearest1d.default, r(1, 2, 5), [8])
case(A.affine_grid_generator.default, r(1, 2, 3), [1, 1, 2, 3], False), case(A.affine_grid_generator.default, r(1, 2, 3), [1, 1, 2, 3], True), case(A.im2col.default, IM, [2, 2], [1, 1], [1, 0], [2, 1])
# Cells
case(A.lstm_cell.default, r(2, 3), [r(2, 4), r(2, 4)], r(16, 3), r(16, 4), r(16), r(16)), case(A.gru_cell.default, r(2, 3), r(2, 4), r(12, 3), r(12, 4), r(12), r(12)), case(A.rnn_tanh_cell.default, r(2, 3), r(2, 4), r(4, 3), r(4, 4))
# Losses
case(A.mse_loss.default, X, Y), case(A.l1_loss.default, X, Y, 2), case(A.smooth_l1_loss.default, X, Y, 1, 0.5), case(A.huber_loss.default, X, Y, 0), case(A.binary_cross_entropy_with_logits.default, X, M.float(), None, P)
case(A.nll_loss.default, X.log_softmax(1), i(0, 2)), case(A.cross_entropy_loss.default, X, i(2, -100), r(3).abs()), case(A.kl_div.default, X, P), case(A.binary_cross_entropy.default, X.sigmoid(), M.float())

# Sizes, and ops that decompositions leave
case(A._shape_as_tensor.default, W4), case(A.max_pool2d_with_indices.default, IM, [3, 2], [2, 1], [1, 0], [1, 2], True), case(A._prelu_kernel.default, X, r(1, 3))
case(A._weight_norm_interface.default, r(3, 4), r(3, 1)), case(A._weight_norm.default, r(3, 4), r(3, 1)), case(A._aminmax.default, X), case(A._aminmax.dim, X, 1, True)
case(A.linalg_multi_dot.default, [r(2, 3), r(3, 4), r(4, 2)]), case(A.adjoint.default, r(2, 3)), case(A.rrelu.default, X), case(A.affine_grid_generator.default, r(2, 2, 3), [2, 1, 3, 4], False)
case(A._scaled_dot_product_flash_attention_for_cpu.default, r(1, 2, 3, 4), r(1, 2, 5, 4), r(1, 2, 5, 4))

# What needs routines: these do not fold, so they are for end-to-end runs only.
# Found by random cases beside torch: NaN, bools and dims of 0
for op in (A.hardshrink.default, A.softshrink.default, A.angle.default):
    case(op, ODD)
TIES = torch.tensor([1, 1, NAN, 2, NAN, 1, 0])
for op in (A.cummax.default, A.cummin.default):
    case(op, TIES, 0), case(op, b(False, True, True, False), 0), case(op, U8.t(), -2), case(op, i([[1, 1, 0], [2, 0, 0]]), -1), case(op, torch.tensor([0.0, -0.0, 0.0]), 0)
for right in (False, True):
    case(A.bucketize.Tensor, ODD, torch.tensor([-1, 0, 0, 1.5, INF]), right=right), case(A.searchsorted.Tensor, torch.tensor([-1, 0, 2.0]), TIES, right=right)
case(A.chunk.default, torch.zeros(2, 0), 3, -1), case(A.chunk.default, torch.zeros(0), 2)
case(A.diff.default, X), case(A.diff.default, W4, 2, 1), case(A.diff.default, M), case(A.diff.default, i(3, -2, 9), 3), case(A.diff.default, X, 1, 0, Y, Y)
case(A.diff.default, torch.zeros(0, 2), 1, 0), case(A.angle.default, I23), case(A.angle.default, torch.tensor([-1.0, -0.0, NAN], dtype=torch.float64))
ROUTINES = len(CASES)
case(A.cumsum.default, X, 1), case(A.cumsum.default, I8, 0), case(A.cumsum.default, M, 1), case(A.cumprod.default, X, 0), case(A.topk.default, X, 2), case(A.topk.default, W4, 3, 1, False), case(A.sort.default, X), case(A.sort.default, W4, 1, True)
case(A.sort.stable, i(3, 1, 3, 2), stable=True, dim=0, descending=True), case(A.argsort.default, X, 1), case(A.kthvalue.default, W4, 2, 1), case(A.median.default, r(7)), case(A.median.dim, W4, -1), case(A.sort.default, ODD)
case(A.cummax.default, X, 1), case(A.nonzero.default, M), case(A.masked_select.default, X, M), case(A._unique2.default, i(3, 1, 3, 2, 1), True, True, True), case(A.unique_dim.default, i([[1, 2], [0, 1], [1, 2]]), 0, True, True, True)
case(A.index.Tensor, X, [M]), case(A.index.Tensor, W4, [b([True, False, True], [False, False, True]), None, i(1)]), case(A.index_put.default, W4, [i(1, 0), None, i(3, -1)], r(2, 3, 5)), case(A.index_put.default, X, [i(0, 0, 1)], r(3, 3), True)
case(A.index_put.default, W4, [None, i(0, 2)], r(2, 1, 5)), case(A.index_put.default, X, [M], r(3)), case(A.scatter.src, X, 1, i([[0, 2], [1, 0]]), r(2, 3)), case(A.scatter.value, X, 0, i([[0, 1, 0]]), 5.0), case(A.scatter_add.default, X, 1, i([[0, 0, 2], [1, 1, 1]]), r(2, 3))
for how in ("sum", "prod", "mean", "amax", "amin"):
    for include in (True, False):
        case(A.scatter_reduce.two, X, 1, i([[0, 0, 2], [1, 1, 1]]), r(2, 3), how, include_self=include)
case(A.index_add.default, X, 1, i(2, 0), r(2, 2), alpha=2), case(A.index_copy.default, X, 1, i(2, 0), r(2, 2)), case(A.index_fill.int_Scalar, X, 1, i(2, 0), 7), case(A.masked_scatter.default, X, M, r(4)), case(A.repeat_interleave.self_Tensor, X, i(1, 0, 2), 1)
for mode in (0, 1, 2):
    for padding in (0, 1, 2):
        case(A.grid_sampler.default, IM, r(1, 3, 4, 2), mode, padding, mode == padding)
case(A._upsample_bilinear2d_aa.default, IM, [3, 4], False), case(A._upsample_bicubic2d_aa.default, IM, [3, 4], False), case(A._upsample_bilinear2d_aa.default, IM, [9, 11], True), case(A.col2im.default, r(1, 8, 12), [5, 4], [2, 2], [1, 1], [0, 0], [1, 1])


def rnn(op, gates, bi, layers, first, biases=True):
    h, n = 4, 3
    dirs = 2 if bi else 1
    params = []
    for layer in range(layers):
        for _ in range(dirs):
            params += [r(gates * h, n if layer == 0 else h * dirs), r(gates * h, h)] + ([r(gates * h), r(gates * h)] if biases else [])
    state = r(layers * dirs, 2, h)
    x = r(2, 5, n) if first else r(5, 2, n)
    case(op, x, [state, r(layers * dirs, 2, h)] if gates == 4 else state, [p * 0.3 for p in params], biases, layers, 0.0, False, bi, first)


for op, gates in ((A.lstm.input, 4), (A.gru.input, 3), (A.rnn_tanh.input, 1), (A.rnn_relu.input, 1)):
    rnn(op, gates, False, 1, False), rnn(op, gates, True, 2, True), rnn(op, gates, False, 2, True, False)
case(A.stft.center, r(32), 8, 4, 8, torch.hann_window(8), True, "reflect", False, True, False), case(A.stft.default, r(2, 32), 8, 4, 6, torch.hann_window(6), True, False, False)


def encode(v, schema_type=""):
    if v is None:
        return "N"
    if isinstance(v, bool):
        return f"B {int(v)}"
    if isinstance(v, int):
        return f"I {v}"
    if isinstance(v, float):
        return f"D {v!r}"
    if isinstance(v, str):
        return f"S {v}"
    if isinstance(v, torch.dtype):
        return f"I {CODES[v]}"
    if isinstance(v, (torch.device, torch.layout, torch.memory_format)):
        return "N"
    if isinstance(v, (list, tuple)):
        return " ".join([f"[ {len(v)}"] + [encode(e) for e in v])
    name = str(v.dtype).split(".")[1]
    numbers = v.detach().to(torch.float64 if v.is_floating_point() else torch.int64).flatten().tolist()
    return " ".join([f"T {name}", "x".join(map(str, v.shape)) or "-"] + [f"{n:.6g}" if isinstance(n, float) else str(n) for n in numbers])


CODES = {torch.uint8: 0, torch.int8: 1, torch.int16: 2, torch.int32: 3, torch.int64: 4, torch.float16: 5, torch.float32: 6, torch.float64: 7,
         torch.bool: 11, torch.bfloat16: 15}


def bound(op, args, kw):
    """Arguments in schema order with defaults."""
    out = []
    for k, a in enumerate(op._schema.arguments):
        v = args[k] if k < len(args) else kw[a.name] if a.name in kw else a.default_value
        if isinstance(a.type, torch.ListType) and isinstance(v, (int, float)) and not isinstance(v, bool):
            v = [v]
        if a.name in ("dtype", "layout", "device", "memory_format") and isinstance(v, torch.layout):
            v = None
        out.append(v)
    return out


def results(op, args, kw):
    out = op(*args, **kw)
    if "embedding_bag" in op._schema.name or "flash_attention" in op._schema.name:
        return [out[0]]  # the others are for the backward pass
    return list(out) if isinstance(out, (list, tuple)) else [out]


def main(path):
    with open(path, "w") as f:
        f.write("# Made by cases.py with torch %s; do not edit.\n" % torch.__version__.split("+")[0])
        for op, args, kw in CASES[:ROUTINES]:
            try:
                outs = results(op, args, kw)
            except Exception as e:  # a case that torch refuses is a mistake of this file
                print(op, str(e).split("\n")[0], file=sys.stderr)
                continue
            f.write(f"op {op._schema.name}.{op._overloadname if op._overloadname != 'default' else ''}\n")
            for v in bound(op, args, kw):
                f.write(encode(v) + "\n")
            for v in outs:
                f.write("out " + encode(v) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
