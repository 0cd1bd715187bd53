//===- GraphBase.td - dialect `wick`: base classes -----------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The graph dialect: one small op set for all frontends. One op is one record;
// the record names its family, and passes, folding and code generation see
// families, never op names. Values are ranked tensors. Dims that are not
// constants are affine expressions over the module's symbols, carried in the
// tensor type's encoding: tensor<?x384xf32, affine_map<()[s0] -> (s0, 384)>>.
//
//===----------------------------------------------------------------------===//
#ifndef WICK_GRAPH_BASE
#define WICK_GRAPH_BASE

include "mlir/IR/OpBase.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/CommonTypeConstraints.td"
include "mlir/IR/EnumAttr.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "dialects/graph/GraphInterfaces.td"

def Wick_Dialect : Dialect {
  let name = "wick";
  let cppNamespace = "::wick::graph";
  let summary = "Graphs of tensor ops as captured from model files";
  let extraClassDeclaration = [{
    /// Bytecode version of the dialect; see docs/formats for its log.
    static constexpr unsigned kVersion = 1;
  }];
}

def Wick_Tensor : RankedTensorOf<[AnyType]>;

/// One row of the ONNX import table: `operands` names this op's operands in the
/// order of the ONNX node's inputs ("" skips one), `attrs` maps "onnx=wick".
/// `special` names a C++ importer instead (compiler/frontend/onnx/importers).
class OnnxImport<string op, list<string> operandNames = [], list<string> attrMap = [], string dom = ""> {
  string onnxOp = op;
  list<string> operands = operandNames;
  list<string> attrs = attrMap;
  string domain = dom;
}

/// One row of the ATen table: `operands` names this op's operands in the order of the
/// torch op's arguments ("" skips one), `attrs` maps "position=wick". Operands are
/// promoted; `how` is `keep`, `float` (integers become f32 first) or `bool`.
class AtenImport<string op, list<string> operandNames, string promotion = "keep", list<string> attrMap = []> {
  string atenOp = op;
  list<string> operands = operandNames;
  list<string> attrs = attrMap;
  string how = promotion;
}

class Wick_Op<string mnemonic, list<Trait> traits = []> : Op<Wick_Dialect, mnemonic, traits> {
  list<OnnxImport> imports = [];
  list<AtenImport> aten = [];
  list<string> examples = [];
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

/// Ops that move or convert elements: types of less than 8 bits and 8-bit floats
/// are theirs too (dialects/graph/Codes.h). All others refuse them.
def Wick_TakesCodes : NativeOpTrait<"TakesCodes"> { let cppNamespace = "::wick::graph"; }

/// Ops whose result elements are each a function of an output index.
class Wick_ElementOp<string mnemonic, list<Trait> traits = []>
    : Wick_Op<mnemonic, [Pure, DeclareOpInterfaceMethods<ElementOpInterface>,
                         DeclareOpInterfaceMethods<InferOpInterface>] # traits> {
  let results = (outs Wick_Tensor:$result);
}

/// Family Scalar: a body on scalars (or vectors of lanes) applied elementwise
/// with numpy broadcasting. `body` sees the operands as `x`, `y`, `z` (class Sc
/// of dialects/graph/Scalar.h), the attributes through their getters, and a
/// ScalarBuilder `s`. `elem` computes the result's element type from `r`
/// (InferRequest).
class Wick_ScalarOp<string mnemonic, dag args, code body, code elem = "return r.elem(0);", list<Trait> traits = []>
    : Wick_ElementOp<mnemonic, [DeclareOpInterfaceMethods<ScalarOpInterface>] # traits> {
  let arguments = args;
  let extraClassDefinition = [{
    ::mlir::Value $cppClass::buildScalar(::wick::graph::ScalarBuilder &s, ::mlir::ValueRange args) {
      [[maybe_unused]] ::wick::graph::Sc x = s.wrap(*this, 0, args);
      [[maybe_unused]] ::wick::graph::Sc y = s.wrap(*this, 1, args);
      [[maybe_unused]] ::wick::graph::Sc z = s.wrap(*this, 2, args);
      return [&]() -> ::wick::graph::Sc {}] # body # "}" # [{().value;
    }
    ::mlir::Value $cppClass::emitElement(::wick::graph::ElementEmitter &e, unsigned result, ::mlir::ArrayRef<::mlir::Value> index) {
      return ::wick::graph::emitScalarElement(*this, e, index);
    }
    ::llvm::LogicalResult $cppClass::inferTypes(::wick::graph::InferRequest &r) {
      return ::wick::graph::inferBroadcast(r, [&]() -> ::mlir::Type {}] # elem # "}" # [{());
    }
  }];
}
class Wick_Unary<string mnemonic, code body, code elem = "return r.elem(0);">
    : Wick_ScalarOp<mnemonic, (ins Wick_Tensor:$x), body, elem>;
class Wick_Binary<string mnemonic, code body, code elem = "return r.elem(0);">
    : Wick_ScalarOp<mnemonic, (ins Wick_Tensor:$x, Wick_Tensor:$y), body, elem>;
class Wick_Compare<string mnemonic, code body> : Wick_Binary<mnemonic, body, "return r.i1();">;

#endif // WICK_GRAPH_BASE
