"""Turns a model in ONNX text syntax into a binary .onnx file, for lit tests.

    onnx_text.py FILE -o MODEL.onnx

Lines of FILE that start with `//` are lit's RUN and CHECK lines and are left
out, so one file holds the model and what is expected of it:

    // RUN: %onnx_text %s -o %t.onnx
    // RUN: wick compile %t.onnx --stop-after=import | FileCheck %s
    // CHECK: wick.relu
    <ir_version: 8, opset_import: ["" : 17]>
    g (float[N, 4] x) => (float[N, 4] y) { y = Relu(x) }

Named nodes are written `[name] y = Relu(x)`. The model is not checked, so
that tests may hold wrong models too.
"""
import argparse
from pathlib import Path

import onnx.parser

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("file", type=Path)
parser.add_argument("-o", dest="out", type=Path, required=True)
options = parser.parse_args()
text = "\n".join(line for line in options.file.read_text().splitlines() if not line.startswith("//"))
options.out.write_bytes(onnx.parser.parse_model(text).SerializeToString(deterministic=True))
