// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The syntax tree of serialized TorchScript: a small subset of Python without
// operators, where everything is a call. Nodes belong to their SourceFile and live
// as long. Plain structs without MLIR; immutable after parsing.
//
#ifndef WICK_COMPILER_FRONTEND_TORCHSCRIPT_AST_H
#define WICK_COMPILER_FRONTEND_TORCHSCRIPT_AST_H

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace wick::compiler::torchscript {

struct SourceFile;

struct Expr {
  enum class Kind {
    Int,     ///< integer
    Float,   ///< number
    Complex, ///< number, imaginary
    Str,     ///< text
    Bool,    ///< integer 0 or 1
    None,
    Name,   ///< text
    Tuple,  ///< items
    List,   ///< items
    Dict,   ///< keys in `items`, values in `values`
    Select, ///< items[0] . text
    Call,   ///< items[0] ( items[1..], keywords )
    Index,  ///< items[0] [ items[1..] ]; several indices only in types
    Slice   ///< items[0] [ items[1] : items[2] ]; null where left out
  };
  Kind kind = Kind::None;
  uint32_t line = 0;
  uint32_t offset = 0; ///< bytes from the start of the file
  uint32_t height = 1; ///< levels of the tree, from here down
  int64_t integer = 0;
  double number = 0, imaginary = 0;
  std::string text;
  std::vector<const Expr *> items, values;
  std::vector<std::pair<std::string, const Expr *>> keywords;

  bool is(Kind k) const { return kind == k; }
};

struct Function;

struct Stmt {
  enum class Kind {
    Return, ///< value or null
    Pass,
    Expr,   ///< value
    Assign, ///< targets (names, or one Select), values; `unpack`: one value for many targets
    If,     ///< value, body, orElse
    While,  ///< value, body
    For,    ///< name in range(value), body
    With,   ///< value as name, body
    Def     ///< function, without parameters
  };
  Kind kind = Kind::Pass;
  uint32_t line = 0;
  uint32_t offset = 0;
  std::string name;
  const Expr *value = nullptr, *type = nullptr;
  std::vector<const Expr *> targets, values;
  bool unpack = false;
  std::vector<const Stmt *> body, orElse;
  const Function *function = nullptr;
};

struct Parameter {
  std::string name;
  const Expr *type = nullptr, *defaultValue = nullptr; ///< either may be null
};

struct Function {
  std::string name;
  std::string qualified; ///< set by who loads the file
  uint32_t line = 0;
  const SourceFile *file = nullptr;
  std::vector<Parameter> parameters;
  const Expr *result = nullptr; ///< type, may be null
  std::vector<const Stmt *> body;
};

struct ClassDef {
  enum class Base { None, Module, NamedTuple, Enum, Interface };
  struct Member {
    std::string name;
    const Expr *type = nullptr, *value = nullptr; ///< attribute: type; constant: both; enum member: value
  };
  std::string name, qualified;
  uint32_t line = 0;
  Base base = Base::None;
  std::vector<Member> members;
  std::vector<const Function *> methods;
};

struct SourceFile {
  std::string path; ///< "code/__torch__/a/b.py"
  std::string text;
  std::vector<const Function *> functions;
  std::vector<const ClassDef *> classes;

  // Arenas: deques keep addresses.
  std::deque<Expr> exprs;
  std::deque<Stmt> stmts;
  std::deque<Function> functionArena;
  std::deque<ClassDef> classArena;

  /// Line `number` (from 1) without indentation.
  std::string line(uint32_t number) const;
};

} // namespace wick::compiler::torchscript

#endif // WICK_COMPILER_FRONTEND_TORCHSCRIPT_AST_H
