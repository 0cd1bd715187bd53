// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layouts of packed weights. A layout string names a packing and its numbers,
// so that a schedule can refer to it and the packager can carry it out.
//
#pragma once

#include "mlir/IR/BuiltinTypes.h"

#include <string>
#include <vector>

namespace wick::cpu {

/// "matmul", "conv:GROUPS", "depthwise": panels of 16 columns as f32. With ":pairs" behind it panels of i16, two of k
/// beside each other. With a type in the end, ":i8", ":f16" or ":bf16", values that are numbers of that type in it.
/// Bytes of a tensor of `type` in `layout`; -1 when the layout does not fit.
int64_t packedBytes(llvm::StringRef layout, mlir::RankedTensorType type);

/// Packs row-major `bytes` of a tensor of `type`; false with `error` set when the
/// layout does not fit.
bool packWeight(llvm::StringRef layout, mlir::RankedTensorType type, llvm::ArrayRef<char> bytes, std::vector<char> &out,
                std::string &error);

} // namespace wick::cpu
