/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The C interface (C11) of Wick's runtime: open a package that `wick compile`
 * made, create sessions, run them.
 *
 * Conventions
 * - Every struct begins with `struct_size`: set it to sizeof(the struct). Fields
 *   left zero mean the default.
 * - Functions return a wick_status; `error` may be null. Nothing is printed, no
 *   signal handler installed, nothing allocated in thread-local storage.
 * - A model may be used by any threads at once. A session is one flight of
 *   execution: one thread at a time.
 * - After a session has seen its largest sizes, wick_session_run allocates
 *   nothing, and makes no system call except to wake or park pool threads.
 * - Opening a package with code means trusting its author as one trusts a
 *   shared library. A damaged file is an error, never a crash.
 */
#ifndef WICK_WICK_H
#define WICK_WICK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define WICK_API __attribute__((visibility("default")))
#else
#define WICK_API
#endif

/* ---- Status and errors ------------------------------------------------- */

typedef int32_t wick_status; /* WICK_STATUS_..., see runtime/abi/Status.def */
enum {
  WICK_STATUS_OK = 0,
  WICK_STATUS_INVALID_ARGUMENT = 1,
  WICK_STATUS_UNKNOWN_NAME = 2,
  WICK_STATUS_DTYPE_MISMATCH = 3,
  WICK_STATUS_SHAPE_MISMATCH = 4,
  WICK_STATUS_BUFFER_TOO_SMALL = 5,
  WICK_STATUS_ARENA_TOO_SMALL = 6,
  WICK_STATUS_DEADLINE_EXCEEDED = 7,
  WICK_STATUS_CANCELLED = 8,
  WICK_STATUS_UNSUPPORTED = 9,
  WICK_STATUS_REFUSED = 10,
  WICK_STATUS_BAD_PACKAGE = 20,
  WICK_STATUS_BAD_VERSION = 21,
  WICK_STATUS_NO_SLICE = 22,
  WICK_STATUS_BAD_CODE = 23,
  WICK_STATUS_CHECK_FAILED = 40,
  WICK_STATUS_INDEX_OUT_OF_RANGE = 41,
  WICK_STATUS_DIVIDE_BY_ZERO = 42,
  WICK_STATUS_BAD_VALUE = 43,
  WICK_STATUS_SIZE_OVERFLOW = 44,
  WICK_STATUS_OUT_OF_MEMORY = 60,
  WICK_STATUS_IO_ERROR = 61,
  WICK_STATUS_CODE_NOT_MAPPED = 62,
  WICK_STATUS_EXECUTOR_FAILED = 63
};

/* Caller-owned; filled when a call fails, left alone when it succeeds. */
typedef struct wick_error {
  uint32_t struct_size;
  wick_status status;
  uint64_t needed_bytes; /* ARENA_TOO_SMALL, BUFFER_TOO_SMALL: bytes needed */
  char node[192];        /* source node(s) in the model, "" when none */
  char op[64];           /* kernel or schedule step, "" when none */
  char message[512];     /* one line, terminated */
} wick_error;
#define WICK_ERROR_INIT {sizeof(wick_error), 0, 0, "", "", ""}

/* "WICK_STATUS_...", never null. */
WICK_API const char *wick_status_name(wick_status status);
/* One sentence on what it means, never null. */
WICK_API const char *wick_status_text(wick_status status);
/* "0.1.0" */
WICK_API const char *wick_version(void);

/* ---- Element types ------------------------------------------------------ */

/* Codes of runtime/abi/DType.def. Types of less than 8 bits take a byte an
 * element: its bits are the low ones, the others are ignored in inputs and not
 * defined in outputs. */
typedef uint32_t wick_dtype;
enum {
  WICK_DTYPE_F32 = 1,
  WICK_DTYPE_F64 = 2,
  WICK_DTYPE_F16 = 3,
  WICK_DTYPE_BF16 = 4,
  WICK_DTYPE_I8 = 5,
  WICK_DTYPE_I16 = 6,
  WICK_DTYPE_I32 = 7,
  WICK_DTYPE_I64 = 8,
  WICK_DTYPE_U8 = 9,
  WICK_DTYPE_U16 = 10,
  WICK_DTYPE_U32 = 11,
  WICK_DTYPE_U64 = 12,
  WICK_DTYPE_BOOL = 13, /* one byte, 0 or 1 */
  WICK_DTYPE_F8E4M3FN = 14,
  WICK_DTYPE_F8E4M3FNUZ = 15,
  WICK_DTYPE_F8E5M2 = 16,
  WICK_DTYPE_F8E5M2FNUZ = 17,
  WICK_DTYPE_I4 = 18,
  WICK_DTYPE_U4 = 19,
  WICK_DTYPE_C64 = 20,
  WICK_DTYPE_C128 = 21,
  WICK_DTYPE_F8E8M0 = 22, /* 2^(code - 127), NaN 255 */
  WICK_DTYPE_F4E2M1 = 23,
  WICK_DTYPE_I2 = 24,
  WICK_DTYPE_U2 = 25
};
/* Bytes an element takes in memory; 0 for an unknown code. */
WICK_API size_t wick_dtype_size(wick_dtype dtype);
/* "f32", ...; "?" for an unknown code. */
WICK_API const char *wick_dtype_name(wick_dtype dtype);

/* ---- Hooks --------------------------------------------------------------- */

/* Where the runtime gets heap memory. `allocate` returns null on failure and
 * honours `alignment` (a power of two). Both may be called from any thread. */
typedef struct wick_allocator {
  uint32_t struct_size;
  void *user;
  void *(*allocate)(void *user, size_t size, size_t alignment);
  void (*release)(void *user, void *memory, size_t size);
} wick_allocator;

/* Runs `task(context, i, worker)` for each i in [0, tasks) and returns when all
 * are done; 0 on success. Tasks never wait for one another: they may run
 * serially, in any order, on any threads. `worker` < max_workers, and no two
 * tasks run at once with the same worker. */
typedef void (*wick_task)(void *context, uint32_t index, uint32_t worker);
typedef struct wick_executor {
  uint32_t struct_size;
  uint32_t max_workers;
  void *user;
  int32_t (*parallel_for)(void *user, uint32_t tasks, wick_task task, void *context);
} wick_executor;

enum { WICK_LOG_INFO = 1, WICK_LOG_WARNING = 2 };
typedef void (*wick_log)(void *user, int32_t level, const char *message);

/* Sees the SHA-256 of manifest.json before any code is mapped; the program and
 * the code are then checked against it. Non-zero accepts. */
typedef int32_t (*wick_accept)(void *user, const uint8_t manifest_sha256[32]);

/* ---- Model --------------------------------------------------------------- */

typedef struct wick_model wick_model;

enum { WICK_SOURCE_PATH = 0, WICK_SOURCE_FD = 1, WICK_SOURCE_MEMORY = 2 };
typedef struct wick_source {
  uint32_t struct_size;
  uint32_t kind;    /* WICK_SOURCE_... */
  const char *path; /* PATH */
  int32_t fd;       /* FD: duplicated as needed, stays the caller's */
  uint32_t reserved;
  uint64_t offset;                                                /* FD: where the package starts */
  uint64_t length;                                                /* FD: 0 = to the end of the file; MEMORY: bytes */
  const void *data;                                               /* MEMORY: stays alive until `release` is called */
  void (*release)(void *user, const void *data, uint64_t length); /* MEMORY; may be null */
  void *user;
} wick_source;

enum { WICK_WEIGHTS_MAP = 0, WICK_WEIGHTS_POPULATE = 1, WICK_WEIGHTS_COPY = 2 };
enum { WICK_CODE_AUTO = 0, WICK_CODE_FILE = 1, WICK_CODE_ANONYMOUS = 2, WICK_CODE_NONE = 3 };
typedef struct wick_model_options {
  uint32_t struct_size;
  uint32_t weights; /* WICK_WEIGHTS_...: map lazily, map and read ahead, or copy to the heap */
  uint32_t code;    /* WICK_CODE_...: NONE maps no code; such a model answers queries only */
  uint32_t reserved;
  const char *slice;               /* null: environment WICK_ISA, else the best one for this CPU */
  const wick_allocator *allocator; /* null: aligned_alloc and free */
  wick_log log;
  wick_accept accept;
  void *user; /* for log and accept */
} wick_model_options;

/* Opens a package; `*model` has one reference. `options` may be null. */
WICK_API wick_status wick_model_open(const wick_source *source, const wick_model_options *options, wick_model **model,
                                     wick_error *error);
/* The same for a path and default options. */
WICK_API wick_status wick_model_open_path(const char *path, wick_model **model, wick_error *error);
WICK_API void wick_model_retain(wick_model *model);
/* Sessions hold a reference, so a model may be released before them. Null is fine. */
WICK_API void wick_model_release(wick_model *model);
/* OK if the package can be opened and run on this machine; maps no code. */
WICK_API wick_status wick_compatible(const char *path, wick_error *error);

typedef struct wick_model_info {
  uint32_t struct_size;
  uint32_t inputs, outputs, symbols; /* counts */
  uint32_t kernels, instructions;
  uint32_t code;     /* WICK_CODE_FILE or _ANONYMOUS as mapped, _NONE when not */
  uint32_t variants; /* programs for certain dims, beside the general one that is counted above */
  uint64_t weights_bytes, code_bytes, file_bytes;
  const char *slice; /* chosen slice, "" when none; lives as long as the model */
} wick_model_info;
WICK_API wick_status wick_model_get_info(const wick_model *model, wick_model_info *info);

typedef struct wick_value_info {
  uint32_t struct_size;
  wick_dtype dtype;
  uint32_t rank;
  int32_t alias_input; /* outputs: input that it may share memory with (wick_session_run), else -1 */
  const char *name;    /* lives as long as the model */
} wick_value_info;
typedef struct wick_dim_info {
  uint32_t struct_size;
  uint32_t reserved;
  int64_t value;    /* -1 when not constant */
  int64_t min, max; /* allowed range of a named dim */
  const char *name; /* named dim, "" when it has none; lives as long as the model */
} wick_dim_info;
WICK_API wick_status wick_model_input_info(const wick_model *model, uint32_t index, wick_value_info *info);
WICK_API wick_status wick_model_output_info(const wick_model *model, uint32_t index, wick_value_info *info);
WICK_API wick_status wick_model_input_dim(const wick_model *model, uint32_t index, uint32_t dim, wick_dim_info *info);
WICK_API wick_status wick_model_output_dim(const wick_model *model, uint32_t index, uint32_t dim, wick_dim_info *info);
/* The index of an input or output; UNKNOWN_NAME names those there are. */
WICK_API wick_status wick_model_find_input(const wick_model *model, const char *name, uint32_t *index,
                                           wick_error *error);
WICK_API wick_status wick_model_find_output(const wick_model *model, const char *name, uint32_t *index,
                                            wick_error *error);

/* ---- Session --------------------------------------------------------------- */

typedef struct wick_session wick_session;

typedef struct wick_session_options {
  uint32_t struct_size;
  uint32_t threads;              /* 0 or 1: the calling thread alone; n: it and n-1 pool threads */
  const char *entry;             /* null or "main" */
  const wick_executor *executor; /* the host's threads instead of a pool; copied */
  void *arena;                   /* caller-owned memory, 64-byte aligned, never grown; null: from the allocator */
  uint64_t arena_bytes;
  uint64_t max_arena_bytes;        /* 0: no limit; over it a run fails with ARENA_TOO_SMALL */
  const wick_allocator *allocator; /* null: the model's */
  uint32_t profile;                /* non-zero: time every kernel call, see wick_session_profile */
  uint32_t reserved;
} wick_session_options;
/* As `threads`: the CPUs that the process may use, by affinity and cgroup quota. */
#define WICK_THREADS_AUTO UINT32_MAX

enum { WICK_VALUE_TENSOR = 0, WICK_VALUE_SEQUENCE = 1, WICK_VALUE_OPTIONAL = 2 };
enum { WICK_MEMORY_HOST = 0 };

/* Inputs: everything is given. Outputs: `data` and `capacity` are given, `dtype`
 * may be; dtype, rank and dims are set by the run, dims to memory of the
 * session that is valid until its next run. */
typedef struct wick_value {
  uint32_t struct_size;
  uint32_t kind; /* WICK_VALUE_TENSOR */
  wick_dtype dtype;
  uint32_t rank;
  const int64_t *dims;
  const int64_t *strides; /* in elements; null: dense row-major, the only form accepted so far */
  void *data;             /* inputs are only read; outputs: null keeps the result in the session */
  uint64_t capacity;      /* bytes at data */
  uint32_t memory;        /* WICK_MEMORY_HOST */
  uint32_t device;
} wick_value;

typedef struct wick_run_options {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t deadline_ns;   /* on CLOCK_MONOTONIC; 0: none */
  const uint32_t *cancel; /* non-zero stops the run between kernels; read atomically */
} wick_run_options;

WICK_API wick_status wick_session_create(wick_model *model, const wick_session_options *options, wick_session **session,
                                         wick_error *error);
WICK_API void wick_session_destroy(wick_session *session); /* null is fine */

/* Runs the model once. `inputs` are in the model's order; `num_inputs` must be
 * its count. `outputs` may be null with num_outputs 0: the results then stay in
 * the session. An output's memory may be larger than its result.
 *
 * State in place: an output whose alias_input is not -1 (a cache that the model
 * adds rows to) may be bound to the very address of that input; only what changes
 * is then written. The result must have the input's size, as a buffer of the
 * longest length has; otherwise, as for any other overlap of an output with an
 * input or another output, the run fails with INVALID_ARGUMENT.
 *
 * After any failure the session can be used again; memory bound to outputs, state
 * in place included, may then hold part of the results. */
WICK_API wick_status wick_session_run(wick_session *session, const wick_value *inputs, uint32_t num_inputs,
                                      wick_value *outputs, uint32_t num_outputs, const wick_run_options *options,
                                      wick_error *error);

/* The result of the last successful run: dims, and data where it lies. Valid
 * until the next run. For an output whose bound memory was too small: the dims needed. */
WICK_API wick_status wick_session_output(wick_session *session, uint32_t index, wick_value *view);

/* Arena bytes for inputs of these dims (`data` is not looked at), all outputs
 * kept in the session. Parts whose sizes depend on values come on top. */
WICK_API wick_status wick_session_arena_size(wick_session *session, const wick_value *inputs, uint32_t num_inputs,
                                             uint64_t *bytes, wick_error *error);

typedef struct wick_stats {
  uint32_t struct_size;
  uint32_t workers;
  uint64_t runs, plans; /* plans: times that sizes changed */
  uint64_t arena_bytes; /* used by the last run, scratch included */
  uint64_t arena_capacity;
  uint64_t arena_growths;
  uint64_t kernel_calls, tasks; /* of the last run */
  uint32_t variant;             /* that the last run used: 1 for the first, 0 for the general program */
  uint32_t reserved;
} wick_stats;
WICK_API wick_status wick_session_stats(const wick_session *session, wick_stats *stats);

/* Times of one kernel call of the schedule, summed over all runs. */
typedef struct wick_profile_entry {
  uint32_t struct_size;
  uint32_t instruction;
  uint64_t calls, nanoseconds;
  uint64_t units, tasks;     /* of the range; pieces it was split into */
  const char *kernel, *node; /* terminated; live as long as the model */
} wick_profile_entry;
/* Entry `index` in schedule order, variants behind the general program, of a session made with `profile`;
 * INVALID_ARGUMENT behind the last. */
WICK_API wick_status wick_session_profile(const wick_session *session, uint32_t index, wick_profile_entry *entry);

#ifdef __cplusplus
}
#endif
#endif /* WICK_WICK_H */
