// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Einsum, see Composites.h.
//
#include "compiler/frontend/Composites.h"
#include "compiler/frontend/onnx/NodeImport.h"

using namespace mlir;
namespace wick::compiler {

static void importEinsum(NodeImport &n) {
  Value v = einsum(n.g, n.stringAttr("equation", ""), n.in);
  if (!v && n.g.hasError())
    return n.error(n.g.takeError());
  n.set(0, v);
}

void addEinsumImporters(ImportTable &t) { t["Einsum"] = importEinsum; }

} // namespace wick::compiler
