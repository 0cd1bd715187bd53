"""One backend on one case, in a process of its own; tools/dev/bench starts it.

    worker.py BACKEND MODEL CASE.in.npz THREADS [LIBRARY]

Prints a JSON line with load time, first run and memory, one with the difference from the reference, then for each line
"SECONDS" on stdin one with the times of a burst that long. BACKEND: wick (MODEL is a .wick), onnxruntime, openvino, torch
(a TorchScript file, under a Python that has torch). A stateful model (test/models/store.py) takes the arrays of the case
one run after another, each from the state that the last left, for the comparison; a burst repeats the last.
"""
import json
import os
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "models"))
import numpy as np

import compare
import store


def resident():
    """Private and shared memory without the files' pages, which the system may drop at any time."""
    fields = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("Rss"))
    return sum(int(fields[k].split()[0]) for k in ("RssAnon", "RssShmem")) * 1024


class Stream:
    """Runs with state, which two sessions hand to each other without copies: what one writes is the other's input."""

    def __init__(self, library, path, arrays, threads):
        import libwick
        self.first = libwick.Session(libwick.Model(library, Path(path).with_suffix(".fresh")), threads)
        self.model, self.arrays, self.turn = libwick.Model(library, path), arrays, 0
        self.sessions, self.results = [libwick.Session(self.model, threads) for _ in range(2)], None

    def start(self):
        """All arrays of the case; sessions then stay bound to the last."""
        names = [info.name.decode() for info in self.model.infos(True)]
        given = [info.name.decode() for info in self.model.infos(False)]
        self.first.bind(self.arrays[:1])
        self.first.run()
        state = dict(zip([info.name.decode() for info in self.first.model.infos(False)], self.first.outputs()))
        self.results = [v for k, v in state.items() if not k.startswith("state:")]
        buffers = [{k: v.copy() for k, v in state.items() if k.startswith("state:")} for _ in range(2)]
        for x in self.arrays[1:]:
            for turn, session in enumerate(self.sessions):
                session.bind([buffers[turn].get(n, x) for n in names], [buffers[1 - turn].get(n) for n in given])
            self.step()
            outputs = self.sessions[1 - self.turn].outputs()
            self.results += [v for k, v in zip(given, outputs) if not k.startswith("state:")]

    def step(self):
        self.sessions[self.turn].run()
        self.turn = 1 - self.turn

    def __call__(self):
        self.step() if self.results else self.start()
        return self.results


def wick(model, arrays, threads, entry):
    import libwick
    if entry["stateful"]:
        return Stream(sys.argv[5], model, arrays, threads)
    session = libwick.Session(libwick.Model(sys.argv[5], model), threads)
    session.bind(arrays)

    def run():
        session.run()
        return session
    return run


def torch(model, arrays, threads, entry):
    import torch
    torch.set_num_threads(threads)
    method = getattr(torch.jit.load(model).eval(), entry["method"])
    inputs, started = [torch.from_numpy(a) for a in arrays], False

    def run():
        nonlocal started
        with torch.inference_mode():
            if entry["stateful"] and not started:
                started = True
                return [method(x, *entry["arguments"]) for x in inputs]
            return method(*(inputs[-1:] if entry["stateful"] else inputs), *entry["arguments"])
    return run


def onnxruntime(model, arrays, threads, _):
    import onnxruntime as ort
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 4
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    # bound once, as the others are: small models would otherwise pay for the wrapper
    binding = session.io_binding()
    for info, array in zip(session.get_inputs(), arrays):
        binding.bind_ortvalue_input(info.name, ort.OrtValue.ortvalue_from_numpy(array))
    for info in session.get_outputs():
        binding.bind_output(info.name, "cpu")

    def run():
        session.run_with_iobinding(binding)
        return binding
    return run


def openvino(model, arrays, threads, _):
    import openvino as ov
    compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY",
                                                      "INFERENCE_PRECISION_HINT": "f32"})
    request = compiled.create_infer_request()
    if len(compiled.inputs) != len(arrays):
        raise ValueError("OpenVINO dropped an input")
    # by position: names are merged when an input goes straight to an output
    for port, array in zip(compiled.inputs, arrays):
        request.set_tensor(port, ov.Tensor(np.ascontiguousarray(array) if array.ndim else array))

    def run():
        request.infer()
        return request
    return run


def read_outputs(result):
    if hasattr(result, "copy_outputs_to_cpu"):
        return result.copy_outputs_to_cpu()
    if hasattr(result, "outputs"):
        names = [info.name.decode() for info in result.model.infos(False)]
        return [array for name, array in zip(names, result.outputs()) if not name.startswith("state:")]
    if hasattr(result, "numpy"):
        return [result.numpy()]
    if isinstance(result, (list, tuple)):
        return [np.asarray(part) for part in result]
    return [np.array(result.get_output_tensor(i).data) for i in range(len(result.model_outputs))]


def main():
    backend, model, case, threads = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    with np.load(case) as data:
        arrays = [data[k] for k in data.files]
    __import__({"wick": "libwick"}.get(backend, backend))           # the library's own start is not the model's load
    before, start = resident(), time.perf_counter()
    name = sys.argv[6] if len(sys.argv) > 6 else model
    run = globals()[backend](model, arrays, threads, store.entry_of(name))
    loaded = time.perf_counter()
    result = run()
    first = time.perf_counter()
    print(json.dumps({"load": loaded - start, "first": first - loaded, "memory": resident() - before}), flush=True)
    with np.load(case.replace(".in.npz", ".ref.npz")) as ref:
        got = read_outputs(result)
        why, worst = compare.differs(got, [ref[k] for k in ref.files], compare.rule_for(name))
    print(json.dumps({"why": why, "worst": worst}), flush=True)
    for line in sys.stdin:
        end, times = time.perf_counter() + float(line), []
        while True:
            a = time.perf_counter()
            run()
            b = time.perf_counter()
            times.append(b - a)
            if b > end and len(times) >= 3:
                break
        times.sort()
        print(json.dumps({"p50": times[len(times) // 2], "min": times[0], "p99": times[min(len(times) - 1, int(len(times) * 0.99))],
                          "n": len(times)}), flush=True)
    print(json.dumps({"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}), flush=True)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", sys.argv[4])
    main()
