#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the exported programs with loops of torch._higher_order_ops that test/torch/exported.py compares.

    python loops.py             under the Python of tools/dev/setup --torch

In fixtures, loop_NAME.pt2 has the program, loop_NAME.pt2.npz its inputs in0, ... and torch's results out0, ...
"""
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch._higher_order_ops import map as map_op
from torch._higher_order_ops import associative_scan, scan, while_loop
from torch.export import Dim

FIXTURES = Path(__file__).parent / "fixtures"


class While(nn.Module):
    """Ends by the count or by the data; the body reads weights and the input."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x, n):
        def again(i, y):
            return (i < n) & (y.abs().sum() < 100)

        def body(i, y):
            return i + 1, torch.tanh(self.linear(y)) * 2 + x

        return while_loop(again, body, (torch.zeros((), dtype=torch.int64), x))


class Map(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 3)

    def forward(self, rows, shift):
        def body(row, shift):
            return torch.relu(self.linear(row)) + shift.sum(), row.sum(-1)

        return map_op(body, rows, shift)


class Scan(nn.Module):
    def __init__(self, dim, reverse):
        super().__init__()
        self.cell, self.options = nn.Linear(6, 3), {"dim": dim, "reverse": reverse}

    def forward(self, rows, state):
        def body(state, row):
            state = torch.tanh(self.cell(torch.cat([row, state], -1)))
            return state, state * 2

        return scan(body, state, rows, **self.options)


class Prefix(nn.Module):
    def forward(self, rows, factors):
        def combine(a, b):
            return a[0] * b[1] + b[0], a[1] * b[1]

        return associative_scan(combine, (rows, factors), dim=0, combine_mode="pointwise")


class Nested(nn.Module):
    """A scan whose body has a loop that data ends."""

    def forward(self, rows, state):
        def halve(x):
            return (x * 0.5,)

        def body(state, row):
            (row,) = while_loop(lambda x: x.abs().max() > 1, halve, (row,))
            return state + row, row.clone()

        return scan(body, state, rows)


def write(name, net, inputs, dims=None, core=False):
    net.eval()
    program = torch.export.export(net, inputs, dynamic_shapes=dims)
    torch.export.save(program.run_decompositions() if core else program, FIXTURES / f"loop_{name}.pt2")
    results = torch.utils._pytree.tree_leaves(net(*inputs))
    np.savez(FIXTURES / f"loop_{name}.pt2.npz", **{f"in{i}": x.numpy() for i, x in enumerate(inputs)},
             **{f"out{i}": x.detach().numpy() for i, x in enumerate(results)})


def main():
    torch.manual_seed(0)
    r = torch.randn
    write("while", While(), (r(2, 4), torch.tensor(5)))
    write("map", Map(), (r(5, 2, 4), r(2)), ({0: Dim("n")}, None))
    write("scan", Scan(0, False), (r(7, 2, 3), r(2, 3)), ({0: Dim("t")}, None), core=True)
    write("scan_back", Scan(1, True), (r(2, 7, 3), r(2, 3)))
    write("prefix", Prefix(), (r(6, 2), r(6, 2)), ({0: Dim("n")}, {0: Dim("n")}))
    write("nested", Nested(), (r(4, 3) * 5, r(3)))


if __name__ == "__main__":
    sys.exit(main())
