// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Static types of the TorchScript language as schema lines and source write them.
// Immutable and shared by pointer; equality is structural. No MLIR here.
//
#ifndef WICK_COMPILER_FRONTEND_TORCH_TYPE_H
#define WICK_COMPILER_FRONTEND_TORCH_TYPE_H

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace wick::compiler::torch {

struct Type;
using TypeRef = std::shared_ptr<const Type>;

struct Type {
  enum class Kind {
    Tensor,
    Int,
    Float,
    Complex,
    Number, ///< int, float or complex; bool is none of them
    Bool,
    Str,
    None,
    Device,
    Any,
    AnyEnum,
    Var, ///< type variable of a schema, `name`
    List,
    Dict,
    Tuple,
    Optional,
    Union,
    Future,
    Class,      ///< `name`: qualified; also custom C++ classes
    NamedTuple, ///< `name`, args: the fields' types
    Enum,       ///< `name`
    Interface,  ///< `name`
    Other       ///< anything else by `name` (Generator, Stream, ...): equal to itself only
  };
  Kind kind;
  std::string name;
  std::vector<TypeRef> args;

  bool is(Kind k) const { return kind == k; }
};

TypeRef makeType(Type::Kind kind, std::vector<TypeRef> args = {}, std::string name = "");
/// Optional of `t`; `t` itself where it already holds None.
TypeRef makeOptional(TypeRef t);
/// A scalar's type by its name in source or schemas ("int", "Tensor", "Scalar"), or null.
TypeRef scalarType(const std::string &name);

bool equal(const Type &a, const Type &b);
/// The subtype relation of TorchScript: lists and dicts are invariant, tuples covariant.
bool isSubtype(const TypeRef &a, const TypeRef &b);
/// The least type that holds both, or null.
TypeRef unify(const TypeRef &a, const TypeRef &b);
bool hasVariables(const Type &t);
/// As source writes it: "List[Optional[Tensor]]".
std::string toString(const Type &t);

/// Bindings of type variables during one match.
using TypeEnv = std::map<std::string, TypeRef>;
/// Binds the variables of `formal` so that it fits `actual`; false when it cannot.
bool bindVariables(const TypeRef &formal, const TypeRef &actual, TypeEnv &env);
/// `t` with its variables replaced; null when one is not bound.
TypeRef substitute(const TypeRef &t, const TypeEnv &env);

} // namespace wick::compiler::torch

#endif // WICK_COMPILER_FRONTEND_TORCH_TYPE_H
