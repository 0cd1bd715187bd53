// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Signatures of torch ops: the parser of schema lines and the embedded table
// (Schemas.txt, in torch's registration order, which overload resolution needs).
// The table is parsed at first use; reading it is thread-safe.
//
#ifndef WICK_COMPILER_FRONTEND_TORCH_SCHEMA_H
#define WICK_COMPILER_FRONTEND_TORCH_SCHEMA_H

#include "compiler/frontend/torch/Type.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>

namespace wick::compiler::torch {

/// A default value. Names of enumerators (`Mean`, `contiguous_format`) become their codes.
struct SchemaDefault {
  enum class Kind { None, Bool, Int, Double, String, List };
  Kind kind = Kind::None;
  bool boolean = false;
  int64_t integer = 0;
  double number = 0;
  std::string string;
  std::vector<SchemaDefault> list;
};

struct SchemaArg {
  std::string name; ///< may be empty
  TypeRef type;
  std::string typeName;  ///< the innermost name as written: "ScalarType", "SymInt", "Tensor"
  int64_t fixedSize = 0; ///< of `int[2]`, which takes a single int as well; 0: none
  std::optional<SchemaDefault> defaultValue;
  bool keywordOnly = false;
  std::string alias; ///< "a", "a!", "a -> *", "" without
  /// The op writes to the argument.
  bool isWritten() const { return alias.find('!') != std::string::npos; }
};

struct SchemaResult {
  std::string name; ///< mostly empty
  TypeRef type;
  std::string alias; ///< equal letters tell which argument it may share storage with
};

struct Schema {
  std::string name;     ///< "aten::add"
  std::string overload; ///< "Tensor", may be empty
  std::vector<SchemaArg> args;
  std::vector<SchemaResult> results;
  bool varArgs = false, varResults = false; ///< `...`
  std::string text;                         ///< the line

  /// "aten::add.Tensor"
  std::string fullName() const { return overload.empty() ? name : name + "." + overload; }
  /// Position of an argument by name; -1 when there is none.
  int find(llvm::StringRef argName) const;
  bool writes() const;
  /// A result shares storage with an argument that is not written: the op is (or may be) a view.
  bool returnsAlias() const;
};

/// Parses one line; empty with `error` set when it is malformed.
std::optional<Schema> parseSchema(llvm::StringRef line, std::string &error);

/// All overloads of "aten::add" in order; empty when the name is not in the table.
llvm::ArrayRef<Schema> findSchemas(llvm::StringRef name);
/// One overload ("" or "default" for the unnamed one), or null.
const Schema *findSchema(llvm::StringRef name, llvm::StringRef overload);
/// Lines of the table.
size_t schemaTableSize();
/// All names of the table, sorted.
std::vector<llvm::StringRef> schemaNames();

} // namespace wick::compiler::torch

#endif // WICK_COMPILER_FRONTEND_TORCH_SCHEMA_H
