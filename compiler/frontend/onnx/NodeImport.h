// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an importer function sees: one node, its operands as values, the builder,
// and ways to say what is wrong. Private to this folder and importers/.
//
#ifndef WICK_COMPILER_FRONTEND_ONNX_NODEIMPORT_H
#define WICK_COMPILER_FRONTEND_ONNX_NODEIMPORT_H

#include "compiler/frontend/GraphBuilder.h"
#include "compiler/frontend/onnx/Model.h"

namespace wick::compiler {

class OnnxImporter;

class NodeImport {
public:
  NodeImport(OnnxImporter &importer, GraphBuilder &g, const onnx::Node &node) : importer(importer), g(g), node(node) {
    out.resize(node.outputs.size());
  }
  OnnxImporter &importer;
  GraphBuilder &g;
  const onnx::Node &node;
  llvm::SmallVector<mlir::Value> in;  ///< null where left out
  llvm::SmallVector<mlir::Value> out; ///< to be filled; null entries of wanted outputs are errors

  mlir::Value input(size_t i) const { return i < in.size() ? in[i] : mlir::Value(); }
  bool wants(size_t i) const { return node.hasOutput(i); }
  void set(size_t i, mlir::Value v) {
    if (i < out.size())
      out[i] = v;
  }
  int64_t intAttr(llvm::StringRef name, int64_t otherwise) const {
    return node.intAttr(std::string_view(name), otherwise);
  }
  double floatAttr(llvm::StringRef name, double otherwise) const {
    return node.floatAttr(std::string_view(name), float(otherwise));
  }
  std::string stringAttr(llvm::StringRef name, llvm::StringRef otherwise) const {
    return node.stringAttr(std::string_view(name), std::string_view(otherwise));
  }
  std::optional<std::vector<int64_t>> intsAttr(llvm::StringRef name) const {
    return node.intsAttr(std::string_view(name));
  }
  bool hasAttr(llvm::StringRef name) const { return node.attr(std::string_view(name)) != nullptr; }

  /// A node that is valid but that we cannot do; and one that is not valid. The
  /// first call wins, and the outputs are void.
  void unsupported(const llvm::Twine &why) { note(why, false); }
  void error(const llvm::Twine &why) { note(why, true); }
  bool failed() const { return !problem.empty() || g.hasError(); }

  /// axis in [-rank, rank) made non-negative; an error else.
  std::optional<int64_t> axis(int64_t axis, int64_t rank);
  /// Axes as an attribute or as a constant operand; `otherwise` when both are absent.
  /// Sorted, non-negative. Runtime axes are unsupported.
  std::optional<llvm::SmallVector<int64_t>> axes(size_t operand, int64_t rank,
                                                 std::optional<llvm::SmallVector<int64_t>> otherwise);
  /// Constant integer elements of an operand; unsupported (naming `what`) else.
  std::optional<llvm::SmallVector<int64_t>> constantInts(size_t operand, llvm::StringRef what);
  std::optional<double> constantDouble(size_t operand, llvm::StringRef what, double otherwise);
  /// Refuses a vector whose length decides the rank of a result and is open, naming
  /// the dim that --dim can fix.
  void openLength(size_t operand, llvm::StringRef what);

  std::string problem;
  bool isError = false;
  bool isList = false;     ///< output 0 was defined as a sequence
  bool isRankOpen = false; ///< openLength() was called

private:
  void note(const llvm::Twine &why, bool error) {
    if (problem.empty())
      problem = why.str(), isError = error;
  }
};

/// The importer function of an op of the default domain, or null.
using ImportFn = void (*)(NodeImport &n);
ImportFn findImporter(llvm::StringRef domain, llvm::StringRef op);

/// Imports by a row of the records; false when there is none.
bool importByRow(NodeImport &n);
/// Whether a row of the records stands for the op.
bool hasRow(const onnx::Node &node);

/// The MLIR element type of an ONNX one; null for those that tensors cannot hold.
mlir::Type elementType(onnx::DataType type, mlir::MLIRContext *context);
onnx::DataType dataTypeOf(mlir::Type elem);

// Families of importers; each adds its names to the table.
using ImportTable = llvm::StringMap<ImportFn>;
void addConstantImporters(ImportTable &table);
void addShapeImporters(ImportTable &table);
void addMoveImporters(ImportTable &table);
void addScalarImporters(ImportTable &table);
void addReduceImporters(ImportTable &table);
void addNormImporters(ImportTable &table);
void addContractImporters(ImportTable &table);
void addCausalConvImporters(ImportTable &table);
void addEinsumImporters(ImportTable &table);
void addPoolImporters(ImportTable &table);
void addResizeImporters(ImportTable &table);
void addIndexImporters(ImportTable &table);
void addRoutineImporters(ImportTable &table);
void addSignalImporters(ImportTable &table);
void addQuantImporters(ImportTable &table);
void addRecurrentImporters(ImportTable &table);
void addControlImporters(ImportTable &table);
void addSequenceImporters(ImportTable &table);
void addContribImporters(ImportTable &table);
void addContribContractImporters(ImportTable &table);
void addContribAttentionImporters(ImportTable &table);
void addContribQuantImporters(ImportTable &table);

} // namespace wick::compiler

#endif // WICK_COMPILER_FRONTEND_ONNX_NODEIMPORT_H
