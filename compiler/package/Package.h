// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes the `.wick` file of a schedule and its code.
//
#pragma once

#include "compiler/package/KernelCode.h"
#include "compiler/schedule/Schedule.h"
#include "compiler/support/WeightStore.h"

namespace wick::compiler {

/// One program: the general one, or a variant.
struct PackagePart {
  Schedule &schedule;
  const WeightStore &weights;
  std::vector<unsigned> kernels; ///< of its kernel table: number in SliceCode::entries
};

struct PackageInput {
  std::vector<PackagePart> parts; ///< the general program first
  std::vector<SliceCode> &code;
  std::string manifestMembers; ///< JSON members
  std::string graph;           ///< bytecode for graph.mlirbc; empty: none
};

/// Derives and packs weights (largest one in memory at a time), fills in offsets
/// and writes `path` by rename. What variants use of weights is stored once by
/// content. `weightBytes` gets the size of the weights entry.
llvm::LogicalResult writeWick(PackageInput &in, const std::string &path, uint64_t &weightBytes, std::string &error);

} // namespace wick::compiler
