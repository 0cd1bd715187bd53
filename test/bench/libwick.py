"""The C interface of the runtime (runtime/include/wick/wick.h) through ctypes, as far as tests and benches need it.

    model = Model("libwick.so", "model.wick"); session = Session(model, threads=1)
    session.bind([array, ...]); session.run(); arrays = session.outputs()

run() is one foreign call on values that bind() prepared, so timing it times the runtime. Outputs stay in the session
until the next run unless bind() gave them memory; outputs() copies them.
"""
import ctypes as C

import numpy as np

DTYPES = {1: "f4", 2: "f8", 3: "f2", 4: "u2", 5: "i1", 6: "i2", 7: "i4", 8: "i8", 9: "u1", 10: "u2", 11: "u4", 12: "u8", 13: "?", 20: "c8", 21: "c16"}
CODES = {np.dtype(text): code for code, text in DTYPES.items() if code not in (4,)}


class Error(C.Structure):
    _fields_ = [("struct_size", C.c_uint32), ("status", C.c_int32), ("needed_bytes", C.c_uint64), ("node", C.c_char * 192),
                ("op", C.c_char * 64), ("message", C.c_char * 512)]


class Value(C.Structure):
    _fields_ = [("struct_size", C.c_uint32), ("kind", C.c_uint32), ("dtype", C.c_uint32), ("rank", C.c_uint32),
                ("dims", C.POINTER(C.c_int64)), ("strides", C.POINTER(C.c_int64)), ("data", C.c_void_p), ("capacity", C.c_uint64),
                ("memory", C.c_uint32), ("device", C.c_uint32)]


class ModelInfo(C.Structure):
    _fields_ = [(n, C.c_uint32) for n in ("struct_size", "inputs", "outputs", "symbols", "kernels", "instructions", "code", "variants")] + \
               [(n, C.c_uint64) for n in ("weights_bytes", "code_bytes", "file_bytes")] + [("slice", C.c_char_p)]


class SessionOptions(C.Structure):
    _fields_ = [("struct_size", C.c_uint32), ("threads", C.c_uint32), ("entry", C.c_char_p), ("executor", C.c_void_p), ("arena", C.c_void_p),
                ("arena_bytes", C.c_uint64), ("max_arena_bytes", C.c_uint64), ("allocator", C.c_void_p)]


class Stats(C.Structure):
    _fields_ = [("struct_size", C.c_uint32), ("workers", C.c_uint32)] + \
               [(n, C.c_uint64) for n in ("runs", "plans", "arena_bytes", "arena_capacity", "arena_growths", "kernel_calls", "tasks")] + [("variant", C.c_uint32), ("reserved", C.c_uint32)]


class ValueInfo(C.Structure):
    _fields_ = [("struct_size", C.c_uint32), ("dtype", C.c_uint32), ("rank", C.c_uint32), ("alias_input", C.c_int32), ("name", C.c_char_p)]


class WickError(Exception):
    """A call failed; the text is the runtime's message."""


def make(kind):
    return kind(struct_size=C.sizeof(kind))


class Model:
    def __init__(self, library, path):
        self.lib = C.CDLL(str(library))
        self.error, self.handle = make(Error), C.c_void_p()
        self.lib.wick_model_open_path.argtypes = [C.c_char_p, C.c_void_p, C.c_void_p]
        self.check(self.lib.wick_model_open_path(str(path).encode(), C.byref(self.handle), C.byref(self.error)))
        self.info = make(ModelInfo)
        self.check(self.lib.wick_model_get_info(self.handle, C.byref(self.info)))

    def check(self, status):
        if status != 0:
            raise WickError(f"status {status}: {self.error.node.decode()} {self.error.message.decode()}".strip())

    def infos(self, inputs):
        """ValueInfo of each input, or of each output."""
        get, result = self.lib.wick_model_input_info if inputs else self.lib.wick_model_output_info, []
        for index in range(self.info.inputs if inputs else self.info.outputs):
            result.append(make(ValueInfo))
            self.check(get(self.handle, C.c_uint32(index), C.byref(result[-1])))
        return result

    def close(self):
        self.lib.wick_model_release(self.handle)


class Session:
    def __init__(self, model, threads=1):
        self.model, self.lib, self.handle = model, model.lib, C.c_void_p()
        options = make(SessionOptions)
        options.threads = threads
        model.check(self.lib.wick_session_create(model.handle, C.byref(options), C.byref(self.handle), C.byref(model.error)))

    def bind(self, arrays, outputs=None):
        """`outputs`: for each an array whose memory the result goes to (of at least its size), or None."""
        self.arrays = [np.ascontiguousarray(a) if a.ndim else np.asarray(a) for a in arrays]    # keeps the memory alive
        self.dims = [(C.c_int64 * max(1, a.ndim))(*a.shape) for a in self.arrays]
        self.inputs = (Value * len(arrays))()
        for value, array, dims in zip(self.inputs, self.arrays, self.dims):
            value.struct_size, value.dtype, value.rank = C.sizeof(Value), CODES[array.dtype], array.ndim
            value.dims, value.data, value.capacity = dims, array.ctypes.data, array.nbytes
        self.bound = (Value * len(outputs))() if outputs else None
        for value, array in zip(self.bound or (), outputs or ()):
            value.struct_size = C.sizeof(Value)
            if array is not None:
                value.dtype, value.data, value.capacity = CODES[array.dtype], array.ctypes.data, array.nbytes
        self.memory = outputs                                                              # keeps the memory alive
        self.call = (self.handle, C.byref(self.inputs), C.c_uint32(len(arrays)), C.byref(self.bound) if outputs else None,
                     C.c_uint32(len(outputs or ())), None, C.byref(self.model.error))

    def stats(self):
        stats = make(Stats)
        self.model.check(self.lib.wick_session_stats(self.handle, C.byref(stats)))
        return stats

    def run(self):
        status = self.lib.wick_session_run(*self.call)
        if status:
            self.model.check(status)

    def outputs(self):
        result = []
        for index in range(self.model.info.outputs):
            view = make(Value)
            self.model.check(self.lib.wick_session_output(self.handle, C.c_uint32(index), C.byref(view)))
            shape, dtype = [view.dims[d] for d in range(view.rank)], np.dtype(DTYPES[view.dtype])
            count = int(np.prod(shape, dtype=np.int64))
            data = C.string_at(view.data, count * dtype.itemsize) if count else b""
            result.append(np.frombuffer(data, dtype).reshape(shape))
        return result

    def close(self):
        self.lib.wick_session_destroy(self.handle)
