#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Packs an exported program as torch 2.7 and before did: old_layout.py NEW.pt2 OLD.pt2

    python old_layout.py        under the Python of tools/dev/setup --torch: writes fixtures/inplace.old.pt2

The program is the same JSON. Weights, constants and example inputs are files of torch.save within a zip file that has
no folder. NEW.pt2.npz, the expected results, is copied beside OLD.pt2.
"""
import io
import shutil
import sys
import zipfile
from pathlib import Path

import torch

HERE = Path(__file__).resolve().parent
ARCHIVES = HERE.parents[2] / "shared" / "torchscript" / "archives"


def saved(value):
    out = io.BytesIO()
    torch.save(value, out)
    return out.getvalue()


def main():
    new, old = sys.argv[1:3] if len(sys.argv) > 2 else (ARCHIVES / "inplace.pt2", HERE / "fixtures" / "inplace.old.pt2")
    with zipfile.ZipFile(new) as z:
        program = z.read(next(n for n in z.namelist() if n.endswith("models/model.json")))
    loaded = torch.export.load(new)
    with zipfile.ZipFile(old, "w") as out:
        for name, content in (("serialized_exported_program.json", program),
                              ("serialized_state_dict.pt", saved(loaded.state_dict)),
                              ("serialized_constants.pt", saved(loaded.constants)),
                              ("serialized_example_inputs.pt", saved(loaded.example_inputs)),
                              ("version", b"8.8")):
            out.writestr(zipfile.ZipInfo(name), content)
    shutil.copy(f"{new}.npz", f"{old}.npz")


if __name__ == "__main__":
    main()
