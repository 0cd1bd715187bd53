// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Write a model in C++ and compile it: functions on trace::Tensor (functions.h) record
// a graph, which Graph::compile turns into a .wick file, or Graph::save into a portable
// archive that `wick compile` takes. nn.h has layers, state_dict.h their weights. Nothing is computed while recording
// (constants aside); a Tensor has a type and dims, no elements.
//
// Semantics are those of the PyTorch functions of the same name: broadcasting, type
// promotion (a C++ number counts less than any tensor), defaults. Dims may be
// symbolic: graph.input("x", Float32, {"batch", 128}).
//
// Errors stick: a call that cannot be recorded notes file, line, op and reason with
// the graph and returns a tensor that every later call accepts silently;
// Graph::errors() tells all first causes. Nothing throws. A graph and its tensors
// belong to one thread; different graphs are independent.
//
#ifndef WICK_TRACE_H
#define WICK_TRACE_H

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace wick::trace {

enum class DType { Float32, Float64, Float16, BFloat16, Int64, Int32, Int16, Int8, UInt8, Bool };

/// Where a call stands in the user's source; filled in by the compiler.
using Where = std::source_location;

/// A dim of an input: a size, or a name whose size a run decides, in [min, max].
struct Dim {
  int64_t size = 0;
  std::string name;
  int64_t min = 1, max = int64_t(1) << 29;
  Dim(int64_t size) : size(size) {}
  Dim(int size) : size(size) {}
  Dim(const char *name, int64_t min = 1, int64_t max = int64_t(1) << 29) : name(name), min(min), max(max) {}
};

struct GraphState;
struct TensorState;
class Tensor;

/// A size: a number, or an expression over named dims. Arithmetic stays symbolic.
class Size {
public:
  Size(int64_t value = 0) : value(value) {}
  Size(int value) : value(value) {}
  Size operator+(const Size &o) const;
  Size operator-(const Size &o) const;
  Size operator*(const Size &o) const;
  /// Rounded down.
  Size operator/(const Size &o) const;

private:
  friend class Tensor;
  friend struct GraphState;
  std::shared_ptr<GraphState> graph; ///< null: the number `value`
  const void *expr = nullptr;
  int64_t value;
};

/// A tensor together with the line that uses it: what operators take on their left.
struct Located;

/// A value of a graph. Copies refer to the same value. A default-made one stands for "not given" (None).
class Tensor {
public:
  Tensor() = default;
  explicit Tensor(std::shared_ptr<TensorState> state) : state(std::move(state)) {}
  bool given() const { return state != nullptr; }
  int64_t rank() const;
  /// Dim `i`, which may count from the end; 0 after an error.
  Size size(int64_t i) const;
  /// "f32[batch, 128]", for messages.
  std::string type() const;

  Tensor reshape(std::vector<Size> sizes, Where where = Where::current()) const;
  Tensor transpose(int64_t a, int64_t b, Where where = Where::current()) const;
  Tensor permute(std::vector<int64_t> dims, Where where = Where::current()) const;
  Tensor unsqueeze(int64_t dim, Where where = Where::current()) const;
  Tensor squeeze(int64_t dim, Where where = Where::current()) const;
  Tensor expand(std::vector<Size> sizes, Where where = Where::current()) const;
  Tensor select(int64_t dim, Size index, Where where = Where::current()) const;
  Tensor slice(int64_t dim, Size start, Size end, int64_t step = 1, Where where = Where::current()) const;
  Tensor flatten(int64_t first = 0, int64_t last = -1, Where where = Where::current()) const;
  Tensor to(DType type, Where where = Where::current()) const;
  std::vector<Tensor> chunk(int64_t count, int64_t dim, Where where = Where::current()) const;

  std::shared_ptr<TensorState> state;
};

/// An argument of `call`: anything that a schema may ask for.
class Value {
public:
  enum class Kind { None, Bool, Int, Double, String, Tensor, List };
  Value() = default;
  Value(bool v) : kind(Kind::Bool), boolean(v) {}
  Value(int v) : kind(Kind::Int), size(v) {}
  Value(int64_t v) : kind(Kind::Int), size(v) {}
  Value(Size v) : kind(Kind::Int), size(std::move(v)) {}
  Value(double v) : kind(Kind::Double), number(v) {}
  Value(const char *v) : kind(Kind::String), text(v) {}
  Value(std::string v) : kind(Kind::String), text(std::move(v)) {}
  Value(Tensor v) : kind(v.given() ? Kind::Tensor : Kind::None), tensor(std::move(v)) {}
  Value(DType v);
  template <class T>
  Value(const std::vector<T> &list) : kind(Kind::List), list(list.begin(), list.end()) {}

  Kind kind = Kind::None;
  bool boolean = false;
  Size size;
  double number = 0;
  std::string text;
  Tensor tensor;
  std::vector<Value> list;
};

struct CompileOptions {
  std::vector<std::string> targets; ///< slices as in `wick compile --target`; empty: all
  unsigned threads = 0;             ///< of the compiler; 0: as many as the machine has
  bool withGraph = true;            ///< keep the graph in the file, for `wick inspect`
};

struct CompileResult {
  bool ok = false;
  std::vector<std::string> messages; ///< errors, then warnings
};

/// A model that is being recorded.
class Graph {
public:
  /// `name` is the model's in messages.
  explicit Graph(std::string name = "trace");
  Graph(const Graph &) = delete;
  Graph &operator=(const Graph &) = delete;

  Tensor input(const std::string &name, DType type, std::vector<Dim> dims, Where where = Where::current());
  void output(const std::string &name, const Tensor &tensor, Where where = Where::current());

  /// Row-major elements, copied.
  Tensor constant(const std::vector<float> &elements, std::vector<int64_t> dims, Where where = Where::current());
  Tensor constant(const std::vector<int64_t> &elements, std::vector<int64_t> dims, Where where = Where::current());
  /// 0, 1, ..., count - 1.
  Tensor arange(Size count, DType type = DType::Int64, Where where = Where::current());
  Tensor full(std::vector<Size> dims, double value, DType type = DType::Float32, Where where = Where::current());

  /// "file:line: op: reason" of everything that went wrong.
  const std::vector<std::string> &errors() const;
  /// Compiles what was recorded and writes it to `path`. The graph is used up.
  CompileResult compile(const std::string &path, const CompileOptions &options = {});
  /// Writes what was recorded, with its weights and without code, to `path` (NAME.wgraph), for `wick compile`. The
  /// graph is used up.
  CompileResult save(const std::string &path);

  std::shared_ptr<GraphState> state;
};

/// Calls any op that the compiler knows by its name in PyTorch ("aten::gelu", "aten::add.Tensor") with arguments in
/// schema order; trailing defaults may be left out. functions.h has shorthands. At least one tensor must be given.
std::vector<Tensor> callAll(std::string_view op, std::vector<Value> args, Where where = Where::current());
Tensor call(std::string_view op, std::vector<Value> args, Where where = Where::current());

struct Located {
  Located(const Tensor &tensor, Where where = Where::current()) : tensor(tensor), where(where) {}
  const Tensor &tensor;
  Where where;
};
inline Tensor operator+(Located a, const Value &b) { return call("aten::add.Tensor", {a.tensor, b}, a.where); }
inline Tensor operator-(Located a, const Value &b) { return call("aten::sub.Tensor", {a.tensor, b}, a.where); }
inline Tensor operator*(Located a, const Value &b) { return call("aten::mul.Tensor", {a.tensor, b}, a.where); }
inline Tensor operator/(Located a, const Value &b) { return call("aten::div.Tensor", {a.tensor, b}, a.where); }
inline Tensor operator-(Located a) { return call("aten::neg", {a.tensor}, a.where); }
template <class Number>
  requires std::is_arithmetic_v<Number>
Tensor operator+(Number a, Located b) {
  return call("aten::add.Tensor", {b.tensor, a}, b.where);
}
template <class Number>
  requires std::is_arithmetic_v<Number>
Tensor operator*(Number a, Located b) {
  return call("aten::mul.Tensor", {b.tensor, a}, b.where);
}
template <class Number>
  requires std::is_arithmetic_v<Number>
Tensor operator-(Number a, Located b) {
  return call("aten::rsub.Scalar", {b.tensor, a}, b.where);
}
template <class Number>
  requires std::is_arithmetic_v<Number>
Tensor operator/(Number a, Located b) {
  return call("aten::mul.Tensor", {call("aten::reciprocal", {b.tensor}, b.where), a}, b.where);
}

} // namespace wick::trace

#include "wick/functions.h"

#endif // WICK_TRACE_H
