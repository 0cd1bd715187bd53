// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Brings every node of the default domain to its newest definition, so that the
// importer knows one form of each op. Runs on the plain structs, in subgraphs too
// (the upstream converter drops functions and does not enter subgraphs). A table
// of rules, one an op and version where its meaning or signature changed, lies in
// UpgradeRules*.cpp; versions that only added element types or optional things
// have none. Constants that become inputs are emitted as Constant nodes before
// their user. Test: test/unit/frontend/UpgradeTest.cpp.
//
#ifndef WICK_COMPILER_FRONTEND_ONNX_UPGRADE_H
#define WICK_COMPILER_FRONTEND_ONNX_UPGRADE_H

#include "compiler/frontend/onnx/Names.h"

namespace wick::onnx {

/// Softmax, LogSoftmax and Hardmax below opset 13 work on the tensor flattened to
/// two dimensions at `axis`. Where that differs from the new meaning they get this
/// attribute (int 1) and keep their axis: the importer, who knows the rank, wraps
/// them in reshapes, or drops the attribute when axis is the last one.
inline constexpr const char *Coerce2dAttr = "wick_coerce2d";

/// Upgrades the main graph and all subgraphs; sets the model's import of the
/// default domain to the newest opset. Functions are not touched: expand them
/// first. Models of a newer opset than we know are noted in `problems` and left as
/// they are; nodes that cannot be expressed are errors.
void upgrade(Model &model, NameGenerator &names, std::vector<Problem> &problems);

/// Upgrades a list of nodes (an expanded function body), each from Node::opset.
/// Nodes without one are taken to be new already.
void upgradeNodes(std::vector<Node> &nodes, NameGenerator &names, std::vector<Problem> &problems);

/// The newest version that the rules lead to; equals newestOpset().
int64_t upgradeTarget();

/// True when the table has a rule for the op that ends at this version, or says
/// that the step needs none. For the test that compares the table with schemas.
bool upgradeCovers(const std::string &opType, int64_t sinceVersion);

} // namespace wick::onnx

#endif // WICK_COMPILER_FRONTEND_ONNX_UPGRADE_H
