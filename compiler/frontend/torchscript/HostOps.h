// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tables of host ops, one a file. Private to this folder.
//
#ifndef WICK_COMPILER_FRONTEND_TORCHSCRIPT_HOSTOPS_H
#define WICK_COMPILER_FRONTEND_TORCHSCRIPT_HOSTOPS_H

#include "compiler/frontend/torchscript/Evaluator.h"

namespace wick::compiler::torchscript {

struct HostRow {
  Evaluator::HostFn fn = nullptr;
  bool always = false; ///< a host op whatever it is given; others only without tensors
};
using HostTable = std::map<std::string, HostRow>;

void addContainerOps(HostTable &table);
void addTextOps(HostTable &table);
void addNumberOps(HostTable &table);
void addTensorOps(HostTable &table); ///< properties of tensors, and reading them

} // namespace wick::compiler::torchscript

#endif // WICK_COMPILER_FRONTEND_TORCHSCRIPT_HOSTOPS_H
