#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the fixtures of test/unit/trace/LayersTest.cpp: layers of torch.nn with random weights, inputs and results.

    python layers.py            under the Python of tools/dev/setup --torch (which has torch and safetensors)

In fixtures/layers, weights.safetensors and weights.pt (torch.save) have the weights, every other layer in each, with the
layer's name as prefix. values.safetensors has NAME.in0, ... and NAME.out0, ... The test has a layer of the same
name and options for each.
"""
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

FIXTURES = Path(__file__).parent / "fixtures" / "layers"
torch.manual_seed(0)
weights, values = [{}, {}], {}
count = 0


def r(*shape):
    return torch.randn(*shape)


def randomize(module):
    for name, p in [*module.named_parameters(), *module.named_buffers()]:
        if p.dtype.is_floating_point:
            with torch.no_grad():
                p.copy_(torch.rand(p.shape) + 0.5 if name.endswith("running_var") else torch.randn(p.shape) * 0.4)


def flat(result):
    if isinstance(result, torch.Tensor):
        return [result]
    return [t for part in result for t in flat(part)] if isinstance(result, (tuple, list)) else []


def case(name, module, *inputs, **keywords):
    global count
    module.eval()
    randomize(module)
    with torch.no_grad():
        results = flat(module(*inputs, **keywords))
    own = {f"{name}.{k}": v.clone() for k, v in module.state_dict().items()}
    weights[count % 2].update(own)
    count += bool(own)
    given = [t for t in flat(inputs)] + [v for v in keywords.values() if isinstance(v, torch.Tensor)]
    values.update({f"{name}.in{i}": t.clone().contiguous() for i, t in enumerate(given)})
    values.update({f"{name}.out{i}": t.clone().contiguous() for i, t in enumerate(results)})


case("linear", nn.Linear(4, 3), r(2, 5, 4))
case("linear_plain", nn.Linear(4, 3, bias=False), r(4))
case("embedding", nn.Embedding(6, 3), torch.tensor([[0, 5], [2, 2]]))

# Convolutions
case("conv1d", nn.Conv1d(4, 6, 3, stride=2, padding=1, groups=2), r(2, 4, 9))
case("conv1d_unbatched", nn.Conv1d(2, 3, 2, dilation=2, bias=False), r(2, 7))
case("conv1d_same", nn.Conv1d(2, 3, 4, padding="same", dilation=3), r(1, 2, 8))
case("conv1d_circular", nn.Conv1d(2, 3, 3, padding=2, padding_mode="circular"), r(1, 2, 6))
case("conv2d", nn.Conv2d(2, 4, (3, 2), stride=(1, 2), padding=(2, 0), dilation=(2, 1)), r(2, 2, 7, 6))
case("conv2d_depthwise", nn.Conv2d(3, 6, 3, padding=1, groups=3, bias=False), r(1, 3, 5, 4))
case("conv2d_valid", nn.Conv2d(2, 2, 2, padding="valid"), r(1, 2, 4, 3))
case("conv2d_reflect", nn.Conv2d(2, 3, 3, padding=(1, 2), padding_mode="reflect"), r(1, 2, 4, 5))
case("conv2d_same_replicate", nn.Conv2d(2, 2, (2, 3), padding="same", padding_mode="replicate"), r(1, 2, 4, 5))
case("conv3d", nn.Conv3d(2, 2, 2, padding=1, stride=(1, 2, 1)), r(1, 2, 3, 4, 3))
case("conv3d_same", nn.Conv3d(1, 2, (1, 2, 3), padding="same"), r(1, 1, 2, 4, 4))
case("deconv1d", nn.ConvTranspose1d(4, 2, 3, stride=2, padding=1, output_padding=1, groups=2), r(2, 4, 5))
case("deconv2d", nn.ConvTranspose2d(2, 3, (2, 3), stride=(2, 1), dilation=(1, 2), bias=False), r(1, 2, 3, 4))
case("deconv3d", nn.ConvTranspose3d(2, 1, 2, stride=2, padding=(1, 0, 0)), r(1, 2, 2, 2, 3))

# Normalization
case("batch_norm1d", nn.BatchNorm1d(3), r(4, 3))
case("batch_norm2d", nn.BatchNorm2d(3, eps=0.01), r(2, 3, 4, 2))
case("batch_norm3d_plain", nn.BatchNorm3d(2, affine=False), r(1, 2, 2, 2, 2))
case("batch_norm_untracked", nn.BatchNorm1d(3, track_running_stats=False), r(2, 3, 4))
case("instance_norm", nn.InstanceNorm2d(2), r(2, 2, 3, 3))
case("instance_norm_tracked", nn.InstanceNorm1d(2, affine=True, track_running_stats=True), r(2, 2, 5))
case("layer_norm", nn.LayerNorm((3, 4), eps=1e-3), r(2, 3, 4))
case("layer_norm_no_bias", nn.LayerNorm(4, bias=False), r(2, 4))
case("layer_norm_plain", nn.LayerNorm(4, elementwise_affine=False), r(2, 4))
case("group_norm", nn.GroupNorm(2, 4), r(2, 4, 3))
case("group_norm_plain", nn.GroupNorm(4, 4, affine=False), r(2, 4, 3, 2))
case("rms_norm", nn.RMSNorm((2, 4)), r(3, 2, 4) * 1e-3)
case("rms_norm_epsilon", nn.RMSNorm(4, eps=1e-2, elementwise_affine=False), r(2, 4))

# Recurrent layers
for name, kind in ("lstm", nn.LSTM), ("gru", nn.GRU), ("rnn", nn.RNN):
    case(name, kind(3, 4), r(5, 2, 3))
    case(f"{name}_deep", kind(3, 4, num_layers=2, bidirectional=True, batch_first=True), r(2, 5, 3))
    case(f"{name}_no_bias", kind(3, 4, num_layers=2, bias=False), r(3, 1, 3))
    case(f"{name}_unbatched", kind(3, 4, bidirectional=True), r(5, 3))
case("lstm_state", nn.LSTM(3, 4, num_layers=2, batch_first=True), r(2, 5, 3), (r(2, 2, 4), r(2, 2, 4)))
case("lstm_state_unbatched", nn.LSTM(3, 4), r(5, 3), (r(1, 4), r(1, 4)))
case("gru_state", nn.GRU(3, 4, bidirectional=True), r(5, 2, 3), r(2, 2, 4))
case("rnn_relu", nn.RNN(3, 4, nonlinearity="relu"), r(5, 2, 3))

# Attention. No row of a mask is all true: torch gives NaN there with weights, 0 without.
M = nn.MultiheadAttention
pad = torch.tensor([[False, False, False, True], [False, True, False, False]])
block = torch.tensor([[False, True, False, False], [False, False, False, True], [True, False, False, False]])
q, k, v = r(3, 2, 8), r(4, 2, 8), r(4, 2, 8)
no = {"need_weights": False}
case("mha", M(8, 2), q, k, v, **no)
case("mha_weights", M(8, 2), q, k, v)
case("mha_weights_of_heads", M(8, 2, batch_first=True), r(2, 3, 8), r(2, 4, 8), r(2, 4, 8), average_attn_weights=False)
case("mha_batch_first", M(8, 2, batch_first=True, bias=False), r(2, 3, 8), r(2, 4, 8), r(2, 4, 8), **no)
case("mha_mask", M(8, 2), q, k, v, attn_mask=block, **no)
case("mha_mask_float", M(8, 2), q, k, v, attn_mask=r(3, 4), **no)
case("mha_mask_of_heads", M(8, 2), q, k, v, attn_mask=r(4, 3, 4), **no)
case("mha_padding", M(8, 2), q, k, v, key_padding_mask=pad, **no)
case("mha_both", M(8, 2), q, k, v, key_padding_mask=pad, attn_mask=block)
case("mha_causal", M(8, 2), q, q, q, attn_mask=nn.Transformer.generate_square_subsequent_mask(3), is_causal=True, **no)
case("mha_other_sizes", M(8, 2, kdim=5, vdim=3), q, r(4, 2, 5), r(4, 2, 3), **no)
case("mha_more_keys", M(8, 2, add_bias_kv=True, add_zero_attn=True), q, k, v, key_padding_mask=pad, attn_mask=block)
case("mha_unbatched", M(8, 2), r(3, 8), r(4, 8), r(4, 8), key_padding_mask=pad[0])

T = nn.TransformerEncoderLayer
nn.TransformerEncoderLayer.forward.__globals__["torch"].backends.mha.set_fastpath_enabled(False)
case("encoder", T(8, 2, 16), r(4, 2, 8))
case("encoder_gelu", T(8, 2, 16, activation="gelu", batch_first=True, layer_norm_eps=1e-3), r(2, 4, 8))
case("encoder_norm_first", T(8, 2, 16, norm_first=True, bias=False), r(4, 2, 8))
case("encoder_padding", T(8, 2, 16, batch_first=True), r(2, 4, 8), src_key_padding_mask=pad)
case("encoder_causal", T(8, 2, 16, batch_first=True, norm_first=True), r(2, 4, 8),
     src_mask=nn.Transformer.generate_square_subsequent_mask(4), is_causal=True)

# Activations and pools
x = torch.cat([r(2, 3, 4) * 3, torch.tensor([0.0, -0.0, 25.0, -25.0]).expand(2, 1, 4)], 1)
for name, module in (("relu", nn.ReLU()), ("relu6", nn.ReLU6()), ("silu", nn.SiLU()), ("mish", nn.Mish()), ("sigmoid", nn.Sigmoid()),
                     ("tanh", nn.Tanh()), ("hardswish", nn.Hardswish()), ("hardsigmoid", nn.Hardsigmoid()), ("gelu", nn.GELU()),
                     ("gelu_tanh", nn.GELU("tanh")), ("leaky_relu", nn.LeakyReLU(0.2)), ("elu", nn.ELU(1.5)),
                     ("hardtanh", nn.Hardtanh(-2, 0.5)), ("softplus", nn.Softplus(2, 5)), ("glu", nn.GLU(1)), ("softmax", nn.Softmax(1)),
                     ("log_softmax", nn.LogSoftmax(-1)), ("flatten", nn.Flatten(1)), ("dropout", nn.Dropout(0.3)), ("prelu", nn.PReLU(4)),
                     ("prelu_one", nn.PReLU())):
    case(name, module, x)
case("max_pool1d", nn.MaxPool1d(3, stride=2, padding=1, dilation=2), r(1, 2, 9))
case("max_pool2d", nn.MaxPool2d((2, 3), ceil_mode=True), r(1, 2, 5, 7))
case("max_pool3d", nn.MaxPool3d(2, stride=(1, 2, 1)), r(1, 1, 3, 4, 3))
case("avg_pool1d", nn.AvgPool1d(3, stride=2, padding=1), r(1, 2, 8))
case("avg_pool2d", nn.AvgPool2d(3, stride=2, padding=(1, 0), ceil_mode=True, count_include_pad=False), r(1, 2, 6, 6))
case("avg_pool3d", nn.AvgPool3d(2, ceil_mode=True), r(1, 1, 3, 4, 2))
case("adaptive_avg_pool1d", nn.AdaptiveAvgPool1d(3), r(2, 2, 7))
case("adaptive_avg_pool2d", nn.AdaptiveAvgPool2d((2, 3)), r(1, 2, 5, 7))
case("adaptive_avg_pool3d", nn.AdaptiveAvgPool3d(1), r(1, 2, 2, 3, 2))
case("adaptive_max_pool1d", nn.AdaptiveMaxPool1d(2), r(1, 2, 5))
case("adaptive_max_pool2d", nn.AdaptiveMaxPool2d((3, 2)), r(1, 2, 5, 7))
case("adaptive_max_pool3d", nn.AdaptiveMaxPool3d((1, 2, 2)), r(1, 1, 2, 3, 4))

case("sequential", nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(),
                                 nn.Linear(8, 3)), r(2, 1, 6, 6))


class Tower(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))

    def forward(self, x):
        for layer in self.layers:
            x = torch.tanh(layer(x)) + x
        return x


case("module_list", Tower(), r(2, 4))



class Functions(nn.Module):
    """functions.h in its order, and operators."""

    def forward(self, x, y, at):
        F, soft = nn.functional, torch.softmax(x, -1)
        return [torch.exp(x), torch.log(y), torch.sqrt(y), torch.rsqrt(y), torch.abs(x), torch.sin(x), torch.cos(x), torch.pow(y, 1.5),
                torch.maximum(x, y), torch.minimum(x, y), x.clamp(-0.5, 0.25), x.clamp_min(0.1), torch.where(x == y, 1.0, x),
                torch.where(x < y, x, y), torch.where(x > 0.5, x, -1.0), x.mean((0, 2)), x.sum((1,), True), x.amax((2,)),
                x.argmax(1).float(), torch.cat([x, y], 1), torch.stack([x, y], 1), x.gather(2, at), F.pad(x, (1, 2, 0, 1)),
                F.pad(x, (2, 1), "reflect"), x @ y.mT, F.linear(x, y[0]), F.layer_norm(x, (4,)), F.rms_norm(x, (4,), None, 0.1),
                F.scaled_dot_product_attention(x[None], y[None], y[None], is_causal=True),
                F.scaled_dot_product_attention(x[None], y[None], y[None], (x > 0).float() @ torch.ones(4, 3) > 1),
                x + y * 2 - 0.5, 1 - x, 2.5 / y, 3 + x, 0.5 * x, -x / y, soft]


case("functions", Functions(), r(2, 3, 4), torch.rand(2, 3, 4) + 0.5, torch.randint(4, (2, 3, 2)))

save_file(weights[0], FIXTURES / "weights.safetensors")
torch.save(weights[1], FIXTURES / "weights.pt")
save_file(values, FIXTURES / "values.safetensors")
print(sum((FIXTURES / f).stat().st_size for f in ("weights.safetensors", "weights.pt", "values.safetensors")), "bytes", file=sys.stderr)
