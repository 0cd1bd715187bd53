// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registers dialect `wick`. The bytecode carries the dialect's version so that
// later versions can upgrade old graphs or say that they are newer.
//
#include "dialects/graph/Graph.h"

#include "mlir/Bytecode/BytecodeImplementation.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace wick::graph;

#include "dialects/graph/GraphDialect.cpp.inc"
#include "dialects/graph/GraphEnums.cpp.inc"
#include "dialects/graph/GraphInterfaces.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/graph/Graph.cpp.inc"

namespace {
struct GraphVersion : DialectVersion {
  explicit GraphVersion(uint64_t v) : value(v) {}
  uint64_t value;
};
struct GraphBytecode : BytecodeDialectInterface {
  GraphBytecode(Dialect *d) : BytecodeDialectInterface(d) {}
  void writeVersion(DialectBytecodeWriter &w) const override { w.writeVarInt(WickDialect::kVersion); }
  std::unique_ptr<DialectVersion> readVersion(DialectBytecodeReader &r) const override {
    uint64_t v;
    if (failed(r.readVarInt(v)))
      return nullptr;
    if (v > WickDialect::kVersion) {
      r.emitError("graph was written by a newer Wick: dialect version ")
          << v << ", this one reads up to " << WickDialect::kVersion;
      return nullptr;
    }
    return std::make_unique<GraphVersion>(v);
  }
};
} // namespace

void WickDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/graph/Graph.cpp.inc"
      >();
  addInterfaces<GraphBytecode>();
}
