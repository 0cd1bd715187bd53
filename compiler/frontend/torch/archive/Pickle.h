// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The values that stand in PyTorch's pickles, as data. A pickle is a program for
// a small stack machine; this reader runs a fixed list of its instructions and
// knows a fixed list of names, so nothing is ever imported or called, and a file
// can do no more than build values. Shared objects stay shared: two attributes
// that held one tensor hold one value here.
//
// Values are handles of 16 bytes into a Pickle, which must outlive them. What
// readPickle returns has no cycles and is at most PickleLimits::maxDepth deep, so
// recursive walks are safe; they may be exponential where values are shared many
// times, so keep a set of what was seen (identity()).
//
#ifndef WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_PICKLE_H
#define WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_PICKLE_H

#include "compiler/frontend/torch/ScalarType.h"
#include "compiler/frontend/torch/archive/Bytes.h"
#include "llvm/ADT/SmallVector.h"
#include <memory>
#include <utility>
#include <vector>

namespace wick::compiler::torch {

class PickleValue;
struct PickleNode;

/// A run of elements that tensors share, `<folder>/<key>` in the archive.
struct StorageRecord {
  llvm::StringRef folder;                 ///< "data", "constants", "traced_inputs"
  llvm::StringRef key;                    ///< "0"
  ScalarType dtype = ScalarType::Unknown; ///< of the storage; Byte for an untyped one
  llvm::StringRef dtypeText;              ///< "FloatStorage", for messages
  llvm::StringRef location;               ///< "cpu", "cuda:0": where it once was
  uint64_t numel = 0;                     ///< elements of the whole storage
};

struct TensorRecord;

/// x = (q - zero point) * scale. Per channel when axis >= 0: scale and zero point
/// are tensors of rank 1 then, f64 and i64 (f32 and f32 for embedding bags).
struct QuantRecord {
  double scale = 1;
  int64_t zeroPoint = 0;
  int64_t axis = -1;
  const TensorRecord *scales = nullptr;
  const TensorRecord *zeroPoints = nullptr;
};

/// A tensor: a strided view of a storage. Offset and strides count elements.
/// Sizes are >= 0 and their product fits in int64; whether the view lies inside
/// its storage's bytes is checked where they are read (TensorData.h).
struct TensorRecord {
  const StorageRecord *storage = nullptr;
  ScalarType dtype = ScalarType::Unknown;
  int64_t offset = 0;
  llvm::SmallVector<int64_t, 4> sizes;
  llvm::SmallVector<int64_t, 4> strides;
  bool requiresGrad = false;
  bool conjugate = false;             ///< the elements are to be conjugated when read
  bool negative = false;              ///< the elements are to be negated when read
  std::unique_ptr<QuantRecord> quant; ///< of quantized tensors

  uint64_t numel() const {
    uint64_t count = 1;
    for (int64_t size : sizes)
      count *= static_cast<uint64_t>(size);
    return count;
  }
};

/// One value. Copies refer to the same object; equality of objects is identity().
class PickleValue {
public:
  enum class Kind : uint8_t {
    None,
    Bool,
    Int,
    Double,
    Complex,
    String,
    Tuple,
    List,
    Dict,
    Tensor,
    Object, ///< instance of a class of the archive's code, or of a custom C++ class
    Enum,   ///< member of an enum class: its class and its value
    Device, ///< "cpu"
    Dtype,  ///< torch.float32, in Python's pickles only
    // Never in a result:
    Storage,
    Global,
  };

  PickleValue() = default;
  explicit PickleValue(bool value) : tag(Kind::Bool) { boolean = value; }
  explicit PickleValue(int64_t value) : tag(Kind::Int) { integer = value; }
  explicit PickleValue(double value) : tag(Kind::Double) { number = value; }
  PickleValue(Kind kind, PickleNode *node) : tag(kind) { this->node = node; }

  Kind kind() const { return tag; }
  bool isNone() const { return tag == Kind::None; }
  bool isBool() const { return tag == Kind::Bool; }
  bool isInt() const { return tag == Kind::Int; }
  bool isDouble() const { return tag == Kind::Double; }
  bool isString() const { return tag == Kind::String; }
  bool isTuple() const { return tag == Kind::Tuple; }
  bool isList() const { return tag == Kind::List; }
  bool isDict() const { return tag == Kind::Dict; }
  bool isTensor() const { return tag == Kind::Tensor; }
  bool isObject() const { return tag == Kind::Object; }

  // Each of these needs its kind.
  bool asBool() const { return boolean; }
  int64_t asInt() const { return integer; }
  double asDouble() const { return number; }
  std::pair<double, double> asComplex() const; ///< real and imaginary part
  /// String: the bytes as written, UTF-8 by convention. Device: its name.
  llvm::StringRef asString() const;
  ScalarType asDtype() const;
  const TensorRecord &asTensor() const;
  /// Tuple, List: the elements. Dict: keys and values by turns.
  llvm::ArrayRef<PickleValue> items() const;
  /// Dict: the value of a string key, or null. Linear in the entries.
  const PickleValue *find(llvm::StringRef key) const;
  /// List, Dict: TorchScript's type of it ("Dict[str, Tensor]"), "" when not written.
  llvm::StringRef typeText() const;
  /// Object, Enum: the qualified name, "__torch__.a.___torch_mangle_7.Net".
  llvm::StringRef className() const;
  /// Object: what was saved of it: a dict of attributes in the order of their
  /// declarations, or what its __getstate__ gave. Enum: the member's value.
  PickleValue state() const;

  /// The same for two values if and only if they are one object; null for None,
  /// Bool, Int and Double, which have no identity.
  const void *identity() const { return tag <= Kind::Double ? nullptr : node; }

private:
  friend class PickleReader;
  Kind tag = Kind::None;
  union {
    int64_t integer = 0;
    bool boolean;
    double number;
    PickleNode *node;
  };
};

struct PickleLimits {
  uint64_t maxBytes = uint64_t(256) << 20;
  uint64_t maxStack = 4'000'000;
  uint64_t maxNodes = 8'000'000; ///< values with identity
  uint64_t maxString = uint64_t(64) << 20;
  unsigned maxDepth = 200;
  unsigned maxRank = 64;
};

/// A read pickle: owns its values and keeps the bytes alive. Movable, values stay
/// valid; immutable, so that several threads may read it.
class Pickle {
public:
  Pickle();
  ~Pickle();
  Pickle(Pickle &&) noexcept;
  Pickle &operator=(Pickle &&) noexcept;

  PickleValue root() const { return top; }
  /// All storages, in the order of their first use.
  const std::vector<const StorageRecord *> &storages() const { return storageList; }

private:
  friend class PickleReader;
  struct Arena;
  std::unique_ptr<Arena> arena;
  std::vector<const StorageRecord *> storageList;
  PickleValue top;
};

/// Reads a pickle written by TorchScript or by Python's torch.save. `folder` is
/// where the archive keeps the storages of this pickle ("data"). An error names
/// the offset, and the global or instruction that is not one of ours.
llvm::Expected<Pickle> readPickle(Bytes bytes, llvm::StringRef folder, const PickleLimits &limits = {});

} // namespace wick::compiler::torch

#endif // WICK_COMPILER_FRONTEND_TORCH_ARCHIVE_PICKLE_H
