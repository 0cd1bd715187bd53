// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The source of an archive by qualified names: `__torch__.a.b.C` is defined in
// `code/__torch__/a/b.py`. Files are read and parsed when something of them is
// first asked for. Problems are kept in `error`; the first one sticks.
//
#ifndef WICK_COMPILER_FRONTEND_TORCHSCRIPT_PROGRAM_H
#define WICK_COMPILER_FRONTEND_TORCHSCRIPT_PROGRAM_H

#include "compiler/frontend/torch/Type.h"
#include "compiler/frontend/torchscript/Ast.h"

#include <functional>
#include <map>
#include <optional>

namespace wick::compiler::torchscript {

struct ClassInfo {
  std::string name; ///< qualified
  const ClassDef *def = nullptr;
  const SourceFile *file = nullptr;
  torch::TypeRef type;
  unsigned height = 1; ///< of the type
  std::map<std::string, torch::TypeRef> attributes;
  std::map<std::string, const Expr *> constants; ///< Final[...] and enum members
  std::map<std::string, const Function *> methods;
};

class Program {
public:
  /// Gives the text of "code/__torch__/a.py", or nothing when there is no such record.
  using Reader = std::function<std::optional<std::string>(const std::string &path)>;
  Program(Reader reader, unsigned maxNesting, bool keywordNames = false)
      : read(std::move(reader)), maxNesting(maxNesting), keywordNames(keywordNames) {}

  const Function *findFunction(const std::string &qualified);
  const ClassInfo *findClass(const std::string &qualified);
  /// A type as source writes it; null (and an error) when it is none.
  torch::TypeRef typeOf(const Expr *e);
  /// A type as pickles write it.
  torch::TypeRef typeOf(const std::string &text);
  /// "a.b.c" of a chain of selections of names; empty for anything else.
  static std::string dotted(const Expr *e);

  struct Problem {
    std::string where;               ///< "code/__torch__/a.py:12"
    std::string message, line, hint; ///< the last two may be empty
  };
  std::optional<Problem> error;
  /// All methods of a class, in order, for messages.
  static std::string methodNames(const ClassInfo &info);

private:
  const SourceFile *load(const std::string &module);
  /// Levels of a type, those of the fields of named tuples included.
  unsigned heightOf(const torch::Type &t) const;
  Reader read;
  unsigned maxNesting, nesting = 0; ///< levels of types: classes whose members are of classes, ...
  bool keywordNames;                ///< accept attributes that are named by keywords
  std::map<std::string, std::unique_ptr<SourceFile>> files; ///< null: not there
  std::map<std::string, const Function *> functions;
  std::map<std::string, std::unique_ptr<ClassInfo>> classes;
  std::vector<std::unique_ptr<SourceFile>> typeFiles;
  std::map<std::string, torch::TypeRef> typeTexts;
};

} // namespace wick::compiler::torchscript

#endif // WICK_COMPILER_FRONTEND_TORCHSCRIPT_PROGRAM_H
