// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// C++20 over wick.h, header-only. Works with and without exceptions; none is
// thrown here. Ownership: Model and Session free what they hold; Tensor is a
// view of memory that the caller keeps alive during a run.
//
//   auto model = wick::Model::open("model.wick");
//   if (!model) return report(model.error().message);
//   auto session = wick::Session::create(*model);
//   std::array inputs{wick::Tensor::of(std::span(pixels), {1, 3, 224, 224})};
//   auto done = session->run(inputs);
//   if (done) use(session->output(0)->as<float>());
//
// A run of a warm session makes no heap call here either: the arrays handed to
// the C interface are kept in the Session. Results that stay in the session are
// views; copy them before the next run if they have to outlive it.
//
#ifndef WICK_WICK_HPP
#define WICK_WICK_HPP

#include "wick/wick.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace wick {

/// A failed call: the fields of wick_error.
struct Error : wick_error {
  Error() : wick_error WICK_ERROR_INIT {}
};

/// A value or an Error.
template <typename T>
class [[nodiscard]] Expected {
public:
  // Implicit, so that functions can return either.
  Expected(T value) : result(std::move(value)) {}
  Expected(const Error &error) : failure(error) {}

  explicit operator bool() const { return result.has_value(); }
  T &operator*() { return *result; }
  const T &operator*() const { return *result; }
  T *operator->() { return &*result; }
  const T *operator->() const { return &*result; }
  /// Only when there is no value.
  const Error &error() const { return failure; }

private:
  std::optional<T> result;
  Error failure;
};

template <>
class [[nodiscard]] Expected<void> {
public:
  Expected() = default;
  Expected(const Error &error) : failure(error) {}
  explicit operator bool() const { return failure.status == WICK_STATUS_OK; }
  const Error &error() const { return failure; }

private:
  Error failure;
};

/// The element type of a C++ type; f16, bf16 and the like are named explicitly.
template <typename T>
constexpr wick_dtype dtypeOf() {
  using U = std::remove_cv_t<T>;
  if constexpr (std::is_same_v<U, float>)
    return WICK_DTYPE_F32;
  else if constexpr (std::is_same_v<U, double>)
    return WICK_DTYPE_F64;
  else if constexpr (std::is_same_v<U, bool>)
    return WICK_DTYPE_BOOL;
  else {
    static_assert(std::is_integral_v<U>, "give the dtype: this type stands for no element type");
    constexpr bool isSigned = std::is_signed_v<U>;
    switch (sizeof(U)) {
    case 1:
      return isSigned ? WICK_DTYPE_I8 : WICK_DTYPE_U8;
    case 2:
      return isSigned ? WICK_DTYPE_I16 : WICK_DTYPE_U16;
    case 4:
      return isSigned ? WICK_DTYPE_I32 : WICK_DTYPE_U32;
    default:
      return isSigned ? WICK_DTYPE_I64 : WICK_DTYPE_U64;
    }
  }
}

/// A dense row-major tensor in memory that it does not own.
struct Tensor {
  wick_dtype dtype = 0;
  std::vector<int64_t> dims;
  void *data = nullptr;
  uint64_t bytes = 0;

  /// For inputs (const data is only read) and for outputs (dims are ignored).
  template <typename T, size_t N>
  static Tensor of(std::span<T, N> values, std::vector<int64_t> dims, wick_dtype dtype = dtypeOf<T>()) {
    return {dtype, std::move(dims), const_cast<std::remove_const_t<T> *>(values.data()), values.size_bytes()};
  }
  /// Leaves an output in the session.
  static Tensor inSession() { return {}; }

  /// The elements, or nothing when T has another size than the element type.
  template <typename T>
  std::span<const T> as() const {
    if (sizeof(T) != wick_dtype_size(dtype))
      return {};
    return {static_cast<const T *>(data), static_cast<size_t>(bytes / sizeof(T))};
  }
};

/// An opened package. Copies share it; any threads may use it at once.
class Model {
public:
  /// Maps the package and chooses the best code slice for this CPU.
  static Expected<Model> open(const char *path) {
    Error error;
    Model m;
    if (wick_model_open_path(path, &m.handle, &error))
      return error;
    return m;
  }
  /// The same with every choice: descriptors, memory, slice, allocator, callbacks.
  static Expected<Model> open(const wick_source &source, const wick_model_options &options) {
    Error error;
    Model m;
    if (wick_model_open(&source, &options, &m.handle, &error))
      return error;
    return m;
  }

  Model(const Model &other) : handle(other.handle) { wick_model_retain(handle); }
  Model(Model &&other) noexcept : handle(std::exchange(other.handle, nullptr)) {}
  Model &operator=(Model other) noexcept {
    std::swap(handle, other.handle);
    return *this;
  }
  ~Model() { wick_model_release(handle); }

  /// The C handle, for what this class does not wrap.
  wick_model *get() const { return handle; }
  wick_model_info info() const {
    wick_model_info result{};
    result.struct_size = sizeof(result);
    (void)wick_model_get_info(handle, &result);
    return result;
  }
  /// The index of an input or output by its name.
  Expected<uint32_t> input(const char *name) const { return find(wick_model_find_input, name); }
  Expected<uint32_t> output(const char *name) const { return find(wick_model_find_output, name); }

  /// The input whose memory an output may be bound to, so that a run updates it in place
  /// (wick_session_run tells the conditions); nothing for most outputs.
  std::optional<uint32_t> stateOf(uint32_t output) const {
    wick_value_info result{};
    result.struct_size = sizeof(result);
    if (wick_model_output_info(handle, output, &result) || result.alias_input < 0)
      return std::nullopt;
    return uint32_t(result.alias_input);
  }

private:
  Model() = default;
  template <typename F>
  Expected<uint32_t> find(F function, const char *name) const {
    Error error;
    uint32_t index = 0;
    if (function(handle, name, &index, &error))
      return error;
    return index;
  }

  wick_model *handle = nullptr;
};

/// One flight of execution: one thread at a time. Keeps its model open.
class Session {
public:
  /// `threads` counts the calling thread; WICK_THREADS_AUTO for all usable CPUs.
  static Expected<Session> create(const Model &model, uint32_t threads = 1) {
    wick_session_options options{};
    options.struct_size = sizeof(options);
    options.threads = threads;
    return create(model, options);
  }
  /// The same with every choice: executor, arena, limits, profile.
  static Expected<Session> create(const Model &model, const wick_session_options &options) {
    Error error;
    Session s;
    if (wick_session_create(model.get(), &options, &s.handle, &error))
      return error;
    s.numOutputs = model.info().outputs;
    return s;
  }

  Session(Session &&other) noexcept
      : handle(std::exchange(other.handle, nullptr)), numOutputs(other.numOutputs), in(std::move(other.in)),
        out(std::move(other.out)) {}
  Session &operator=(Session &&other) noexcept {
    std::swap(handle, other.handle);
    std::swap(numOutputs, other.numOutputs);
    in.swap(other.in);
    out.swap(other.out);
    return *this;
  }
  ~Session() { wick_session_destroy(handle); }

  /// `outputs`: one a model output, or none. Bound ones get their dims, dtype
  /// and bytes set.
  Expected<void> run(std::span<const Tensor> inputs, std::span<Tensor> outputs = {},
                     const wick_run_options *options = nullptr) {
    Error error;
    fill(in, inputs);
    fill(out, std::span<const Tensor>(outputs.data(), outputs.size()));
    wick_status status =
        wick_session_run(handle, in.data(), uint32_t(in.size()), out.data(), uint32_t(out.size()), options, &error);
    for (size_t i = 0; i < outputs.size() && status == WICK_STATUS_OK; ++i) {
      outputs[i].dtype = out[i].dtype;
      outputs[i].dims.assign(out[i].dims, out[i].dims + out[i].rank);
      if (outputs[i].data)
        outputs[i].bytes = bytesOf(out[i]);
    }
    if (status)
      return error;
    return {};
  }

  /// A result, where it lies: valid until the next run.
  Expected<Tensor> output(uint32_t index) const {
    wick_value view{};
    view.struct_size = sizeof(view);
    if (wick_status status = wick_session_output(handle, index, &view)) {
      Error error;
      error.status = status;
      std::strcpy(error.message, "there is no such output, or no run has succeeded");
      return error;
    }
    return Tensor{view.dtype, {view.dims, view.dims + view.rank}, view.data, bytesOf(view)};
  }

  /// The C handle, for what this class does not wrap.
  wick_session *get() const { return handle; }

private:
  Session() = default;
  static uint64_t bytesOf(const wick_value &v) {
    uint64_t bytes = wick_dtype_size(v.dtype);
    for (uint32_t i = 0; i < v.rank; ++i)
      bytes *= uint64_t(v.dims[i]);
    return bytes;
  }
  static void fill(std::vector<wick_value> &values, std::span<const Tensor> tensors) {
    values.assign(tensors.size(), wick_value{});
    for (size_t i = 0; i < tensors.size(); ++i) {
      values[i].struct_size = sizeof(wick_value);
      values[i].dtype = tensors[i].dtype;
      values[i].rank = uint32_t(tensors[i].dims.size());
      values[i].dims = tensors[i].dims.data();
      values[i].data = tensors[i].data;
      values[i].capacity = tensors[i].bytes;
    }
  }

  wick_session *handle = nullptr;
  uint32_t numOutputs = 0;
  std::vector<wick_value> in, out; ///< kept, so that a warm run allocates nothing
};

/// What a model keeps between runs, carried by the caller: inputs and outputs of one
/// name that begins with "state:". Holds the tensors; zeros at first, or what another
/// model's session (the one compiled for the first run) gave.
///
///   auto state = wick::State::of(*model);
///   std::vector<wick::Tensor> inputs{chunk};
///   inputs.resize(model->info().inputs);
///   state->bind(inputs);                        // before each run
///   if (session->run(inputs)) state->take(*model, *session); // after each run
class State {
public:
  /// Dims that are not constant are 0 until the first take().
  static Expected<State> of(const Model &model) {
    State s;
    for (uint32_t i = 0, n = model.info().inputs; i < n; ++i) {
      wick_value_info info{};
      info.struct_size = sizeof(info);
      if (wick_model_input_info(model.get(), i, &info) || std::strncmp(info.name, "state:", 6))
        continue;
      Slot slot{info.name, i, info.dtype, {}, {}, {}};
      uint64_t bytes = wick_dtype_size(info.dtype);
      for (uint32_t d = 0; d < info.rank; ++d) {
        wick_dim_info dim{};
        dim.struct_size = sizeof(dim);
        (void)wick_model_input_dim(model.get(), i, d, &dim);
        slot.dims.push_back(dim.value < 0 ? 0 : dim.value);
        bytes *= uint64_t(slot.dims.back());
      }
      slot.bytes.resize(bytes);
      slot.first = slot.dims;
      s.slots.push_back(std::move(slot));
    }
    return s;
  }
  /// How many tensors; 0 for a model without state.
  size_t size() const { return slots.size(); }
  /// Zeros again, of the sizes before the first take(). Modules whose fresh state is not all zeros start with the
  /// program that `wick compile --fresh` makes, and take() what it leaves.
  void reset() {
    for (Slot &s : slots) {
      s.dims = s.first;
      uint64_t bytes = wick_dtype_size(s.dtype);
      for (int64_t d : s.dims)
        bytes *= uint64_t(d);
      s.bytes.assign(bytes, std::byte{});
    }
  }
  /// Puts the tensors at their places among a model's inputs; they live here.
  void bind(std::span<Tensor> inputs) {
    for (Slot &s : slots)
      if (s.input < inputs.size())
        inputs[s.input] = Tensor{s.dtype, s.dims, s.bytes.data(), s.bytes.size()};
  }
  /// Copies what a run of `model` left in its session. Allocates only when a size grows.
  Expected<void> take(const Model &model, const Session &session) {
    for (Slot &s : slots) {
      auto index = model.output(s.name.c_str());
      if (!index)
        return index.error();
      auto tensor = session.output(*index);
      if (!tensor)
        return tensor.error();
      s.dims = tensor->dims;
      s.bytes.resize(tensor->bytes);
      if (tensor->bytes)
        std::memcpy(s.bytes.data(), tensor->data, tensor->bytes);
    }
    return {};
  }

private:
  /// One tensor, and the input that takes it.
  struct Slot {
    std::string name;
    uint32_t input;
    wick_dtype dtype;
    std::vector<int64_t> dims, first; ///< now, and before the first take()
    std::vector<std::byte> bytes;
  };
  std::vector<Slot> slots;
};

} // namespace wick

#endif // WICK_WICK_HPP
