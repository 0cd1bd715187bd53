"""A compilation that cannot end well: too little memory, a full or read-only disk, killed, external data that is not there.

Exit status 2 with a message, and never an output file, whole or in part.
"""
import os
import resource
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import e2e
import onnx


def left(folder):
    return sorted(p.name for p in folder.iterdir())


def limited(megabytes, kind):
    return lambda: resource.setrlimit(kind, (megabytes << 20, megabytes << 20))


def memory(checks, source, folder):
    """Address space, and data, from far too little up to enough. Loading LLVM alone takes 300 MB of the first."""
    for kind, label, coarse, fine in ((resource.RLIMIT_AS, "ulimit -v", 20, 3), (resource.RLIMIT_DATA, "ulimit -d", 1, 2)):
        megabytes, good, codes = coarse, 0, {}
        while good < 3 and megabytes < 3000:
            done = e2e.wick("compile", source, "-o", folder / "limited.wick", "--target", e2e.TARGET, "--quiet", preexec_fn=limited(megabytes, kind))
            # Where the loader has too little, the program does not start: 127, or the kernel kills it.
            started = done.returncode != 127 and not (done.returncode < 0 and not any(code in (0, 2) for code in codes.values()))
            if started:
                checks.that(done.returncode in (0, 2), f"{label} {megabytes} MB: exit {done.returncode}: {done.stderr[-200:]}")
                checks.that(done.returncode == 0 or "error:" in done.stderr, f"{label} {megabytes} MB: no message")
            checks.that(left(folder) == (["limited.wick"] if done.returncode == 0 else []), f"{label} {megabytes} MB leaves {left(folder)}")
            (folder / "limited.wick").unlink(missing_ok=True)
            codes[megabytes] = done.returncode
            good += done.returncode == 0
            megabytes += fine if started else coarse
        span = {code: [m for m, c in codes.items() if c == code] for code in sorted(set(codes.values()))}
        print(f"{label}: " + ", ".join(f"exit {code} {len(m)} times at {m[0]} to {m[-1]} MB" for code, m in span.items()), flush=True)
        checks.that(good == 3 and 2 in span, f"{label}: {span}")


def killed(checks, source, folder):
    out = folder / "killed.wick"
    begin = time.monotonic()
    checks.that(e2e.wick("compile", source, "-o", out, "--target", e2e.TARGET, "--quiet").returncode == 0, "compiles")
    whole = time.monotonic() - begin
    out.unlink()
    stopped = 0
    for sent in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
        for part in (0.02, 0.2, 0.5, 0.8, 0.9, 0.95, 1.0):
            process = subprocess.Popen([e2e.WICK, "compile", source, "-o", out, "--target", e2e.TARGET, "--quiet"], stderr=subprocess.DEVNULL)
            time.sleep(part * whole)
            process.send_signal(sent)
            code = process.wait(timeout=60)
            stopped += code != 0
            checks.that(code in (0, -sent), f"signal {sent} after {part:.0%}: exit {code}")
            if out.exists():             # it had ended but for its farewell
                checks.that(e2e.wick("verify", out).returncode == 0, f"signal {sent} after {part:.0%}: damaged output")
                out.unlink()
            checks.that(left(folder) == [], f"signal {sent} after {part:.0%} leaves {left(folder)}")
    print(f"killed: {stopped} of 21 compilations stopped", flush=True)
    # A package that is there stays whole while a new one is made.
    out.write_bytes(b"old")
    process = subprocess.Popen([e2e.WICK, "compile", source, "-o", out, "--target", e2e.TARGET, "--quiet"])
    time.sleep(whole / 2)
    process.kill()
    process.wait()
    checks.that(out.read_bytes() == b"old" or e2e.wick("verify", out).returncode == 0, "a killed compilation damages the old package")
    out.unlink()


def disk(checks, source, folder):
    target = ["--target", e2e.TARGET, "--quiet"]
    for out in ("/proc/self/model.wick", "/dev/full/model.wick", folder / "none" / "model.wick"):
        done = e2e.wick("compile", source, "-o", out, *target)
        checks.that(done.returncode == 2 and str(out) in done.stderr, f"{out}: exit {done.returncode}: {done.stderr}")
    (folder / "a-directory").mkdir()
    done = e2e.wick("compile", source, "-o", folder / "a-directory", *target)
    checks.that(done.returncode == 2 and "a-directory" in done.stderr, f"output is a directory: exit {done.returncode}: {done.stderr}")
    checks.that(left(folder) == ["a-directory"], f"a directory as output leaves {left(folder)}")
    (folder / "a-directory").rmdir()
    # Files of limited size: what a full disk does, here or where the linker works.
    for size in (0, 4096, 16384, 24576):
        done = e2e.wick("compile", source, "-o", folder / "full.wick", *target, preexec_fn=lambda: (
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))))
        checks.that(done.returncode == 2 and "too large" in done.stderr, f"file size limit {size}: exit {done.returncode}: {done.stderr}")
        checks.that(left(folder) == [], f"file size limit {size} leaves {left(folder)}")
    # A tiny file system that fills up, and one that is read-only.
    script = 'mount -t tmpfs -o size=16k none "$1" && "$0" compile "$2" -o "$1/m.wick" --target "$3" -q; a=$?; ls -A "$1"; ' \
             'mount -o remount,ro "$1" && "$0" compile "$2" -o "$1/m.wick" --target "$3" -q; b=$?; ls -A "$1"; exit $((a * 10 + b))'
    done = e2e.run("unshare", "-m", "sh", "-c", script, e2e.WICK, folder, source, e2e.TARGET)
    if "denied" in done.stderr or "not permitted" in done.stderr:
        print("mounts: not allowed here")
    else:
        checks.that(done.returncode == 22 and done.stdout == "" and "No space" in done.stderr and "Read-only" in done.stderr,
                    f"full and read-only file systems: {done.returncode} {done.stdout} {done.stderr}")
        print("full and read-only file system: " + " | ".join(done.stderr.splitlines()), flush=True)
    if os.geteuid():                     # root may write there
        folder.chmod(0o500)
        done = e2e.wick("compile", source, "-o", folder / "m.wick", *target)
        folder.chmod(0o700)
        checks.that(done.returncode == 2 and "Permission" in done.stderr, f"no permission: exit {done.returncode}: {done.stderr}")


def external(checks, scratch, out):
    """External data that is missing, too short, or lies where it must not."""
    folder = scratch / "external"
    folder.mkdir()
    onnx.save(e2e.mlp(16, 3), folder / "m.onnx", save_as_external_data=True, location="weights.data", size_threshold=0)
    good = onnx.load(folder / "m.onnx", load_external_data=False)
    data = (folder / "weights.data").read_bytes()

    def attempt(label, expect, location=None, content=data):
        model = onnx.ModelProto()
        model.CopyFrom(good)
        if location is not None:
            for tensor in model.graph.initializer:
                for entry in tensor.external_data:
                    if entry.key == "location":
                        entry.value = str(location)
        (folder / "m.onnx").write_bytes(model.SerializeToString())
        (folder / "weights.data").unlink(missing_ok=True)
        if content is not None:
            (folder / "weights.data").write_bytes(content)
        done = e2e.wick("compile", folder / "m.onnx", "-o", out / "e.wick", "--target", e2e.TARGET, "--quiet")
        checks.that(done.returncode == (0 if expect is None else 2) and (expect is None or expect in done.stderr),
                    f"external data, {label}: exit {done.returncode}: {done.stderr}")
        checks.that(left(out) == (["e.wick"] if done.returncode == 0 else []), f"external data, {label} leaves {left(out)}")
        (out / "e.wick").unlink(missing_ok=True)
        if done.returncode:
            print(f"external data, {label}: {done.stderr.splitlines()[0]}", flush=True)

    (scratch / "outside.data").write_bytes(data)
    attempt("whole", None)
    attempt("missing", "weights.data", content=None)
    attempt("cut", "weights.data", content=data[:-1])
    attempt("empty", "weights.data", content=b"")
    attempt("absolute", "outside.data", location=scratch / "outside.data")
    attempt("above", "outside.data", location="../outside.data")
    (folder / "link.data").symlink_to(scratch / "outside.data")
    attempt("through a link", "link.data", location="link.data")
    attempt("a directory", "error", location=".")


def main():
    checks = e2e.Checks()
    source = e2e.MODELS / "lstm.onnx"
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        folder = scratch / "out"
        folder.mkdir()
        disk(checks, source, folder)
        external(checks, scratch, folder)
        killed(checks, source, folder)
        memory(checks, source, folder)
    checks.end()


if __name__ == "__main__":
    main()
