"""Builds Wick and runs all of its tests.

    tools/dev/check                  everything: about 25 minutes on 2 cores from a clean checkout
    tools/dev/check --quick          without the ONNX suite and the real models
    tools/dev/check --preset asan    under sanitizers (dev, asan, tsan, runtime-only, gcc)
    tools/dev/check --full           all cases of com.microsoft, not the short set
    tools/dev/check --only lit,unit  some steps: layers budgets format build lit unit conformance contrib models

Steps: include arrows, budgets and format of the sources; build; lit; gtest by ctest; the ONNX backend suite; ops of
com.microsoft against onnxruntime; the fixed list of real models. A step whose data or Python environment is absent is skipped and says why (a
skipped step counts as one skipped test, the models' as 22). In the ONNX suite a case that is refused as unsupported
counts as skipped; wrong results, crashes, time-outs and other errors count as failed. Each step's output is kept in
<build>/check/. The last line is `N passed, N failed, N skipped`; exit status 0 only when nothing failed.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import devlib

TOOLS = devlib.ROOT / "tools" / "dev"
REQUIRED = ("A=1007", "B=508", "C=447")   # passes that the ONNX suite must have: what was last measured


class Check:
    def __init__(self, options):
        self.options = options
        self.build = devlib.build_dir(options.preset)
        self.logs = self.build / "check"
        self.logs.mkdir(parents=True, exist_ok=True)
        self.passed = self.failed = self.skipped = 0

    def count(self, passed=0, failed=0, skipped=0):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped

    def run(self, name, *command, show=False):
        """Runs a command with its output in a log, showing a sign of life; returns (exit status, the log's text)."""
        log, clock, shown = self.logs / f"{name}.log", devlib.Clock(), 0.0
        with open(log, "w") as f:
            process = subprocess.Popen([str(c) for c in command], cwd=devlib.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                       errors="replace")
            for line in process.stdout:
                f.write(line)
                if show or sys.stdout.isatty() or clock.seconds - shown > 30:
                    shown = clock.seconds
                    text = " ".join(line.split())[:110]
                    if sys.stdout.isatty() and not show:
                        print(f"\r  {text:110s}", end="", flush=True)
                    elif text:
                        print(f"  {text}", flush=True)
            status = process.wait()
        text = log.read_text(errors="replace")
        if sys.stdout.isatty() and not show:
            print("\r" + " " * 112 + "\r", end="")
        print(f"check: {name}: {'done' if status == 0 else f'FAILED (exit {status})'} in {clock}", flush=True)
        if status != 0:
            print("  | " + "\n  | ".join(text.splitlines()[-40:]), flush=True)
            print(f"  full output: {log}", flush=True)
        return status, text

    def skip(self, name, why, count=1):
        print(f"check: {name}: skipped, {why}", flush=True)
        self.count(skipped=count)

    def single(self, name, *command):
        status, _ = self.run(name, *command)
        self.count(passed=status == 0, failed=status != 0)
        return status == 0

    # the steps, in order
    def layers(self):
        self.single("layers", TOOLS / "check-layers")

    def budgets(self):
        self.single("budgets", TOOLS / "check-budgets")

    def format(self):
        self.single("format", TOOLS / "format", "--check")

    def build_all(self):
        preset = ["cmake", "--preset", self.options.preset, "-B", self.build]
        if not self.single("configure", *preset):
            return False
        return self.single("build", "cmake", "--build", self.build, "-j", self.options.jobs)

    def lit(self):
        tests = self.build / "test"
        if not (tests / "lit.site.cfg.py").exists():
            return self.skip("lit", f"preset {self.options.preset} has no compiler")
        out = self.logs / "lit.json"
        out.unlink(missing_ok=True)
        self.run("lit", "/usr/lib/llvm-22/bin/lit", "-sv", "-j", self.options.jobs, "-o", out, tests, tests / "generated")
        if not out.exists():
            return self.count(failed=1)
        codes = [t["code"] for t in json.loads(out.read_text())["tests"]]
        good = sum(c in ("PASS", "XFAIL", "FLAKYPASS") for c in codes)
        skipped = sum(c in ("UNSUPPORTED", "SKIPPED", "EXCLUDED") for c in codes)
        print(f"  {good} passed, {len(codes) - good - skipped} failed, {skipped} skipped")
        self.count(good, len(codes) - good - skipped, skipped)

    def unit(self):
        out = self.logs / "ctest.xml"
        out.unlink(missing_ok=True)
        for suite in sorted(devlib.CACHE.glob("conformance/onnx-*/suite.json")):   # written by an earlier run
            os.environ["WICK_ONNX_SUITE"] = str(suite.parent)
        self.run("unit", "ctest", "--test-dir", self.build, "-E", "^lit$", "-j", self.options.jobs, "--output-on-failure", "--no-tests=ignore",
                 "--output-junit", out)
        if not out.exists():
            return self.skip("unit", "no unit tests are registered")
        suite = ElementTree.parse(out).getroot()
        total, failed = int(suite.get("tests")), int(suite.get("failures"))
        skipped = int(suite.get("skipped", 0)) + int(suite.get("disabled", 0))
        print(f"  {total - failed - skipped} passed, {failed} failed, {skipped} skipped")
        self.count(total - failed - skipped, failed, skipped)

    def conformance(self):
        if not devlib.VENV_PYTHON.exists():
            return self.skip("conformance", "no Python environment (tools/dev/setup makes it)")
        results = self.logs / "conformance.json"
        status, text = self.run("conformance", TOOLS / "conformance", "--all", "--refusals", "--jobs", self.options.jobs, "--json", results,
                                "--show", "wrong,crash,timeout,error", *[word for need in REQUIRED for word in ("--require", need)])
        lines = re.findall(r"^([ABCX]) (\d+)/(\d+) wrong=(\d+) crash=(\d+) timeout=(\d+) error=(\d+) unsupported=(\d+)$", text, re.M)
        for line in lines:
            passed, _, *bad, unsupported = map(int, line[1:])
            print(f"  {line[0]} {passed}/{line[2]}, {sum(bad)} failed, {unsupported} not supported")
            self.count(passed, sum(bad), unsupported)
        if not lines or (status and not sum(int(n) for line in lines for n in line[3:7])):
            self.count(failed=1)
        self.single("support", TOOLS / "support", results, "--check")  # docs/support.md says the same

    def contrib(self):
        """Every case passes: the suite holds none that is out of scope."""
        if not devlib.VENV_PYTHON.exists():
            return self.skip("contrib", "no Python environment (tools/dev/setup makes it)")
        _, text = self.run("contrib", TOOLS / "conformance", "--suite", "contrib", *([] if self.options.full else ["--short"]), "--jobs",
                           self.options.jobs, "--show", "wrong,crash,timeout,error,unsupported")
        line = re.search(r"^M (\d+)/(\d+) ", text, re.M)
        passed, total = map(int, line.groups()) if line else (0, 1)
        print(f"  {passed} of {total} pass")
        self.count(passed=passed, failed=total - passed)

    def models(self):
        count = len(json.loads((devlib.ROOT / "test" / "models" / "manifest.json").read_text())["fixed"])
        if not devlib.VENV_PYTHON.exists():
            return self.skip("models", "no Python environment (tools/dev/setup makes it)", count)
        if not devlib.CASES.exists():
            return self.skip("models", f"no reference data in {devlib.CASES}", count)
        out = self.logs / "models.json"
        out.unlink(missing_ok=True)
        self.run("models", TOOLS / "models", "--json", out)
        results = list(json.loads(out.read_text()).values()) if out.exists() else []
        good = sum(r["status"] == "match" for r in results)
        print(f"  {good} of {count} match")
        self.count(passed=good, failed=count - good)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="release")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--jobs", "-j", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    # The scripts below find the tools in the tree that is checked.
    os.environ["WICK_BUILD_DIR"] = str(devlib.build_dir(options.preset))
    check, clock = Check(options), devlib.Clock()
    steps = {"layers": check.layers, "budgets": check.budgets, "format": check.format, "build": check.build_all, "lit": check.lit,
             "unit": check.unit, "conformance": check.conformance, "contrib": check.contrib, "models": check.models}
    wanted = options.only.split(",") if options.only else list(steps)
    if unknown := [name for name in wanted if name not in steps]:
        parser.error(f"no step {', '.join(unknown)}; there are {', '.join(steps)}")
    if options.quick or options.preset in ("tsan", "runtime-only"):
        wanted = [name for name in wanted if name not in ("conformance", "contrib", "models")]
    for name in wanted:
        print(f"check: {name} ({clock} so far)", flush=True)
        if steps[name]() is False:
            print("check: what was not built cannot be tested", flush=True)
            break
    print(f"check: all in {clock}")
    print(f"{check.passed} passed, {check.failed} failed, {check.skipped} skipped")
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
