"""A small llama-like decoder with a cache of keys and values, token by token against onnxruntime.

Two exports of the same net: one of standard ops whose caches grow by Concat, as optimum writes them; one with
GroupQueryAttention on buffers of a fixed length. In the second the caches are updated in place: past and present are
one memory. In both, the caller's memory is all there is: after a run at the largest sizes the session's does not grow.
Both again with a program for steps of one token beside the general one, which then runs the prompt.
"""
import os
import sys
import tempfile
from pathlib import Path

import e2e
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

try:
    import onnxruntime
except ImportError:
    sys.exit(e2e.SKIP)

sys.path.insert(0, str(e2e.ROOT / "test" / "bench"))
import libwick  # noqa: E402

LIBRARY = Path(os.environ.get("WICK_LIBRARY", Path(e2e.WICK).resolve().parents[1] / "lib" / "libwick.so"))
LAYERS, HEADS, GROUPS, SIZE, VOCABULARY, INNER = 2, 4, 2, 16, 61, 96
WIDTH, BATCH, PROMPT, TOKENS, ROOM = HEADS * SIZE, 2, 5, 16, 32


class Graph:
    """Nodes and constants; every method returns the name of a result."""

    def __init__(self, seed):
        self.random, self.nodes, self.constants = np.random.default_rng(seed), [], []

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def weight(self, *shape):
        return self.constant((self.random.standard_normal(shape) / shape[0] ** 0.5).astype(np.float32))

    def ints(self, *values):
        return self.constant(np.array(values, np.int64))

    def node(self, op, *inputs, outputs=1, domain="", **attributes):
        names = [f"v{len(self.nodes)}_{i}" for i in range(outputs)] if isinstance(outputs, int) else outputs
        self.nodes.append(helper.make_node(op, list(inputs), names, f"{op.lower()}{len(self.nodes)}", domain=domain, **attributes))
        return names[0] if len(names) == 1 else names

    def dim(self, x, axis):
        return self.node("Gather", self.node("Shape", x), self.constant(np.int64(axis)), axis=0)

    def norm(self, x):
        square = self.node("Pow", x, self.constant(np.float32(2)))
        mean = self.node("ReduceMean", square, axes=[-1], keepdims=1)
        root = self.node("Sqrt", self.node("Add", mean, self.constant(np.float32(1e-5))))
        return self.node("Mul", self.node("Div", x, root), self.constant(np.ones(WIDTH, np.float32)))

    def feed_forward(self, x):
        gate, up = self.node("MatMul", x, self.weight(WIDTH, INNER)), self.node("MatMul", x, self.weight(WIDTH, INNER))
        silu = self.node("Mul", gate, self.node("Sigmoid", gate))
        return self.node("MatMul", self.node("Mul", silu, up), self.weight(INNER, WIDTH))

    def heads(self, x, count):
        shape = self.node("Concat", *(self.node("Unsqueeze", self.dim(x, a), self.ints(0)) for a in (0, 1)), self.ints(count, SIZE), axis=0)
        return self.node("Transpose", self.node("Reshape", x, shape), perm=[0, 2, 1, 3])

    def rotated(self, x, cosines, sines):
        half = self.ints(SIZE // 2)
        low = self.node("Slice", x, self.ints(0), half, self.ints(3))
        high = self.node("Slice", x, half, self.ints(SIZE), self.ints(3))
        turned = self.node("Concat", self.node("Neg", high), low, axis=-1)
        return self.node("Add", self.node("Mul", x, cosines), self.node("Mul", turned, sines))

    def repeated(self, x):
        each = HEADS // GROUPS
        dims = [self.node("Unsqueeze", self.dim(x, a), self.ints(0)) for a in (0, 2)]
        wide = self.node("Concat", dims[0], self.ints(GROUPS, each), dims[1], self.ints(SIZE), axis=0)
        flat = self.node("Concat", dims[0], self.ints(HEADS), dims[1], self.ints(SIZE), axis=0)
        return self.node("Reshape", self.node("Expand", self.node("Unsqueeze", x, self.ints(2)), wide), flat)


def frequencies():
    return (10000.0 ** (-np.arange(0, SIZE, 2, dtype=np.float64) / SIZE)).astype(np.float32)


def standard_attention(g, x, state, layer):
    q, k, v = (g.node("MatMul", x, g.weight(WIDTH, n * SIZE)) for n in (HEADS, GROUPS, GROUPS))
    q, k, v = g.heads(q, HEADS), g.heads(k, GROUPS), g.heads(v, GROUPS)
    q, k = g.rotated(q, state["cos"], state["sin"]), g.rotated(k, state["cos"], state["sin"])
    k = g.node("Concat", f"past_key_values.{layer}.key", k, outputs=[f"present.{layer}.key"], axis=2)
    v = g.node("Concat", f"past_key_values.{layer}.value", v, outputs=[f"present.{layer}.value"], axis=2)
    k, v = g.repeated(k), g.repeated(v)
    scores = g.node("Div", g.node("MatMul", q, g.node("Transpose", k, perm=[0, 1, 3, 2])), g.constant(np.float32(SIZE ** 0.5)))
    weights = g.node("Softmax", g.node("Add", scores, state["mask"]), axis=-1)
    y = g.node("Transpose", g.node("MatMul", weights, v), perm=[0, 2, 1, 3])
    shape = g.node("Concat", *(g.node("Unsqueeze", g.dim(x, a), g.ints(0)) for a in (0, 1)), g.ints(WIDTH), axis=0)
    return g.node("MatMul", g.node("Reshape", y, shape), g.weight(WIDTH, WIDTH))


def standard_state(g):
    angles = g.node("Mul", g.node("Unsqueeze", g.node("Cast", "position_ids", to=TensorProto.FLOAT), g.ints(2)), g.constant(frequencies()))
    angles = g.node("Unsqueeze", g.node("Concat", angles, angles, axis=-1), g.ints(1))
    before, length = g.dim("past_key_values.0.key", 2), g.dim("input_ids", 1)
    zero, one, after = g.constant(np.int64(0)), g.constant(np.int64(1)), g.node("Add", before, length)
    queries = g.node("Unsqueeze", g.node("Range", before, after, one), g.ints(1))
    causal = g.node("LessOrEqual", g.node("Range", zero, after, one), queries)
    present = g.node("Unsqueeze", g.node("Cast", "attention_mask", to=TensorProto.BOOL), g.ints(1, 2))
    mask = g.node("Where", g.node("And", causal, present), g.constant(np.float32(0)), g.constant(np.float32(np.finfo(np.float32).min)))
    return {"cos": g.node("Cos", angles), "sin": g.node("Sin", angles), "mask": mask}


def grouped_attention(g, x, state, layer):
    q, k, v = (g.node("MatMul", x, g.weight(WIDTH, n * SIZE)) for n in (HEADS, GROUPS, GROUPS))
    past = [f"past_key_values.{layer}.{what}" for what in ("key", "value")]
    y, _, _ = g.node("GroupQueryAttention", q, k, v, *past, state["seqlens"], state["total"], state["cos"], state["sin"],
                     outputs=[f"attention{layer}", f"present.{layer}.key", f"present.{layer}.value"], domain="com.microsoft", num_heads=HEADS,
                     kv_num_heads=GROUPS, do_rotary=1)
    return g.node("MatMul", y, g.weight(WIDTH, WIDTH))


def grouped_state(g):
    angles = np.arange(ROOM)[:, None] * frequencies()[None].astype(np.float64)
    count = g.node("ReduceSum", "attention_mask", g.ints(1), keepdims=0)
    return {"cos": g.constant(np.cos(angles).astype(np.float32)), "sin": g.constant(np.sin(angles).astype(np.float32)),
            "seqlens": g.node("Cast", g.node("Sub", count, g.constant(np.int64(1))), to=TensorProto.INT32),
            "total": g.node("Cast", g.dim("attention_mask", 1), to=TensorProto.INT32)}


def decoder(grouped):
    g = Graph(seed=7)
    ids = [("input_ids", ["batch_size", "sequence_length"]), ("attention_mask", ["batch_size", "total_length" if grouped else "past + sequence"])]
    if not grouped:
        ids.append(("position_ids", ["batch_size", "sequence_length"]))
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, dims) for name, dims in ids]
    caches = [f"{layer}.{what}" for layer in range(LAYERS) for what in ("key", "value")]
    cache = lambda name, length: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch_size", GROUPS, length, SIZE])
    inputs += [cache(f"past_key_values.{c}", "max_length" if grouped else "past_sequence_length") for c in caches]
    x, state = g.node("Gather", g.weight(VOCABULARY, WIDTH), "input_ids", axis=0), (grouped_state if grouped else standard_state)(g)
    for layer in range(LAYERS):
        x = g.node("Add", x, (grouped_attention if grouped else standard_attention)(g, g.norm(x), state, layer))
        x = g.node("Add", x, g.feed_forward(g.norm(x)))
    g.node("MatMul", g.norm(x), g.weight(WIDTH, VOCABULARY), outputs=["logits"])
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch_size", "sequence_length", VOCABULARY])]
    outputs += [cache(f"present.{c}", "max_length" if grouped else "past + sequence") for c in caches]
    graph = helper.make_graph(g.nodes, "decoder", inputs, outputs, g.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def feeds(ids, seen, caches, grouped):
    """The inputs of one step in the model's order."""
    length = ids.shape[1]
    named = [ids, np.ones((BATCH, seen + length), np.int64)]
    if not grouped:
        named.append(np.tile(np.arange(seen, seen + length), (BATCH, 1)))
    return named + caches


class Net:
    def __init__(self, checks, scratch, grouped, specialized=False):
        self.checks, self.grouped, self.specialized = checks, grouped, specialized
        self.label = ("grouped" if grouped else "standard") + (" with variants" if specialized else "")
        model = decoder(grouped)
        source, package = scratch / f"{self.label}.onnx", scratch / f"{self.label}.wick"
        onnx.save(model, source)
        done = e2e.wick("compile", source, "-o", package, "--target", e2e.TARGET, "--quiet",
                        *(["--specialize", "sequence_length=1"] if specialized else []), timeout=300)
        if done.returncode:
            sys.exit(f"FAILED: {self.label}: exit {done.returncode}: {done.stderr}")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.oracle = onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
        self.names = [i.name for i in model.graph.input]
        self.model = libwick.Model(LIBRARY, package)
        self.session = libwick.Session(self.model)

    def expected(self, inputs):
        return self.oracle.run(None, dict(zip(self.names, inputs)))

    def compare(self, step, got, want):
        variant = self.session.stats().variant
        self.checks.that(variant == int(self.specialized and step > 0), f"{self.label}, step {step}: variant {variant} ran")
        for name, a, b in zip(["logits", *self.names[-2 * LAYERS:]], got, want):
            same = a.shape == b.shape and np.allclose(a, b, rtol=1e-3, atol=1e-4)
            self.checks.that(same, f"{self.label}, step {step}, {name}: {a.shape} and {b.shape}, off by "
                                   f"{np.abs(a - b).max() if a.shape == b.shape else 'all'}")

    def warm(self, caches):
        """One run at the largest sizes, then memory for the results of one that is like it."""
        self.session.bind(feeds(np.zeros((BATCH, PROMPT), np.int64), ROOM - PROMPT, caches, self.grouped))
        self.session.run()
        if self.specialized:
            self.session.bind(feeds(np.zeros((BATCH, 1), np.int64), ROOM - PROMPT, caches, self.grouped))
            self.session.run()
        return self.session.stats().arena_growths

    def still(self, growths):
        self.checks.that(self.session.stats().arena_growths == growths, f"{self.label}: the session's memory grew after its largest run")


def tokens(net):
    """Prompt, then what onnxruntime chose: yields the ids of each step and takes its logits."""
    ids = np.random.default_rng(3).integers(0, VOCABULARY, (BATCH, PROMPT))
    seen = 0
    for step in range(TOKENS):
        logits = yield step, ids, seen
        seen, ids = seen + ids.shape[1], logits[:, -1:].argmax(-1)


def run_standard(net):
    """Caches that grow: two memories for each, the steps alternate."""
    memory = [[np.zeros(BATCH * GROUPS * ROOM * SIZE, np.float32) for _ in range(2 * LAYERS)] for _ in range(2)]
    view = lambda flat, length: flat[:BATCH * GROUPS * length * SIZE].reshape(BATCH, GROUPS, length, SIZE)
    growths = net.warm([view(m, ROOM - PROMPT) for m in memory[0]])
    caches, script, logits = [np.zeros((BATCH, GROUPS, 0, SIZE), np.float32)] * (2 * LAYERS), tokens(net), None
    while True:
        try:
            step, ids, seen = script.send(logits)
        except StopIteration:
            break
        want = net.expected(feeds(ids, seen, caches, False))
        there = memory[step % 2]
        bound = [view(m, seen) for m in memory[1 - step % 2]]
        net.session.bind(feeds(ids, seen, bound, False), [None, *there])
        net.checks.that(all(a.ctypes.data == b.ctypes.data for a, b in zip(net.session.arrays[-2 * LAYERS:], bound)), "a cache was copied to be bound")
        net.session.run()
        got = net.session.outputs()
        net.compare(step, [got[0], *(view(m, seen + ids.shape[1]) for m in there)], want)
        caches, logits = want[1:], want[0]
    net.still(growths)


def run_grouped(net, in_place):
    """Buffers of a fixed length: past and present are one memory, or apart."""
    shape = (BATCH, GROUPS, ROOM, SIZE)
    growths = net.warm([np.zeros(shape, np.float32) for _ in range(2 * LAYERS)])
    past = [np.zeros(shape, np.float32) for _ in range(2 * LAYERS)]
    theirs, script, logits = [np.zeros(shape, np.float32) for _ in range(2 * LAYERS)], tokens(net), None
    while True:
        try:
            step, ids, seen = script.send(logits)
        except StopIteration:
            break
        want = net.expected(feeds(ids, seen, theirs, True))
        present = past if in_place else [np.full(shape, np.nan, np.float32) for _ in past]
        net.session.bind(feeds(ids, seen, past, True), [None, *present])
        net.checks.that(all(a is b for a, b in zip(net.session.arrays[-2 * LAYERS:], past)), "a cache was copied to be bound")
        net.session.run()
        net.compare(step, [net.session.outputs()[0], *present], want)
        places = [net.session.bound[1 + i].data for i in range(2 * LAYERS)]
        net.checks.that(places == [p.ctypes.data for p in present], f"{net.label}: an output moved")
        past, theirs, logits = present, want[1:], want[0]
    net.still(growths)


def refuse(net):
    """In place means the same memory and the same size."""
    shape = (BATCH, GROUPS, ROOM, SIZE)
    names = [i.name.decode() for i in net.model.infos(True)]
    for index, info in enumerate(net.model.infos(False)):
        alias = names[info.alias_input] if info.alias_input >= 0 else ""
        want = info.name.decode().replace("present", "past_key_values") if index else ""
        net.checks.that(alias == want, f"output {info.name.decode()} may share memory with '{alias}', expected '{want}'")
    past = [np.zeros(BATCH * GROUPS * ROOM * SIZE + 16, np.float32) for _ in range(2 * LAYERS)]
    views = [p[:-16].reshape(shape) for p in past]
    ids = np.zeros((BATCH, 1), np.int64)

    def fails(label, inputs, outputs, text):
        net.session.bind(inputs, outputs)
        try:
            net.session.run()
            net.checks.that(False, f"{label} was accepted")
        except libwick.WickError as error:
            net.checks.that(text in str(error), f"{label}: {error}")

    fails("memory shifted by a row", feeds(ids, 3, views, True), [None, past[0][16:], *views[1:]], "overlaps input")
    fails("the memory of another cache", feeds(ids, 3, views, True), [None, views[1], views[0], *views[2:]], "overlaps input")
    short = [v.reshape(-1)[:BATCH * GROUPS * 3 * SIZE].reshape(BATCH, GROUPS, 3, SIZE) for v in views]
    fails("a cache that grows", feeds(ids, 3, short, True), [None, *past], "of one size")
    net.session.bind(feeds(ids, 3, views, True), [None, *views])
    net.session.run()


def main():
    if not LIBRARY.exists():
        sys.exit(e2e.SKIP)
    checks = e2e.Checks()
    with tempfile.TemporaryDirectory() as scratch:
        for specialized in (False, True):
            run_standard(Net(checks, Path(scratch), False, specialized))
            net = Net(checks, Path(scratch), True, specialized)
            for in_place in (True, False):
                run_grouped(net, in_place)
            refuse(net)
    checks.end()


if __name__ == "__main__":
    main()
