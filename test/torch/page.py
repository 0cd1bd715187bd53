#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs what docs/importing-from-pytorch.md prints, in its order, in one folder.

Blocks `python` run with PyTorch, in one process each after the ones before (names stay). Of blocks `console`, lines
with `$` are commands; the lines after one must come in its output in that order, `...` stands for anything within a
line. A command whose output begins with an error or refusal must end with 2 or 3, another with 0.

Exit status: 0 all is as printed, 1 not, 2 there is no PyTorch (tools/dev/setup --torch).
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "dev"))
import devlib  # noqa: E402

PAGE = ROOT / "docs" / "importing-from-pytorch.md"


def sessions(block):
    """[(command, lines that its output must have)]"""
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif line.strip():
            found[-1][1].append(line.strip())
    return found


def check(command, wanted, folder, environment):
    """None, or what differs."""
    done = subprocess.run(command, shell=True, cwd=folder, env=environment, capture_output=True, text=True)
    refused = bool(wanted) and wanted[0].startswith(("error", "not supported"))
    if (done.returncode in (2, 3)) != refused or (not refused and done.returncode):
        return f"exit status {done.returncode}\n{done.stdout}{done.stderr}"
    lines = iter((done.stdout + done.stderr).splitlines())
    for want in wanted:
        pattern = re.compile(".*".join(re.escape(part) for part in want.split("...")) + ("" if want.endswith("...") else "$"))
        if not any(pattern.match(line.strip()) for line in lines):
            return f"no line '{want}' (after those before) in\n{done.stdout}{done.stderr}"
    return None


def main():
    if not devlib.TORCH_PYTHON.exists():
        print("page: there is no PyTorch")
        return 2
    environment = dict(os.environ, PATH=f"{devlib.wick().parent}:{os.environ['PATH']}", PYTHONWARNINGS="ignore")
    blocks = re.findall(r"^```(python|console)\n(.*?)^```", PAGE.read_text(), re.M | re.S)
    failures = count = 0
    with tempfile.TemporaryDirectory(prefix="wick-page-") as folder:
        # One Python for all its blocks: it runs the next one when a line comes.
        source = Path(folder) / "page.py"
        parts = [text for kind, text in blocks if kind == "python"]
        source.write_text("".join(f"{text}\nprint('ready', flush=True); input()\n" for text in parts))
        python = subprocess.Popen([devlib.TORCH_PYTHON, source], cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        started = False
        for kind, text in blocks:
            if kind == "python":
                if started:
                    python.stdin.write("\n")
                    python.stdin.flush()
                started = True
                if python.stdout.readline().strip() != "ready":
                    print("page: a block of Python failed:\n" + python.stderr.read())
                    return 1
                continue
            for command, wanted in sessions(text):
                why, count = check(command, wanted, folder, environment), count + 1
                if why:
                    failures += 1
                    print(f"$ {command}\n{why}")
        python.stdin.close()
        python.kill()
        python.wait()
    print(f"page: {count} commands, {failures} not as printed")
    return 1 if failures or not count else 0


if __name__ == "__main__":
    sys.exit(main())
