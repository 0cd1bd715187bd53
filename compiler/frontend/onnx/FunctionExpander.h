// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Replaces calls of functions by their bodies: model-local functions all at
// once, bodies from the schemas one node at a time, when the importer has no
// rule for an op. Attributes are bound, inputs left out stay left out, names of
// the body become fresh ones, and nodes are named "Caller/Node".
// Test: test/unit/frontend/FunctionExpanderTest.cpp.
//
#ifndef WICK_COMPILER_FRONTEND_ONNX_FUNCTIONEXPANDER_H
#define WICK_COMPILER_FRONTEND_ONNX_FUNCTIONEXPANDER_H

#include "compiler/frontend/onnx/Names.h"

namespace wick::onnx {

/// Expands every call of a model-local function, also in subgraphs and in other
/// functions, and leaves `model.functions` empty. Nodes of a body carry its own
/// opset import in Node::opset, for the upgrade that follows. An attribute that
/// neither the caller nor the function gives a value is left out. Functions that
/// call themselves or use names that they do not define are errors, and their
/// calls stay. Functions that call others twice each can grow without bound: more
/// than `maxNodes` nodes from bodies are an error.
void expandLocalFunctions(Model &model, NameGenerator &names, std::vector<Problem> &problems,
                          size_t maxNodes = size_t(1) << 20);

/// Nodes that compute an op by its schema's function body, upgraded to the newest
/// opset, in order; they write `node.outputs`. `node` is in its newest form (or at
/// `node.opset`), `inputTypes` are its inputs' types as far as known (a shorter
/// list and Kind::None mean unknown): some bodies depend on element types and
/// ranks. Calls in the body are not expanded again. Empty when the schema has no
/// body for this node; if the reason is an error, it is added to `problems`.
std::optional<std::vector<Node>> expandNode(const Node &node, const std::vector<Type> &inputTypes, NameGenerator &names,
                                            std::vector<Problem> &problems);

} // namespace wick::onnx

#endif // WICK_COMPILER_FRONTEND_ONNX_FUNCTIONEXPANDER_H
