#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes fixtures/growing.script.pt and .npz: a module whose state grows with every run.

    python growing.py           under the Python of tools/dev/setup --torch

The .npz has in0 and out0, out1 of the first run, as all fixtures do; more_in0, more_out0, more_out1 of the second, and
so on. Method `ranks` changes what no program can carry.
"""
from pathlib import Path

import numpy as np
import torch
from torch import nn

FIXTURES = Path(__file__).parent / "fixtures"


class Growing(nn.Module):
    cache: torch.Tensor

    def __init__(self):
        super().__init__()
        self.register_buffer("cache", torch.zeros(0, 3))

    def forward(self, x):
        self.cache = torch.cat([self.cache, x])
        return self.cache.sum(0), self.cache

    @torch.jit.export
    def ranks(self, x):
        self.cache = self.cache.unsqueeze(0)
        return x


def main():
    torch.manual_seed(0)
    net = torch.jit.script(Growing().eval())
    net.save(str(FIXTURES / "growing.script.pt"))
    arrays = {}
    for prefix in ("", "more_", "most_"):
        x = torch.randn(2, 3)
        total, cache = net(x)
        arrays |= {f"{prefix}in0": x.numpy(), f"{prefix}out0": total.numpy(), f"{prefix}out1": cache.numpy().copy()}
    np.savez(FIXTURES / "growing.script.npz", **arrays)


if __name__ == "__main__":
    main()
