// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels for the runtime's tests, in the calling convention of
// runtime/abi/KernelAbi.h: freestanding C, linked into a relocation-free image
// as the compiler does it. WICK_TEST_VARIANT tells two models' code apart.
//
typedef long i64;
typedef int i32;
typedef unsigned u32;

#define KERNEL(name) i32 name(void *const *bufs, const i64 *args, i64 begin, i64 end, u32 worker, void *scratch)

// out = a + b, floats.
KERNEL(kernel_add) {
  const float *a = bufs[0], *b = bufs[1];
  float *out = bufs[2];
  for (i64 i = begin; i < end; ++i)
    out[i] = a[i] + b[i];
  return 0;
}

// out = a * args[0].
KERNEL(kernel_scale) {
  const float *a = bufs[0];
  float *out = bufs[1];
  for (i64 i = begin; i < end; ++i)
    out[i] = a[i] * (float)args[0];
  return 0;
}

// Rows of args[0] floats: out[row] = sum, over a copy in scratch.
KERNEL(kernel_row_sum) {
  const float *a = bufs[0];
  float *out = bufs[1], *copy = scratch;
  for (i64 row = begin; row < end; ++row) {
    for (i64 i = 0; i < args[0]; ++i)
      copy[i] = a[row * args[0] + i];
    float sum = 0;
    for (i64 i = 0; i < args[0]; ++i)
      sum += copy[i];
    out[row] = sum;
  }
  return 0;
}

// out[0] = how many of args[0] floats are positive, int64.
KERNEL(kernel_count) {
  const float *a = bufs[0];
  i64 *out = bufs[1], n = 0;
  for (i64 i = 0; i < args[0]; ++i)
    n += a[i] > 0;
  *out = n;
  return 0;
}

// out = the positive ones of args[0] floats, in order.
KERNEL(kernel_compact) {
  const float *a = bufs[0];
  float *out = bufs[1];
  for (i64 i = 0; i < args[0]; ++i)
    if (a[i] > 0)
      *out++ = a[i];
  return 0;
}

// Error 1 for operand 1 if the range covers unit args[0].
KERNEL(kernel_fail) { return begin <= args[0] && args[0] < end ? 1 | 1 << 8 : 0; }

// Fills with the number of the variant; a switch makes a table in .rodata.
static const float kTable[4] = {1, 2, 3, 4};
KERNEL(kernel_variant) {
  float *out = bufs[0];
  for (i64 i = begin; i < end; ++i)
    out[i] = kTable[(WICK_TEST_VARIANT + args[0]) & 3];
  return 0;
}

void _start(void) {}
