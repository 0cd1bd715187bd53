#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the fixtures NAME.trace.pt or NAME.script.pt with NAME.*.npz of ops that the folding unit test
(test/unit/torch/AtenTest.cpp) cannot run: those that need routines, and sizes that a run finds.

    python routines.py [FOLDER]           needs torch and torchvision (made with torch 2.15, torchvision 0.29)
    python routines.py FOLDER fourier     those whose names contain a word

A module has many cases, one or more outputs each; test/torch/archives.py compares them.
"""
import sys
from pathlib import Path

import numpy as np
import torch
import torchvision

F, OPS = torch.fft, torchvision.ops
FIXTURES = Path(__file__).parent / "fixtures"


def plain(results):
    """Tensors of nested results; complex ones as their parts."""
    if isinstance(results, torch.Tensor):
        return [torch.view_as_real(results.resolve_conj()) if results.is_complex() else results.resolve_neg()]
    return [t for part in results for t in plain(part)]


class Cases(torch.nn.Module):
    def forward(self, *inputs):
        return tuple(plain(self.cases(*inputs)))


class Fourier(Cases):
    """Transforms of one, two and n dims, lengths that cut and fill, every normalization."""

    def cases(self, x):
        z = torch.complex(x[0], x[1])
        out = []
        for norm in (None, "ortho", "forward", "backward"):
            for name in ("fft", "rfft", "ihfft", "ifft", "irfft", "hfft", "fft2", "rfft2", "ihfft2", "irfft2", "fftn", "rfftn", "ihfftn"):
                out.append(getattr(F, name)(x, norm=norm))
            for name in ("fft", "ifft", "irfft", "hfft", "fft2", "ifft2", "irfft2", "hfft2", "fftn", "ifftn", "irfftn", "hfftn"):
                out.append(getattr(F, name)(z, norm=norm))
        for n, dim in ((5, 0), (8, 1), (3, -1), (1, 2), (7, -2)):
            out += [getattr(F, name)(x, n, dim) for name in ("fft", "rfft", "ifft", "ihfft")]
            if dim < 2:
                out += [getattr(F, name)(z, n, dim) for name in ("fft", "ifft", "irfft", "hfft")]
        out += [F.fftn(z, (4, 4), (0, 1)), F.fftn(x, (4, 4)), F.rfftn(x, dim=(0, 2)), F.irfftn(z, (3, 8)), F.fft2(x, (-1, 4))]
        out += [F.fftshift(x), F.fftshift(x, 1), F.ifftshift(x, (0, 2)), F.fftshift(z), F.ifftshift(z, -1)]
        out += [F.fft(torch.arange(6)), F.fft(x.double()), F.rfft(x > 0)]
        return out + [x[0, :, 0] + F.fftfreq(5, 0.5), x[0, 0] + F.fftfreq(6), x[0, 0, :4] + F.rfftfreq(6), x[0, 0, :4] + F.rfftfreq(7, 2.0)]


class Complex(Cases):
    def cases(self, x, y):
        z, w = torch.view_as_complex(x), torch.complex(y[..., 0], y[..., 1])
        r = y[..., 0]
        out = [z * w, z + w, z - w, z / w, z * 2.5, z + 1.5, 3.0 - z, z * r, r / z, 2 / z, z / r, -z, z.conj(), z.conj() * w, z * 1j, z + (1 + 2j)]
        out += [z.abs(), z.angle(), z.real, z.imag, w.real + z.imag, torch.polar(z.abs(), z.angle()), z.reciprocal(), torch.add(z, w, alpha=2)]
        out += [z.sum(), z.sum(1), z.mean(0), z.t(), z.mH, z.reshape(-1), z[1:, ::2], z[0], z.unsqueeze(0).expand(2, 2, 3), z.flip(1)]
        out += [torch.cat([z, w], -1), torch.stack([z, w], -1), z @ w.t(), z.conj() @ w.mT, torch.einsum("ij,kj->ik", z, w), z @ w[0]]
        out += [torch.nn.functional.linear(z, w), z.exp(), z.log(), z.sqrt(), z.square(), z.pow(3), z.pow(0.5), z.sgn(), (z * 0).sgn()]
        out += [z.to(torch.complex64), r.to(torch.complex64), torch.tensor([1, 2]).to(torch.complex64), z.to(torch.complex128) * w, z.to(torch.float32)]
        out += [r.double() + w, z + torch.tensor([1, 2, 3]), z * torch.tensor(2.0), torch.zeros(3, dtype=torch.complex64) + z]
        out += [torch.where(r > 0, z, w), z == w, z == z, z != w, torch.zeros_like(z) + z, torch.ones_like(z), torch.full_like(z, 2.0)]
        out += [z.transpose(0, 1).contiguous(), z.clone().mul_(w), z.view(3, 2), z.roll(1, -1), z[torch.tensor([1, 0])], z[:, [0, 2]], z.repeat(2, 2)]
        out += [z.cumsum(1), torch.gather(z, 1, torch.tensor([[0, 1], [2, 2]])), torch.nn.functional.pad(z, (1, 1)), torch.tril(z), z.masked_fill(r > 0, 0)]
        out += [torch.linalg.vector_norm(z, dim=1), torch.linalg.norm(z), z.isnan(), torch.outer(z[0], w[1]), r.angle(), (r * float("nan")).angle()]
        out += [torch.tensor([-2, 0, 3]).angle() + r, self.written(z, r, w), z.split(1, 1), z.unbind(0), torch.dot(z[0], w[0])]
        return out

    def written(self, z, r, w):
        a, b, c = z.clone(), z.clone(), r.clone()
        a[0] = r[1]
        a.real.mul_(2.0)
        b[:, 1] = w[:, 0]
        c.copy_(z)
        return [a, b, c, z.clone().fill_(3.0)]


class Stft(Cases):
    def __init__(self):
        super().__init__()
        self.register_buffer("hann", torch.hann_window(16))
        self.register_buffer("short", torch.hamming_window(10))

    def cases(self, x):
        out = []
        for n, hop, win, window in [(16, 4, 16, self.hann), (16, None, None, self.hann), (12, 5, 10, self.short), (8, 2, None, None), (9, 3, 7, None)]:
            for kw in ({}, {"center": False}, {"normalized": True}, {"onesided": False}, {"pad_mode": "constant"}):
                z = torch.stft(x, n, hop, win, window, return_complex=True, **kw)
                out.append(z)
                if "pad_mode" in kw or "center" in kw and n != 8:       # windows that are 0 somewhere refuse istft
                    continue
                out += [torch.istft(z, n, hop, win, window, **kw), torch.istft(z, n, hop, win, window, length=40, **kw), torch.istft(z[0], n, hop, win, window, **kw)]
        z = torch.stft(x, 16, 4, 16, self.hann, onesided=False, return_complex=True)
        out += [torch.istft(z, 16, 4, 16, self.hann, onesided=False, return_complex=True), torch.istft(z, 16, 4, 16, self.hann, onesided=False, length=60)]
        out += [torch.stft(x, 16, 4, 10, self.short, center=False, align_to_window=a, return_complex=True) for a in (False, True)]
        return out + [torch.stft(x[0], 16, 4, 16, self.hann, return_complex=True), torch.stft(x, 16, 4, 16, self.hann, return_complex=True).abs().square()]


class Boxes(Cases):
    def cases(self, x, boxes, scores, rois):
        ties, odd = (scores * 3).round(), scores.clone()
        odd[1], odd[5], odd[7] = float("nan"), float("-inf"), float("inf")
        out = [OPS.nms(boxes, scores, iou) for iou in (0.5, 0.1, 1.0, 0.0, 0.3)]
        out += [OPS.nms(boxes, ties, 0.3), OPS.nms(boxes, odd, 0.3), OPS.nms(boxes[:, [0, 1, 0, 1]], scores, 0.3), OPS.nms(boxes[:, [2, 3, 0, 1]], scores, 0.3)]
        wide = torch.tensor([[0.0, 0, 10, 1], [0, 0, 3, 1], [0, 0, 5, 1], [0, 0, 7, 1]])
        out += [OPS.nms(wide, scores[:4].sort(descending=True)[0], iou) for iou in (0.3, 0.5, 0.7)]    # equal to an overlap but for rounding
        out += [OPS.nms(boxes[:0], scores[:0], 0.5), OPS.batched_nms(boxes, scores, torch.arange(12) % 3, 0.3), OPS.nms(boxes.double(), scores.double(), 0.5)]
        for aligned in (True, False):
            out += [OPS.roi_align(x, rois, size, 0.5, ratio, aligned) for ratio in (-1, 0, 1, 3) for size in ((3, 2), 4)]
        out += [OPS.roi_align(x, rois[:0], 2), OPS.roi_pool(x, rois[:0], 2), OPS.ps_roi_pool(x, rois[:0], 2), OPS.ps_roi_align(x, rois[:0], 2)]
        for scale in (1.0, 0.5, 0.3):
            for size in ((2, 2), (4, 2), 1):
                out += [OPS.roi_pool(x, rois, size, scale), OPS.ps_roi_pool(x, rois, size, scale)]
                out += [OPS.ps_roi_align(x, rois, size, scale, ratio) for ratio in (-1, 2)]
        out += [torch.ops.torchvision.roi_pool(x, rois, 0.5, 3, 2)[1], torch.ops.torchvision.ps_roi_pool(x, rois, 0.5, 4, 2)[1]]
        return out + [OPS.roi_pool(x.double(), rois.double(), 2, 0.7), OPS.ps_roi_align(x, rois, (2, 1))]


class Deform(Cases):
    def cases(self, x, offset, mask, w):
        crop = lambda t, parts, h, w: t[:, :parts, :h, :w]
        out = [OPS.deform_conv2d(x, offset[:, :18], w, padding=1), OPS.deform_conv2d(x, offset[:, :18], w, mask=mask[:, :9], padding=1)]
        out += [OPS.deform_conv2d(x, offset[:, :36], w[:, :2], bias=w[:, 0, 0, 0], mask=mask[:, :18], padding=1)]       # two groups of both
        out += [OPS.deform_conv2d(x, crop(offset, 72, 6, 6), w[:, :1])]
        out += [OPS.deform_conv2d(x, crop(offset, 12, 4, 7), w[:, :, :, :2], w[:, 0, 0, 1], stride=(2, 1), padding=(1, 0), mask=crop(mask, 6, 4, 7))]
        out += [OPS.deform_conv2d(x, crop(offset, 24, 6, 8), w[:, :2, :2], padding=(0, 1), dilation=(2, 1))]
        return out + [OPS.deform_conv2d(x, crop(offset, 2, 8, 8), w[:, :, :1, :1], mask=crop(mask, 1, 8, 8)), OPS.deform_conv2d(x[:0], offset[:0, :18], w, padding=1)]


class Projected(Cases):
    """LSTMs whose h is projected."""

    def __init__(self):
        super().__init__()
        options = [dict(num_layers=k, bidirectional=two, bias=bias) for k, two, bias in ((1, False, True), (2, True, True), (2, True, False), (1, True, False))]
        self.nets = torch.nn.ModuleList(torch.nn.LSTM(5, 6, proj_size=3, **o) for o in options)
        self.first = torch.nn.LSTM(5, 6, proj_size=3, batch_first=True)

    def cases(self, x, h, c):
        out = [net(x) for net in self.nets] + [net(x, (h[:n], c[:n])) for net, n in zip(self.nets, (1, 4, 4, 2))]
        return out + [self.first(x), self.first(x[0]), self.nets[0](x[:1]), self.first(x, (h[:1, :2], c[:1, :2]))]


class Nothing(torch.nn.Module):
    """A detector's way from boxes to results, where nothing may be left to go on with."""

    def __init__(self):
        super().__init__()
        self.fc, self.classes, self.deltas = torch.nn.Linear(12, 5), torch.nn.Linear(5, 3), torch.nn.Linear(5, 12)
        self.mask = torch.nn.ConvTranspose2d(3, 2, 2, 2)

    def forward(self, x, boxes, scores):
        keep = torch.where(scores > 0.5)[0]
        boxes, scores = boxes[keep], scores[keep]
        boxes = OPS.clip_boxes_to_image(boxes, (16, 16))
        keep = OPS.remove_small_boxes(boxes, 1e-3)
        boxes, scores = boxes[keep], scores[keep]
        keep = OPS.nms(boxes, scores, 0.3)[:5]
        boxes, scores = boxes[keep], scores[keep]
        rois = torch.cat([torch.full_like(boxes[:, :1], 0), boxes], 1)
        p = OPS.roi_align(x, rois, (2, 2), 0.5, 2, False)
        h = torch.relu(self.fc(p.flatten(1)))
        prob = torch.softmax(self.classes(h), -1)
        flat = self.deltas(h)
        delta = flat.reshape(prob.shape[0], 3, 4)
        count = 0
        for b in [boxes]:
            count += b.size(0)
        if count > 0:
            flat = flat.reshape(count, -1, 4)       # an empty one keeps its rank
        best, label = prob.max(1)
        m = torch.nn.functional.interpolate(self.mask(p).sigmoid(), scale_factor=2.0, mode="bilinear", align_corners=False)
        m = m[torch.arange(label.shape[0]), (label % 2)][:, None]
        n = torch.where(label > 0)[0]
        kept = OPS.batched_nms(boxes[n], best[n], label[n], 0.5)
        return (flat[:, 1:].reshape(-1, 4), boxes, scores, prob, delta, best, label, m, scores.sort(descending=True)[1], boxes[n][kept], torch.stack([best, best]),
                delta[torch.arange(delta.shape[0]), label], delta.sum(0), delta.view(-1, 12).mean(1), torch.cumsum(best, 0), OPS.box_iou(boxes, boxes),
                m.unsqueeze(1).expand(-1, 2, -1, -1, -1).contiguous())


def boxes(n, size):
    low = torch.rand(n, 2) * size * 0.7
    return torch.cat([low, low + torch.rand(n, 2) * size * 0.5 + 0.5], 1)


def main(folder, words):
    torch.manual_seed(0)
    cluster = boxes(4, 16).repeat(3, 1) + torch.rand(12, 4)
    rois = torch.cat([boxes(3, 14), torch.tensor([[3.0, 3, 3, 3], [-4, -4, 30, 30], [9, 8, 4, 3]])])
    rois = torch.cat([torch.tensor([[0.0], [1], [1], [0], [0], [1]]), rois], 1)
    low = torch.rand(8, 2) * 10
    candidates = torch.cat([low, low + torch.rand(8, 2) * 8], 1)
    image, scores = torch.randn(1, 3, 8, 8), torch.rand(8)
    traced = [("fourier", Fourier(), [torch.randn(2, 5, 6)]), ("complex", Complex(), [torch.randn(2, 3, 2), torch.randn(2, 3, 2)]),
              ("stft", Stft(), [torch.randn(2, 50)]), ("boxes", Boxes(), [torch.randn(2, 8, 8, 9), cluster, torch.rand(12), rois]),
              ("deform", Deform(), [torch.randn(2, 4, 8, 8), torch.randn(2, 72, 8, 8) * 2, torch.rand(2, 36, 8, 8), torch.randn(4, 4, 3, 3)]),
              ("projected", Projected(), [torch.randn(2, 4, 5), torch.randn(4, 4, 3), torch.randn(4, 4, 6)])]
    detector = Nothing()
    scripted = [("nothing_left", detector, [image, candidates, scores * 0.4]), ("something_left", detector, [image, candidates, scores])]
    for name, module, inputs in traced + scripted:
        if words and not any(w in name for w in words):
            continue
        module.eval()
        kind = "trace" if isinstance(module, Cases) else "script"
        with torch.no_grad():
            program = torch.jit.trace(module, inputs, check_trace=False) if kind == "trace" else torch.jit.script(module)
            outputs = module(*inputs)
        program.save(str(folder / f"{name}.{kind}.pt"))
        arrays = {f"in{i}": v.numpy() for i, v in enumerate(inputs)} | {f"out{i}": v.numpy() for i, v in enumerate(outputs)}
        np.savez_compressed(folder / f"{name}.{kind}.npz", **arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FIXTURES, sys.argv[2:])
