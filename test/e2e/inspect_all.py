"""`wick inspect`, `verify` and `bench` on the prepared packages: the text names what the file holds, --json parses."""
import json

import e2e


def main():
    checks = e2e.Checks()
    packages = sorted(e2e.MODELS.glob("*.wick"))
    for package in packages:
        text = e2e.wick("inspect", package)
        facts = e2e.wick("inspect", package, "--kernels", "--schedule", "--json")
        name = package.stem
        if not checks.that(text.returncode == 0 and facts.returncode == 0, f"{name}: {text.stderr}{facts.stderr}"):
            continue
        facts = json.loads(facts.stdout)
        for value in facts["inputs"] + facts["outputs"]:
            checks.that(value["name"] in text.stdout, f"{name}: inspect does not show {value['name']}")
        for slice_ in facts["slices"]:
            checks.that(slice_["name"] in text.stdout and slice_["code_bytes"] > 0, f"{name}: slice {slice_}")
        checks.that(facts["file_bytes"] == package.stat().st_size, f"{name}: size")
        checks.that(facts["groups"] == sum(k["calls"] for k in facts["kernels"]), f"{name}: kernel calls")
        checks.that(facts["distinct_kernels"] == len(facts["kernels"]) <= facts["groups"], f"{name}: distinct kernels")
        checks.that(all(node for k in facts["kernels"] for node in k["nodes"]), f"{name}: a kernel call without a source node")
        checks.that(max(len(line) for line in text.stdout.splitlines()) < 200, f"{name}: overlong lines")
        checks.that(len(facts["manifest"]["source"]["sha256"]) == 64, f"{name}: source hash")
        print(f"{name}: {facts['groups']} kernel calls, {facts['distinct_kernels']} kernels, {facts['weights']['bytes'] / 1e6:.1f} MB of weights")
        sound = e2e.wick("verify", package, "--json")
        checks.that(sound.returncode == 0 and json.loads(sound.stdout)["sound"] is True, f"{name}: verify {sound.stdout}")
    for package in packages[:1] + [p for p in packages if p.stem == "magika"]:
        arguments = ["--input", package.with_suffix(".in.npz"), "--duration", "0.2", "--warmup", "0"]
        done = e2e.wick("bench", package, *arguments, "--json")
        if checks.that(done.returncode == 0, f"bench {package.stem}: {done.stderr}"):
            f = json.loads(done.stdout)
            checks.that(0 < f["min_ms"] <= f["median_ms"] <= f["p99_ms"] and f["load_ms"] > 0 and f["first_run_ms"] > 0, f"bench: {f}")
            checks.that(abs(f["runs_per_second"] - 1000 / f["median_ms"]) < 0.9 * (1000 / f["median_ms"]) + 1e9 * (f["runs"] < 3), f"bench: {f}")
            checks.that(f["peak_memory_bytes"] > f["arena_bytes"] > 0, f"bench: {f}")
        text = e2e.wick("bench", package, *arguments).stdout
        for word in ("load", "first run", "min", "median", "p99", "throughput", "peak memory"):
            checks.that(word in text, f"bench does not print {word}")
    checks.end()


if __name__ == "__main__":
    main()
