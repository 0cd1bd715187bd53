// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values of the evaluated program: host values are known while importing, tensors
// are values of the graph. Lists, dicts and objects have identity and are shared;
// tuples and the rest are plain values. Integers are expressions over the module's
// symbols; a number that only the running program knows is a rank-0 graph value.
//
#ifndef WICK_COMPILER_FRONTEND_TORCHSCRIPT_VALUE_H
#define WICK_COMPILER_FRONTEND_TORCHSCRIPT_VALUE_H

#include "compiler/frontend/torch/TensorRef.h"
#include "compiler/frontend/torch/Type.h"
#include "compiler/frontend/torchscript/Ast.h"

#include <map>

namespace wick::compiler::torchscript {

struct ListData;
struct DictData;
struct ObjectData;
struct Closure;
struct Value;
using Environment = std::map<std::string, Value>;

struct Value {
  enum class Kind {
    None,
    Bool,
    Int,
    Float,
    Complex,
    Str,
    Device,
    Tensor,
    List,
    Tuple, ///< also a NamedTuple (text: its class)
    Dict,
    Object,
    Enum,     ///< text: class; list: the member's value
    Function, ///< a function of the archive, or a nested one with its environment
    Opaque,   ///< packed parameters; text: class
    Unset     ///< never read: `uninitialized(T)`, or text: why it cannot be
  };
  Kind kind = Kind::None;
  bool boolean = false;
  mlir::AffineExpr integer;         ///< Int, null with `scalar`
  double number = 0, imaginary = 0; ///< Float, Complex
  mlir::Value scalar;               ///< Bool (i1), Int (i64), Float (f64) of rank 0 that is not known
  std::string text;
  torch::Tensor tensor;
  std::shared_ptr<ListData> list;
  std::shared_ptr<DictData> dict;
  std::shared_ptr<ObjectData> object;
  const Function *function = nullptr;
  std::shared_ptr<Closure> captured;
  std::shared_ptr<void> opaque;

  bool is(Kind k) const { return kind == k; }
  bool isNone() const { return kind == Kind::None; }
  bool isTensor() const { return kind == Kind::Tensor; }
  /// Known when importing; integers may still be expressions.
  bool isKnown() const { return !scalar; }
};

/// A container's part of the elements that are alive, which one import limits. A copy
/// has none until it is weighed.
class Share {
public:
  Share() = default;
  Share(const Share &) {}
  Share &operator=(const Share &) { return *this; }
  ~Share() { set(nullptr, 0); }
  void set(std::shared_ptr<uint64_t> newTotal, uint64_t newCount) {
    if (total)
      *total -= count;
    total = std::move(newTotal), count = newCount;
    if (total)
      *total += count;
  }

private:
  std::shared_ptr<uint64_t> total;
  uint64_t count = 0;
};

// What programs nest without bound (a list in a list in a list ...) is destroyed
// without recursion.
struct ListData {
  std::vector<Value> items;
  torch::TypeRef elem; ///< declared element type; null: by the elements
  Share share = {};
  unsigned touched = 0; ///< the branch or trial run that keeps its old contents
  ~ListData();
};

struct DictData {
  std::vector<std::pair<Value, Value>> entries; ///< in order of insertion
  torch::TypeRef type;                          ///< declared type (of a dict); null: by the entries
  Share share = {};
  unsigned touched = 0;
  ~DictData();
};

/// The variables that a nested function sees.
struct Closure {
  Environment env;
  ~Closure();
};

struct ClassInfo;
struct ObjectData {
  const ClassInfo *type = nullptr;
  std::string path; ///< from the root module: "layer1.0.conv"; "" for the root
  bool fromArchive = false;
  std::vector<std::pair<std::string, Value>> attributes;
  ~ObjectData();

  Value *find(llvm::StringRef name) {
    for (auto &[key, value] : attributes)
      if (key == name)
        return &value;
    return nullptr;
  }
};

inline Value valueOf(bool v) {
  Value x;
  x.kind = Value::Kind::Bool, x.boolean = v;
  return x;
}
inline Value valueOf(mlir::AffineExpr v) {
  Value x;
  x.kind = Value::Kind::Int, x.integer = v;
  return x;
}
inline Value valueOf(double v) {
  Value x;
  x.kind = Value::Kind::Float, x.number = v;
  return x;
}
inline Value textValue(std::string v, Value::Kind kind = Value::Kind::Str) {
  Value x;
  x.kind = kind, x.text = std::move(v);
  return x;
}
inline Value scalarValue(Value::Kind kind, mlir::Value v) {
  Value x;
  x.kind = kind, x.scalar = v;
  return x;
}
inline Value tensorValue(torch::Tensor t) {
  Value x;
  x.kind = Value::Kind::Tensor, x.tensor = std::move(t);
  return x;
}
inline Value listValue(std::vector<Value> items, torch::TypeRef elem = nullptr, Value::Kind kind = Value::Kind::List) {
  Value x;
  x.kind = kind;
  x.list = std::make_shared<ListData>();
  x.list->items = std::move(items), x.list->elem = std::move(elem);
  return x;
}
inline Value tupleValue(std::vector<Value> items) { return listValue(std::move(items), nullptr, Value::Kind::Tuple); }

} // namespace wick::compiler::torchscript

#endif // WICK_COMPILER_FRONTEND_TORCHSCRIPT_VALUE_H
