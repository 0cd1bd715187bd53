"""The same model gives the same bytes: from other directories, under other names, with 1 and 2 threads, and again."""
import hashlib
import shutil
import tempfile
from pathlib import Path

import e2e

TRACE = e2e.ROOT / "test" / "torch" / "fixtures" / "gru.trace.pt"
# Name: file, options of `wick compile`
SOURCES = {
    **{n: (e2e.CACHE / f"{e2e.REAL[n][0]}.onnx" if n in e2e.REAL else e2e.MODELS / f"{n}.onnx", []) for n in ("lstm", "magika", "silero_vad", "cls")},
    "gru": (TRACE, []),
    "silero_vad_jit": (e2e.CACHE / "silero-vad" / "silero_vad.jit", ["--shape", "x=1x512", "--set", "sr=16000"]),
    "pnet": (e2e.CASES.parent / "derived" / "mtcnn_pnet_traced.pt", ["--shape", "x=?x3x?x?"]),
}


def main():
    checks = e2e.Checks()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        for model, (source, options) in SOURCES.items():
            if not source.exists():
                continue
            other = scratch / "another place" / "with.dots"
            other.mkdir(parents=True, exist_ok=True)
            renamed = other / f"renamed model.bin{source.suffix}"
            shutil.copyfile(source, renamed)
            digests = {}
            for i, (path, threads, cwd) in enumerate([(source, 1, None), (source, 2, None), (renamed, 1, None), (renamed.name, 2, other)]):
                package = scratch / f"{model}-{i}.wick"
                # A path relative to the working directory as well; another user's environment.
                done = e2e.wick("compile", path, "-o", package, "--threads", threads, "--target", e2e.TARGET, "--quiet", *options, cwd=cwd,
                                env={"PATH": "/bin", "LC_ALL": "C", "HOME": f"/nonexistent{i}", "TMPDIR": str(scratch)}, timeout=300)
                if checks.that(done.returncode == 0, f"{model}: exit {done.returncode}: {done.stderr}"):
                    data = package.read_bytes()
                    digests[i] = hashlib.sha256(data).hexdigest()
                    for word in (str(scratch), "renamed model", str(e2e.CACHE), "/nonexistent"):
                        checks.that(word.encode() not in data, f"{model}: the package holds '{word}'")
            checks.that(len(set(digests.values())) == 1, f"{model}: {digests}")
            print(f"{model}: {len(digests)} compilations, sha256 {sorted(set(digests.values()))}", flush=True)
    checks.end()


if __name__ == "__main__":
    main()
