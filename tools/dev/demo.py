"""Second half of tools/dev/demo: fetch Magika, compile it, tell the type of files.

Magika reads at most 4096 bytes from each end of a file, strips white space, and keeps 1024 bytes of the beginning and
1024 of the end as integers; 256 fills what is missing. The sizes come from the configuration that ships with it.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import devlib

devlib.need_venv()
sys.path.insert(0, str(devlib.ROOT / "test" / "models"))
import numpy as np  # noqa: E402

import store  # noqa: E402


def features(path, config):
    """[1, beg + end] int32 of one file, as Magika makes them."""
    size, block, fill = path.stat().st_size, config["block_size"], config["padding_token"]
    with open(path, "rb") as f:
        first = f.read(min(block, size)).lstrip()[:config["beg_size"]]
        f.seek(max(0, size - block))
        last = f.read().rstrip()[-config["end_size"]:]
    row = [*first, *[fill] * (config["beg_size"] - len(first)), *[fill] * (config["end_size"] - len(last)), *last]
    return np.array([row], np.int32)


def wick(*arguments):
    """Runs `wick`; its JSON report, when it prints one."""
    done = subprocess.run([str(devlib.wick()), *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        print(done.stderr.strip() or done.stdout.strip(), file=sys.stderr)
        sys.exit(done.returncode)
    try:
        return json.loads(done.stdout)
    except ValueError:
        return {}


def main():
    model = store.fetch("magika/model.onnx", devlib.MODELS)
    config = json.loads(store.fetch("magika/config.min.json", devlib.MODELS).read_text())
    artifact = devlib.build_dir().parent / "demo" / "magika.wick"
    artifact.parent.mkdir(parents=True, exist_ok=True)
    clock = devlib.Clock()
    wick("compile", model, "-o", artifact)
    print(f"compiled {model.name} ({model.stat().st_size / 1e6:.1f} MB) to {artifact.name} "
          f"({artifact.stat().st_size / 1e6:.1f} MB) in {clock}")
    with tempfile.TemporaryDirectory() as scratch:
        source, result = Path(scratch) / "in.npz", Path(scratch) / "out.npz"
        for path in map(Path, sys.argv[1:]):
            if path.stat().st_size < config["min_file_size_for_dl"]:
                print(f"{path.name}: too short to tell")
                continue
            np.savez(source, in0=features(path, config))
            report = wick("run", artifact, "--input", source, "--output", result, "--json")
            with np.load(result) as outputs:
                scores = outputs[outputs.files[0]][0]
            best = int(scores.argmax())
            times = ", ".join(f"{word} {report[key]:.2f} ms" for word, key in (("load", "load_ms"), ("run", "run_ms")) if key in report)
            print(f"{path.name}: {config['target_labels_space'][best]}, {100 * scores[best]:.1f} %" + (f"  ({times})" if times else ""))


if __name__ == "__main__":
    try:
        main()
    except (OSError, store.StoreError) as error:
        print(f"demo: {error}", file=sys.stderr)
        sys.exit(2)
