"""Element types of 8 bits and less: every code through every conversion, ties and limits of the other direction, moves,
quantization, packed weights. Expected values are those of ml_dtypes and of onnx's reference evaluator."""
import sys
import tempfile
from pathlib import Path

import e2e
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

try:
    import ml_dtypes
    from onnx.reference import ReferenceEvaluator
except ImportError:
    sys.exit(e2e.SKIP)

FLOAT8 = {"FLOAT8E4M3FN": ml_dtypes.float8_e4m3fn, "FLOAT8E4M3FNUZ": ml_dtypes.float8_e4m3fnuz, "FLOAT8E5M2": ml_dtypes.float8_e5m2,
          "FLOAT8E5M2FNUZ": ml_dtypes.float8_e5m2fnuz}
NARROW = {**FLOAT8, "FLOAT8E8M0": ml_dtypes.float8_e8m0fnu, "FLOAT4E2M1": ml_dtypes.float4_e2m1fn, "INT4": ml_dtypes.int4, "UINT4": ml_dtypes.uint4,
          "INT2": ml_dtypes.int2, "UINT2": ml_dtypes.uint2}
WIDE = {"FLOAT": np.float32, "FLOAT16": np.float16, "BFLOAT16": ml_dtypes.bfloat16, "DOUBLE": np.float64, "INT8": np.int8, "UINT8": np.uint8,
        "INT32": np.int32, "INT64": np.int64, "BOOL": np.bool_}
TYPES = {**NARROW, **WIDE}
BITS = {"FLOAT4E2M1": 4, "INT4": 4, "UINT4": 4, "INT2": 2, "UINT2": 2}


def code(name):
    return getattr(TensorProto, name)


def from_bits(raw, name):
    """Bytes that Wick gave, as an array of the type; bits above a narrow element are not defined."""
    if name not in NARROW:
        return raw.view(ml_dtypes.bfloat16) if name == "BFLOAT16" else raw
    width = BITS.get(name, 8)
    low = raw & np.uint8((1 << width) - 1)
    return ((low << (8 - width)).view(np.int8) >> (8 - width)).astype(NARROW[name]) if name.startswith("INT") else \
        low.astype(NARROW[name]) if name.startswith("UINT") else low.view(NARROW[name])


def to_bits(array):
    """What Wick is given; a byte's bits above a narrow element are set, since they do not count."""
    if array.dtype == ml_dtypes.bfloat16:
        return array.view(np.uint16)
    names = [n for n, t in NARROW.items() if t == array.dtype]
    return array.view(np.uint8) | np.uint8(0xff << BITS.get(names[0], 8) & 0xff) if names else array


def plain(array):
    """Values as float64 or int64, both exact here."""
    return array.astype(np.int64 if "int" in array.dtype.name or array.dtype == bool else np.float64)


def difficult_floats():
    """Every code of every narrow float, the middles between neighbours, and what is a hair away from those."""
    points = [np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 464, 465, 479, 480, 57344, 61440, 61441, 65536, 1e30, 1e-30, 3e38, 1e-45, 6e-39])]
    for dtype in [*FLOAT8.values(), ml_dtypes.float4_e2m1fn, ml_dtypes.float8_e8m0fnu]:
        codes = np.arange(16 if "4" == dtype.__name__[5] else 256, dtype=np.uint8)
        values = np.unique(codes.view(dtype).astype(np.float64))
        values = values[np.isfinite(values)]
        points += [values, (values[1:] + values[:-1]) / 2]
    return np.concatenate(points)


def source_values(name):
    if name in NARROW:
        return from_bits(np.arange(256, dtype=np.uint8), name)
    if name == "BOOL":
        return np.array([False, True])
    if name in ("INT8", "UINT8"):
        return np.arange(256, dtype=np.uint8).view(TYPES[name])
    if name.startswith("INT"):
        return np.concatenate([np.arange(-600, 600), np.array([1 << 16, -61440, 61441, 1 << 24, (1 << 24) + 1, 1 << 30, -(1 << 31)])]).astype(TYPES[name])
    if name in ("FLOAT16", "BFLOAT16"):
        return np.arange(65536, dtype=np.uint16).view(TYPES[name])
    with np.errstate(all="ignore"):
        points = difficult_floats().astype(TYPES[name])
        near = [np.nextafter(points, TYPES[name](way)) for way in (np.inf, -np.inf)]
        random = np.random.default_rng(7).integers(0, 1 << 32, 20000, dtype=np.uint32).view(np.float32)
        return np.concatenate([points, *near, random.astype(TYPES[name])])


def rounded_once(values, dtype):
    """float64 to a float of 8 or 4 bits, half to even, from the list of its values: ml_dtypes goes through f32."""
    codes = np.arange(128 if dtype in FLOAT8.values() else 8, dtype=np.uint8)
    table = codes.view(dtype).astype(np.float64)
    table = table[np.isfinite(table)]
    table = np.append(table, 2 * table[-1] - table[-2])  # what the next one would be
    above = np.clip(np.searchsorted(table, np.abs(values)), 1, len(table) - 1)
    middle = (table[above] + table[above - 1]) / 2
    up = (np.abs(values) > middle) | ((np.abs(values) == middle) & (above % 2 == 0))
    out = np.where(up, table[above], table[above - 1])
    out = np.where(np.isfinite(values), np.where(out == table[-1], 1e30, out), values)
    return np.copysign(out, values)


def expected(x, target, saturate, rounding):
    """The converted values and where the standard says what they are."""
    values, dtype = plain(x), TYPES[target]
    known = np.ones(x.shape, bool)
    if target in FLOAT8 or target == "FLOAT4E2M1":
        top = float(ml_dtypes.finfo(dtype).max)
        if target == "FLOAT4E2M1":
            known = ~np.isnan(values.astype(np.float64))
        if x.dtype == np.float64:
            values = rounded_once(values, dtype)
        out = np.clip(values, -top, top) if saturate or target == "FLOAT4E2M1" else values
        return out.astype(np.float64).astype(dtype), known
    if target == "FLOAT8E8M0":
        # The reference takes 2^-127 for the least normal number; below it and beside numbers f32 splits it is not followed.
        single = values.astype(np.float32)
        known = np.isfinite(single) & (single.astype(np.float64) == values) & (single >= 2.0 ** -126)
        return numpy_helper.to_float8e8m0(single, saturate=saturate, round_mode=rounding), known
    if target == "BOOL":
        return values != 0, known
    if np.issubdtype(dtype, np.integer) or "INT" in target:
        if values.dtype == np.float64:
            info = ml_dtypes.iinfo(dtype)
            known = np.isfinite(values) & (np.trunc(values) >= info.min) & (np.trunc(values) < float(info.max) + 1)
            values = np.where(known, values, 0).astype(np.int64)
        width = BITS.get(target, 64)
        if width < 8:
            values = values & ((1 << width) - 1)
            values = np.where((values >> (width - 1)) & (not target.startswith("U")), values - (1 << width), values)
        return values.astype(dtype), known
    return (x if x.dtype in NARROW.values() else values).astype(np.float64).astype(dtype), known


def same(got, want):
    got, want = plain(got), plain(want)
    return (got == want) & (np.signbit(got) == np.signbit(want)) | (np.isnan(got) & np.isnan(want)) if got.dtype == np.float64 else got == want


class Bench:
    def __init__(self, scratch):
        self.scratch, self.checks = scratch, e2e.Checks()

    def run(self, label, nodes, inputs, weights, outputs):
        """Compiles and runs a graph; inputs are arrays, outputs (name, type)."""
        infos = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape) for n, v in inputs.items()]
        graph = helper.make_graph(nodes, "g", infos, [helper.make_tensor_value_info(n, code(t), None) for n, t in outputs], weights)
        self.model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 26)], ir_version=13)
        source, given, out = self.scratch / "m.onnx", self.scratch / "in.npz", self.scratch / "out.npz"
        onnx.save(self.model, source)
        np.savez(given, **{n: to_bits(v) for n, v in inputs.items()})
        done = e2e.wick("run", source, *(["--input", given] if inputs else []), "--output", out, "--quiet", timeout=600)
        if not self.checks.that(done.returncode == 0, f"{label}: exit {done.returncode}: {done.stderr[-500:]}"):
            return None
        with np.load(out) as results:
            return {n: from_bits(results[n], t) for n, t in outputs}

    def compare(self, label, got, want, known=None, given=None):
        if not self.checks.that(got.shape == want.shape, f"{label}: shape {got.shape}, expected {want.shape}"):
            return
        bad = ~same(got, want) & (np.ones(want.shape, bool) if known is None else known)
        at = tuple(np.argwhere(bad)[0]) if bad.any() else ()
        self.checks.that(not bad.any(), f"{label}: {bad.sum()} of {bad.size} differ, first {got[at] if bad.any() else ''}, expected "
                         f"{want[at] if bad.any() else ''}{f' of {given[at]!r}' if given is not None and bad.any() else ''}")


def casts(bench, source, fold):
    x = source_values(source)
    if fold:
        x = x[:6000]
    variants = []
    for target in (TYPES if source in NARROW else NARROW):
        if target == source:             # the same type: nothing is converted
            continue
        for saturate in (1, 0) if target in FLOAT8 else (1,):
            for rounding in ("up", "down", "nearest") if target == "FLOAT8E8M0" else ("up",):
                variants.append((f"{target}_{saturate}_{rounding}", target, saturate, rounding))
    nodes = [helper.make_node("Cast", ["x"], [n], n, to=code(t), **({"saturate": s, "round_mode": r} if t in NARROW else {})) for n, t, s, r in variants]
    weights = [numpy_helper.from_array(x, "x")] if fold else []
    results = bench.run(f"casts of {source}", nodes, {} if fold else {"x": x}, weights, [(n, t) for n, t, _, _ in variants])
    for name, target, saturate, rounding in variants if results else ():
        with np.errstate(all="ignore"):
            want, known = expected(x, target, saturate, rounding)
        bench.compare(f"{'folded ' if fold else ''}cast of {source} to {name}", results[name], want, known, x)
    return len(variants)


def moves(bench, name):
    """What only moves elements keeps their bits, NaN patterns included."""
    width = BITS.get(name, 8)
    raw = (np.arange(240, dtype=np.uint8).reshape(12, 20) * 7) & np.uint8((1 << width) - 1)
    x = from_bits(raw, name)
    mask = (np.arange(240).reshape(12, 20) % 3 == 0)
    numbers = {"shape": [20, 12], "rows": [3, -1, 0, 3], "begin": [2, 1], "end": [12, 20], "axes": [0, 1], "step": [2, 3], "pads": [1, 0, 0, 2],
               "at": [[0], [5]], "wide": [2, 12, 20], "twice": [2, 1]}
    weights = [numpy_helper.from_array(np.array(v, np.int64), n) for n, v in numbers.items()]
    weights += [numpy_helper.from_array(x[:2].copy(), "part"), numpy_helper.from_array(x[0, 1:2].reshape(()), "fill")]
    make = helper.make_node
    nodes = [make("Transpose", ["x"], ["transpose"]), make("Reshape", ["x", "shape"], ["reshape"]), make("Gather", ["x", "rows"], ["gather"]),
             make("Slice", ["x", "begin", "end", "axes", "step"], ["slice"]), make("Pad", ["x", "pads", "fill"], ["pad"]),
             make("Concat", ["x", "part"], ["concat"], axis=0), make("Expand", ["x", "wide"], ["expand"]), make("Tile", ["x", "twice"], ["tile"]),
             make("Transpose", ["x"], ["t1"]), make("Transpose", ["t1"], ["t2"]), make("Identity", ["t2"], ["identity"]),
             make("Where", ["mask", "x", "fill"], ["where"]), make("ScatterND", ["x", "at", "part"], ["scatter"]), make("Split", ["x"], ["s1", "s2"], axis=1, num_outputs=2)]
    r, fill = raw, raw[0, 1]
    scatter = r.copy()
    scatter[[0, 5]] = r[:2]
    want = {"transpose": r.T, "reshape": r.reshape(20, 12), "gather": r[[3, -1, 0, 3]], "slice": r[2:12:2, 1:20:3],
            "pad": np.pad(r, [(1, 0), (0, 2)], constant_values=fill), "concat": np.concatenate([r, r[:2]]), "expand": np.broadcast_to(r, (2, 12, 20)),
            "tile": np.tile(r, (2, 1)), "identity": r, "where": np.where(mask, r, fill), "scatter": scatter, "s2": r[:, 10:]}
    results = bench.run(f"moves of {name}", nodes, {"x": x, "mask": mask}, weights, [(n, name) for n in want])
    for op, bits in want.items() if results else ():
        got = np.ascontiguousarray(results[op]).view(np.uint8) & np.uint8((1 << width) - 1)
        bench.checks.that(np.array_equal(got, bits), f"{op} of {name}: bits differ")


def quantization(bench, name):
    """Per tensor, per axis and in blocks, there and back; weights of 2 and 4 bits lie packed in the file."""
    random = np.random.default_rng(3)
    x = (random.standard_normal((6, 10)) * 9).astype(np.float32)
    for kind, shape, attributes in (("tensor", (), {}), ("axis", (6,), {"axis": 0}), ("block", (6, 4), {"axis": 1, "block_size": 3})):
        scale = random.uniform(0.3, 2, shape).astype(np.float32)
        zero = np.zeros(shape, np.int8) if name in FLOAT8 or name == "FLOAT4E2M1" else random.integers(0, 2, shape)
        zero = np.asarray(zero).astype(NARROW[name])
        packed = from_bits(random.integers(0, 256, (6, 10)).astype(np.uint8), name)
        if name in FLOAT8:
            packed = np.where(np.isnan(packed.astype(np.float32)), NARROW[name](1), packed)
        weights = [numpy_helper.from_array(scale, "scale"), numpy_helper.from_array(zero, "zero"), numpy_helper.from_array(packed, "packed"),
                   helper.make_tensor("typed", code(name), packed.shape, packed.ravel())]
        nodes = [helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"], **attributes),
                 helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["back"], **attributes),
                 helper.make_node("DequantizeLinear", ["packed", "scale", "zero"], ["stored"], **attributes),
                 helper.make_node("DequantizeLinear", ["typed", "scale", "zero"], ["listed"], **attributes)]
        outputs = [("q", name), ("back", "FLOAT"), ("stored", "FLOAT"), ("listed", "FLOAT")]
        results = bench.run(f"quantization to {name} by {kind}", nodes, {"x": x}, weights, outputs)
        want = dict(zip(("q", "back", "stored", "listed"), ReferenceEvaluator(bench.model).run(None, {"x": x})))
        for output, _ in outputs if results else ():
            bench.compare(f"{output} of {name} by {kind}", results[output], want[output], given=None)


def microscaling(bench):
    """Blocks of f4 with scales that are powers of two; weights of 4 bits in front of a product."""
    random, make = np.random.default_rng(0), helper.make_node
    q, s = from_bits(random.integers(0, 16, (4, 8)).astype(np.uint8), "FLOAT4E2M1"), np.arange(120, 128, dtype=np.uint8).reshape(4, 2).view(NARROW["FLOAT8E8M0"])
    w, scale = from_bits(random.integers(0, 16, (8, 3)).astype(np.uint8), "INT4"), random.uniform(0.1, 1, 3).astype(np.float32)
    x, wide = random.standard_normal((4, 8)).astype(np.float32), np.repeat(s.astype(np.float32), 4, 1)
    nodes = [make("DequantizeLinear", ["q", "s"], ["d"], axis=1, block_size=4, output_dtype=TensorProto.FLOAT),
             make("QuantizeLinear", ["x", "s"], ["f4"], axis=1, block_size=4, output_dtype=code("FLOAT4E2M1"), precision=TensorProto.FLOAT),
             make("DequantizeLinear", ["w", "scale"], ["m"], axis=1), make("MatMul", ["x", "m"], ["y"])]
    weights = [numpy_helper.from_array(v, n) for n, v in {"q": q, "s": s, "w": w, "scale": scale}.items()]
    results = bench.run("microscaling", nodes, {"x": x}, weights, [("d", "FLOAT"), ("f4", "FLOAT4E2M1"), ("y", "FLOAT")])
    if results:
        bench.compare("blocks of f4", results["d"], q.astype(np.float32) * wide)
        bench.compare("quantized blocks of f4", results["f4"], (x / wide).astype(NARROW["FLOAT4E2M1"]))
        bench.checks.that(np.allclose(results["y"], x @ (w.astype(np.float32) * scale), 1e-5, 1e-5), "a product with weights of 4 bits differs")


def refusals(bench):
    """Arithmetic on these types is refused by name, not guessed."""
    for op, name in (("Add", "FLOAT8E4M3FN"), ("MatMul", "INT4"), ("ReduceMax", "FLOAT4E2M1")):
        info = [helper.make_tensor_value_info(n, code(name), [4, 4]) for n in ("x", "y")]
        node = helper.make_node(op, ["x"] if op == "ReduceMax" else ["x", "x"], ["y"], "the_node")
        onnx.save(helper.make_model(helper.make_graph([node], "g", info[:1], info[1:]), opset_imports=[helper.make_opsetid("", 25)]), bench.scratch / "m.onnx")
        done = e2e.wick("compile", bench.scratch / "m.onnx", "-o", bench.scratch / "m.wick")
        bench.checks.that(done.returncode == 3 and "the_node" in done.stderr and "does not compute on" in done.stderr, f"{op} on {name}: exit {done.returncode}: {done.stderr}")


def bitcasts(bench):
    pairs = [("FLOAT", "INT32"), ("INT32", "FLOAT"), ("DOUBLE", "INT64"), ("FLOAT16", "BFLOAT16"), ("BFLOAT16", "FLOAT16"), ("UINT8", "FLOAT8E5M2"),
             ("FLOAT8E4M3FN", "INT8"), ("INT4", "FLOAT4E2M1"), ("UINT2", "INT2"), ("UINT4", "INT4")]
    for source, target in pairs:
        x = source_values(source)
        for fold in (False, True):
            part = x[:900] if fold else x
            results = bench.run(f"bitcast of {source}", [helper.make_node("BitCast", ["x"], ["y"], to=code(target))], {} if fold else {"x": part},
                                [numpy_helper.from_array(part, "x")] if fold else [], [("y", target)])
            if results:
                low = np.uint8((1 << BITS.get(source, 8)) - 1)
                want = part.view(np.uint8) & low if source in NARROW or target in NARROW else part.view(f"u{part.dtype.itemsize}")
                got = np.ascontiguousarray(results["y"]).view(want.dtype)
                got = got & low if want.dtype == np.uint8 else got
                bench.checks.that(np.array_equal(got, want), f"bitcast of {source} to {target}{', folded' if fold else ''}: {(got != want).sum()} differ")


def main():
    with tempfile.TemporaryDirectory() as name:
        bench, count = Bench(Path(name)), 0
        for source in TYPES:
            for fold in (False, True):
                count += casts(bench, source, fold)
        bitcasts(bench)
        for target in NARROW:
            moves(bench, target)
            if target != "FLOAT8E8M0":
                quantization(bench, target)
        microscaling(bench)
        refusals(bench)
        print(f"{count} conversions")
    bench.checks.end()


if __name__ == "__main__":
    main()
