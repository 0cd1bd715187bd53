// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one way the runtime gets heap memory, so that a host can supply it and a
// test can let the n-th request fail. Nothing here throws or aborts: a failed
// request is a null pointer that the caller turns into a status.
//
#pragma once

#include "wick/wick.h"

#include <cstdlib>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

namespace wick::runtime {

class Allocator {
public:
  /// Null: aligned_alloc and free.
  explicit Allocator(const wick_allocator *hooks = nullptr) {
    if (hooks && hooks->allocate && hooks->release)
      table = *hooks;
  }

  void *allocate(size_t size, size_t alignment) const {
    if (size > SIZE_MAX - alignment)
      return nullptr;
    size = (size + alignment - 1) / alignment * alignment;
    return table.allocate ? table.allocate(table.user, size, alignment) : std::aligned_alloc(alignment, size);
  }
  void release(void *memory, size_t size, size_t alignment) const {
    if (!memory)
      return;
    if (table.release)
      table.release(table.user, memory, (size + alignment - 1) / alignment * alignment);
    else
      std::free(memory);
  }

  template <typename T, typename... Args>
  T *create(Args &&...args) const {
    void *memory = allocate(sizeof(T), alignment<T>());
    return memory ? new (memory) T(std::forward<Args>(args)...) : nullptr;
  }
  template <typename T>
  void destroy(T *object) const {
    if (!object)
      return;
    object->~T();
    release(object, sizeof(T), alignment<T>());
  }

private:
  template <typename T>
  static constexpr size_t alignment() {
    return alignof(T) < 16 ? 16 : alignof(T);
  }

  wick_allocator table{};
};

/// A fixed number of zeroed plain records from an Allocator.
template <typename T>
class Array {
  static_assert(std::is_trivially_destructible_v<T>);

public:
  Array() = default;
  Array(const Array &) = delete;
  Array &operator=(const Array &) = delete;
  ~Array() { reset(); }

  [[nodiscard]] bool allocate(const Allocator &from, size_t count) {
    reset();
    allocator = from;
    if (count > SIZE_MAX / 2 / sizeof(T))
      return false;
    // Never empty, so that a null pointer always means failure.
    bytes = (count ? count : 1) * sizeof(T);
    void *memory = allocator.allocate(bytes, kAlign);
    if (!memory)
      return false;
    items = {static_cast<T *>(memory), count};
    for (T &item : items)
      new (&item) T();
    return true;
  }
  void reset() {
    if (items.data())
      allocator.release(items.data(), bytes, kAlign);
    items = {};
  }

  T &operator[](size_t i) { return items[i]; }
  const T &operator[](size_t i) const { return items[i]; }
  T *data() const { return items.data(); }
  size_t size() const { return items.size(); }
  std::span<T> span() const { return items; }

private:
  static constexpr size_t kAlign = 64;
  std::span<T> items;
  size_t bytes = 0;
  Allocator allocator;
};

} // namespace wick::runtime
