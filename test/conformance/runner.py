# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs cases in the layout of the exported suite and judges their outputs.

Verdicts: pass; unsupported (exit 3); wrong (it ran, an output differs); error (another exit code); crash (a signal);
timeout. Shared by tools/dev/conformance and tools/dev/fuzz.
"""
import collections
import json
import shutil
import sys
import threading
from pathlib import Path

import onnx

import batch
import devlib
import values

VERDICTS = ("wrong", "crash", "timeout", "error", "unsupported")
CHUNK = 40              # cases a process: enough to hide its start, few enough to balance


def judge(root, name, case, k, outdir):
    """None when all outputs of data set k are right, else what differs."""
    try:
        path = Path(outdir) / "manifest.json"
        manifest = {int(e.get("index", i)): e for i, e in enumerate(json.loads(path.read_text()).get("outputs", []))} if path.exists() else {}
        folder = root / "expected" / name / f"set{k}"
        count = len(list(folder.glob("output_*.pb")))
        if manifest and len(manifest) != count:
            return f"{len(manifest)} outputs, expected {count}"
        for i in range(count):
            kind = onnx.TypeProto.FromString((folder / f"type_{i}.pb").read_bytes())
            want = values.from_proto((folder / f"output_{i}.pb").read_bytes(), kind)
            difference = values.difference(values.read(outdir, i, kind, manifest), want, case["rtol"], case["atol"], case["output_names"][i])
            if difference:
                return difference
    except (OSError, ValueError, KeyError) as error:
        return f"outputs unreadable: {error}"
    return None


class Runner:
    """Shares the chosen cases between threads, each of which drives one process at a time.

    `options` has command (None: wick), jobs and timeout; `models` is where cases/<name>/model.onnx lie, mostly `root`.
    """

    def __init__(self, options, root, models, cases, names):
        self.options, self.root, self.models, self.cases = options, root, models, cases
        self.jobs = [(name, k) for name in names for k in range(cases[name]["sets"])]
        self.results, self.lock, self.clock, self.finished = {}, threading.Lock(), devlib.Clock(), 0
        self.scratch = batch.scratch_folder()

    def record(self, name, status, message):
        """A case with several data sets keeps its worst verdict."""
        with self.lock:
            rank = ("pass", "unsupported", "error", "wrong", "timeout", "crash")
            old = self.results.get(name)
            if old is None or rank.index(status) > rank.index(old["status"]):
                self.results[name] = {"status": status, "message": message[:400]}
            self.finished += 1
            if self.finished % 200 == 0 or (sys.stderr.isatty() and self.finished % 10 == 0):
                end = "\r" if sys.stderr.isatty() else "\n"
                print(f"{self.finished}/{len(self.jobs)} in {self.clock}", end=end, file=sys.stderr, flush=True)

    def chunks(self):
        while True:
            with self.lock:
                if not self.jobs_left:
                    return
                part, self.jobs_left = self.jobs_left[:CHUNK], self.jobs_left[CHUNK:]
            yield part

    def work(self):
        for part in self.chunks():
            lines = []
            for name, k in part:
                outdir = Path(self.scratch) / f"{name.replace('/', '_')}.set{k}"
                outdir.mkdir(parents=True)
                lines.append((self.models / "cases" / name / "model.onnx", self.root / "cases" / name / f"set{k}", outdir))

            def report(index, status, message, part=part, lines=lines):
                name, k = part[index]
                if status == 0:
                    difference = judge(self.root, name, self.cases[name], k, lines[index][2])
                    self.record(name, "wrong" if difference else "pass", difference or "")
                else:
                    self.record(name, "unsupported" if status == 3 else status if isinstance(status, str) else "error", message)
                shutil.rmtree(lines[index][2], ignore_errors=True)

            if self.options.command:
                batch.run_single(self.options.command.split(), lines, self.scratch, self.options.timeout, report)
            else:
                batch.run([str(devlib.wick()), "run", "--batch"], lines, self.scratch, self.options.timeout, report)

    def run(self):
        self.jobs_left = list(self.jobs)
        threads = [threading.Thread(target=self.work) for _ in range(self.options.jobs)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        shutil.rmtree(self.scratch, ignore_errors=True)
        return self.results


def summary(label, statuses):
    count = collections.Counter(statuses)
    return f"{label} {count['pass']}/{len(statuses)} " + " ".join(f"{v}={count[v]}" for v in VERDICTS)
