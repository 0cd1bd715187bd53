"""Damaged ONNX files: cut at every byte of the first 4 KB and the last bytes, and 200 random flips each.

`--full` takes every byte and 200 flips of each model. Each copy is compiled and, where that works, run: an error or a normal end, never a signal or a hang. The copies go
through `wick run --batch`, many in one process; when one ends the process it is named and the rest go on.
"""
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import e2e
import numpy as np
import onnx

SECONDS = 60                             # for one copy


def exchange(folder, arrays):
    """A directory of inputs that `wick run --batch` reads."""
    folder.mkdir()
    entries = []
    for i, (name, array) in enumerate(arrays.items()):
        np.save(folder / f"input_{i}.npy", array)
        kind = onnx.TensorProto.DataType.Name(onnx.helper.np_dtype_to_tensor_dtype(array.dtype))
        entries.append({"name": name, "kind": "tensor", "file": f"input_{i}.npy", "onnx_dtype": kind, "shape": list(array.shape)})
    (folder / "manifest.json").write_text(json.dumps({"inputs": entries}))


def variants(data, cuts, flips, seed):
    for size in cuts:
        yield f"cut at {size}", data[:size]
    random = np.random.default_rng(seed)
    for _ in range(flips):
        at, bit = int(random.integers(len(data))), int(random.integers(8))
        yield f"byte {at} bit {bit}", data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1:]


def sweep(checks, name, data, inputs, cuts, flips, scratch):
    folder = scratch / name
    folder.mkdir()
    labels, statuses, begin = [], {}, time.monotonic()
    for i, (label, damaged) in enumerate(variants(data, cuts, flips, len(data))):
        (folder / f"{i}.onnx").write_bytes(damaged)
        labels.append(label)
    at = 0
    while at < len(labels):
        (folder / "list").write_text("".join(f"{folder}/{i}.onnx\t{inputs}\t{folder}/out\n" for i in range(at, len(labels))))
        process = subprocess.Popen([e2e.WICK, "run", "--batch", folder / "list", "--isa", e2e.TARGET], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, errors="replace")
        try:
            out, err = process.communicate(timeout=SECONDS + 2 * (len(labels) - at))
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            err += " (hangs)"
        lines = [line.split(" ", 3) for line in out.splitlines() if line.startswith("RESULT ")]
        for _, i, code, text in lines:
            statuses[at + int(i)] = int(code)
            checks.that(int(code) in (0, 2, 3), f"{name}, {labels[at + int(i)]}: exit {code}")
            checks.that(code == "0" or text.strip(), f"{name}, {labels[at + int(i)]}: no message")
        at += len(lines)
        if at < len(labels):             # this one ended the process
            last = err.strip().splitlines()[-1:] or [""]
            # Running out of memory ends the process by design, with a message.
            ok = process.returncode == 2 and "error:" in err
            checks.that(ok, f"{name}, {labels[at]}: exit {process.returncode}: {last[0]}; see {keep(folder / f'{at}.onnx', name, at)}")
            statuses[at] = process.returncode
            at += 1
    codes = list(statuses.values())
    print(f"{name}: {len(codes)} damaged copies: {codes.count(0)} run, {codes.count(2)} errors, {codes.count(3)} not supported, "
          f"in {time.monotonic() - begin:.0f} s", flush=True)


def keep(path, name, index):
    target = e2e.MODELS / "failed"
    target.mkdir(exist_ok=True)
    copy = target / f"{name}-{index}.onnx"
    copy.write_bytes(path.read_bytes())
    return copy


def main():
    checks, full = e2e.Checks(), "--full" in sys.argv
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        small = e2e.lstm().SerializeToString()
        # Half a second a copy that compiles: few flips unless asked for all.
        exchange(scratch / "lstm-in", {"ids": np.arange(7) % 11, "gate": np.ones(3, np.float32)})
        sweep(checks, "lstm", small, scratch / "lstm-in", range(len(small)), 200 if full else 40, scratch)
        mlp = e2e.mlp(16, 3).SerializeToString()
        exchange(scratch / "mlp-in", {"x": np.ones((2, 16), np.float32)})
        sweep(checks, "mlp", mlp, scratch / "mlp-in", range(0, len(mlp), 1 if full else 7), 200, scratch)
        magika = e2e.CACHE / "magika" / "model.onnx"
        if magika.exists():
            data = magika.read_bytes()
            exchange(scratch / "magika-in", {"bytes": np.ones((1, 2048), np.int32)})
            cuts = [*range(0, 4096, 1 if full else 13), *range(len(data) - 600, len(data), 1 if full else 7)]
            sweep(checks, "magika", data, scratch / "magika-in", cuts, 200 if full else 15, scratch)
    checks.end()


if __name__ == "__main__":
    main()
