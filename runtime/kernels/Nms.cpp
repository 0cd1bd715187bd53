// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// non_max_suppression as ONNX defines it: per batch and class, boxes above the
// score threshold are taken in order of score (ties: lower index first) unless
// they overlap a taken box by more than the IoU threshold.
//
#include "runtime/kernels/Common.h"

using namespace wick::kernels;

namespace {

struct Corners {
  float y1, x1, y2, x2;
};

Corners corners(const float *b, bool center) {
  if (center) // x, y, width, height
    return {b[1] - b[3] / 2, b[0] - b[2] / 2, b[1] + b[3] / 2, b[0] + b[2] / 2};
  return {minOf(b[0], b[2]), minOf(b[1], b[3]), maxOf(b[0], b[2]), maxOf(b[1], b[3])};
}

bool overlaps(const Corners &a, const Corners &b, float threshold) {
  float h = minOf(a.y2, b.y2) - maxOf(a.y1, b.y1), w = minOf(a.x2, b.x2) - maxOf(a.x1, b.x1);
  if (!(h > 0) || !(w > 0))
    return false;
  float both = h * w;
  float areaA = (a.y2 - a.y1) * (a.x2 - a.x1), areaB = (b.y2 - b.y1) * (b.x2 - b.x1);
  if (!(areaA > 0) || !(areaB > 0))
    return false;
  return both / (areaA + areaB - both) > threshold;
}

/// Heap order: true when box a is to be looked at before box b.
inline bool before(const float *scores, int64_t a, int64_t b) {
  return scores[a] > scores[b] || (scores[a] == scores[b] && a < b);
}

void sift(const float *scores, int64_t *heap, int64_t at, int64_t size) {
  int64_t moving = heap[at];
  for (int64_t child; (child = 2 * at + 1) < size; at = child) {
    if (child + 1 < size && before(scores, heap[child + 1], heap[child]))
      ++child;
    if (!before(scores, heap[child], moving))
      break;
    heap[at] = heap[child];
  }
  heap[at] = moving;
}

} // namespace

extern "C" int32_t wick_r_non_max_suppression_f32(WICK_ROUTINE_PARAMS) {
  const float *boxes = static_cast<const float *>(bufs[0]);
  const float *scores = static_cast<const float *>(bufs[1]);
  int64_t maxOut = *static_cast<const int64_t *>(bufs[2]);
  float iou = *static_cast<const float *>(bufs[3]), limit = *static_cast<const float *>(bufs[4]);
  int64_t *out = static_cast<int64_t *>(bufs[5]), *count = static_cast<int64_t *>(bufs[6]);
  int64_t batches = args[0], classes = args[1], n = args[2], capacity = args[3];
  bool center = args[4];
  int64_t *heap = static_cast<int64_t *>(scratch), *taken = heap + n, total = 0;
  for (int64_t b = 0; b < batches; ++b)
    for (int64_t c = 0; c < classes; ++c) {
      const float *s = scores + (b * classes + c) * n, *bx = boxes + b * n * 4;
      int64_t size = 0, got = 0;
      for (int64_t i = 0; i < n; ++i)
        if (s[i] > limit)
          heap[size++] = i;
      for (int64_t i = size / 2 - 1; i >= 0; --i)
        sift(s, heap, i, size);
      while (size > 0 && got < maxOut) {
        int64_t i = heap[0];
        heap[0] = heap[--size];
        if (size > 0)
          sift(s, heap, 0, size);
        Corners box = corners(bx + 4 * i, center);
        bool keep = true;
        for (int64_t t = 0; keep && t < got; ++t)
          keep = !overlaps(box, corners(bx + 4 * taken[t], center), iou);
        if (!keep)
          continue;
        if (total == capacity)
          return valueError(2); // cannot happen with the documented capacity
        taken[got++] = i;
        out[3 * total] = b, out[3 * total + 1] = c, out[3 * total + 2] = i;
        ++total;
      }
    }
  *count = total;
  return 0;
}
