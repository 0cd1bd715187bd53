"""ONNX values on disk and when two of them are equal.

Exchange form, one folder a data set: manifest.json lists the values; tensors
are `<stem>.npy`, element types that numpy lacks as raw bits (bfloat16 as
uint16, float8 and the 2 to 6 bit types as uint8, one element an item) with
"onnx_dtype" in the manifest; strings are JSON {"shape", "data"}; sequences
are `<stem>_<j>.npy`; an absent optional has "present": false. Every input
also lies there as `<stem>.pb`, the protobuf of the suite.
"""
import json
from pathlib import Path

import numpy as np
from onnx import MapProto, OptionalProto, SequenceProto, TensorProto, helper, numpy_helper

WIDE16 = ("BFLOAT16",)
NARROW = ("FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ", "FLOAT8E8M0", "FLOAT6E2M3", "FLOAT6E3M2", "FLOAT4E2M1",
          "UINT4", "INT4", "UINT2", "INT2")
# element type -> numpy type that carries its bits
BITS = {TensorProto.DataType.Value(n): (np.uint16 if n in WIDE16 else np.uint8)
        for n in WIDE16 + NARROW if n in TensorProto.DataType.keys()}


def element_type(array):
    if array.dtype.kind in "OUST":
        return TensorProto.STRING
    return helper.np_dtype_to_tensor_dtype(array.dtype)


def type_name(value):
    return TensorProto.DataType.Name(value)


def from_proto(raw, type_proto):
    """The Python value of serialized bytes: array, list, dict, or None for an absent optional."""
    kind = type_proto.WhichOneof("value")
    if kind == "sequence_type":
        return numpy_helper.to_list(SequenceProto.FromString(raw))
    if kind == "optional_type":
        return numpy_helper.to_optional(OptionalProto.FromString(raw))
    if kind == "map_type":
        return numpy_helper.to_dict(MapProto.FromString(raw))
    return np.asarray(numpy_helper.to_array(TensorProto.FromString(raw)))


def to_proto(value, info):
    """The protobuf message of a value that the suite's generator made."""
    if isinstance(value, (TensorProto, SequenceProto, OptionalProto, MapProto)):
        return value
    make = {"sequence_type": numpy_helper.from_list, "optional_type": numpy_helper.from_optional, "map_type": numpy_helper.from_dict}
    kind = info.type.WhichOneof("value")
    if kind in make:
        return make[kind](value, info.name)
    return numpy_helper.from_array(np.asarray(value), info.name)


def write(folder, stem, value, type_proto):
    """Writes one value in the exchange form; returns its entry of the manifest."""
    kind = type_proto.WhichOneof("value") if type_proto is not None else "tensor_type"
    if kind == "optional_type":
        entry = {"kind": "optional", "present": value is not None}
        if value is not None:
            entry["value"] = write(folder, stem, value, type_proto.optional_type.elem_type)
        return entry
    if isinstance(value, dict):
        return {"kind": "map", "keys": [k if isinstance(k, (int, str)) else k.item() for k in value],
                "values": [np.asarray(v).item() for v in value.values()]}
    if isinstance(value, (list, tuple)):
        inner = type_proto.sequence_type.elem_type if kind == "sequence_type" else None
        return {"kind": "sequence", "items": [write(folder, f"{stem}_{i}", v, inner) for i, v in enumerate(value)]}
    array = np.asarray(value)
    element = element_type(array)
    entry = {"kind": "tensor", "onnx_dtype": type_name(element), "shape": list(array.shape)}
    if element == TensorProto.STRING:
        entry["file"] = stem + ".json"
        data = [x.decode("utf-8", "replace") if isinstance(x, bytes) else str(x) for x in array.ravel().tolist()]
        (folder / entry["file"]).write_text(json.dumps({"shape": list(array.shape), "data": data}))
        return entry
    entry["file"] = stem + ".npy"
    if element in BITS:
        array = np.ascontiguousarray(array).view(BITS[element]).reshape(array.shape) if array.size else np.zeros(array.shape, BITS[element])
    np.save(folder / entry["file"], np.array(array, order="C", copy=True), allow_pickle=False)
    return entry


def from_bits(bits, element):
    """Raw bits of an element type that numpy lacks -> array of that type."""
    name, target = type_name(element), helper.tensor_dtype_to_np_dtype(element)
    bits = np.ascontiguousarray(bits).astype(BITS[element])
    width = 4 if name.endswith("T4") or name == "FLOAT4E2M1" else 2 if name.endswith("T2") else 6 if name.startswith("FLOAT6") else 0
    if width:
        bits = bits & np.uint8((1 << width) - 1)
        if name.startswith("INT"):
            return ((bits << (8 - width)).view(np.int8) >> (8 - width)).astype(target)
        if name.startswith("UINT"):
            return bits.astype(target)
    return bits.view(target)


def read(folder, index, type_proto, manifest):
    """One output that a program wrote, in the exchange form or as .pb. Raises OSError or ValueError."""
    stem, entry = Path(folder) / f"output_{index}", manifest.get(index, {})
    if Path(f"{stem}.pb").exists():
        return from_proto(Path(f"{stem}.pb").read_bytes(), type_proto)
    if type_proto.WhichOneof("value") == "optional_type":
        if entry.get("present") is False:
            return None
        type_proto = type_proto.optional_type.elem_type

    def bits_or_plain(array):
        name = entry.get("onnx_dtype")
        element = TensorProto.DataType.Value(name) if name in TensorProto.DataType.keys() else 0
        return from_bits(array, element) if element in BITS else array

    if entry.get("kind") == "sequence" or type_proto.WhichOneof("value") == "sequence_type":
        length = entry.get("len", entry.get("length"))
        if length is None:
            length = 0
            while Path(f"{stem}_{length}.npy").exists():
                length += 1
        return [bits_or_plain(np.load(f"{stem}_{j}.npy", allow_pickle=False)) for j in range(length)]
    if Path(f"{stem}.json").exists():
        data = json.loads(Path(f"{stem}.json").read_text())
        return np.asarray(data["data"], dtype=object).reshape(data["shape"])
    return bits_or_plain(np.load(f"{stem}.npy", allow_pickle=False))


def difference(got, want, rtol, atol, path):
    """None when `got` is right, else a sentence. The official rule: dtype and shape equal, |got - want| <= atol + rtol * |want|, NaN equals
    NaN, strings exact; bfloat16 at rtol 2^-6 at least."""
    if want is None or got is None:
        return None if want is got else f"{path}: one of the optionals is absent"
    if isinstance(want, dict):
        if not isinstance(got, dict) or set(got) != set(want):
            return f"{path}: map keys differ"
        return next((d for k in want if (d := difference(np.asarray(got[k]), np.asarray(want[k]), rtol, atol, f"{path}[{k!r}]"))), None)
    if isinstance(want, (list, tuple)):
        if not isinstance(got, (list, tuple)) or len(got) != len(want):
            return f"{path}: expected a sequence of {len(want)}"
        return next((d for i, (g, w) in enumerate(zip(got, want)) if (d := difference(g, w, rtol, atol, f"{path}[{i}]"))), None)
    if isinstance(got, (list, tuple, dict)):
        return f"{path}: expected a tensor, got a {type(got).__name__}"
    got, want = np.asarray(got), np.asarray(want)
    if got.shape != want.shape:
        return f"{path}: shape {list(got.shape)}, expected {list(want.shape)}"
    element = element_type(want)
    if element_type(got) != element:
        return f"{path}: type {type_name(element_type(got))}, expected {type_name(element)}"
    if element == TensorProto.STRING:
        text = lambda a: [x.decode("utf-8", "surrogateescape") if isinstance(x, bytes) else str(x) for x in a.ravel().tolist()]
        return None if text(got) == text(want) else f"{path}: strings differ"
    if element == TensorProto.BFLOAT16:
        rtol = max(rtol, 2.0 ** -6)
    if element in BITS:
        wide = np.int32 if "INT" in type_name(element) else np.float32
        got, want = got.astype(wide), want.astype(wide)
    with np.errstate(all="ignore"):
        right = np.isclose(got, want, rtol=rtol, atol=atol, equal_nan=True)
    if right.all():
        return None
    at = int(np.argmax(~right.ravel()))
    return (f"{path}: {np.count_nonzero(~right)} of {want.size} differ, first at {at}: "
            f"got {got.ravel()[at]!r}, expected {want.ravel()[at]!r}")
