# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The table of generators: which op, how often, in which opsets."""

GEN = {}


def gen(ops, weight=1.0, lo=13, hi=99):
    def deco(f):
        for o in ops.split():
            GEN[o] = (f, weight, lo, hi)
        return f
    return deco
