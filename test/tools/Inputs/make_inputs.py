"""Writes tensors for tests: make_inputs.py OUT.npz|OUT.npy|DIR NAME=DTYPE:SHAPE ...

Each tensor holds 0, 1, 2, ... minus 2. A directory gets the exchange form.
    make_inputs.py in.npz x=float32:3x4 in1=int64:2
"""
import json
import sys
from pathlib import Path

import numpy as np

ONNX = {"float32": "FLOAT", "float64": "DOUBLE", "int64": "INT64", "int32": "INT32"}
out, tensors = Path(sys.argv[1]), {}
for argument in sys.argv[2:]:
    name, kind = argument.split("=")
    dtype, shape = kind.split(":")
    dims = [int(d) for d in shape.split("x")] if shape else []
    tensors[name] = (np.arange(int(np.prod(dims))) - 2).astype(dtype).reshape(dims)
if out.suffix == ".npz":
    np.savez(out, **tensors)
elif out.suffix == ".npy":
    np.save(out, next(iter(tensors.values())))
else:
    out.mkdir(parents=True, exist_ok=True)
    entries = []
    for index, (name, array) in enumerate(tensors.items()):
        np.save(out / f"input_{index}.npy", array)
        entries.append({"index": index, "name": name, "kind": "tensor", "onnx_dtype": ONNX[str(array.dtype)],
                        "shape": list(array.shape), "file": f"input_{index}.npy"})
    (out / "manifest.json").write_text(json.dumps({"inputs": entries}))
