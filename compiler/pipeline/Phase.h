// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The phases of a compilation, once: --stop-after, --start-at, timing, help and
// docs read this list.
//
#pragma once

#include <array>
#include <string_view>

namespace wick::compiler {

struct Phase {
  std::string_view name;
  std::string_view doc;      ///< what it does
  std::string_view contract; ///< what holds when it is done
};

inline constexpr std::array<Phase, 7> phases{{
    {"import", "model file -> wick ops, folded while building",
     "every value has a source name; ranked tensors; no framework op left"},
    {"graph", "simplify, fold scales, remove what is dead", "every dim is a constant or an expression over symbols"},
    {"layout", "convolutions and pools to channels last", "transposes left are few and listed by remarks"},
    {"fuse", "ops that share a kernel -> wick.kernel",
     "every tensor op is in a kernel, a view, static, a host op or control"},
    {"schedule", "kernels deduplicated; buffers, sizes and control -> program",
     "the program passes the runtime's validator"},
    {"codegen", "distinct kernels -> one code image per slice", "no undefined symbol, no relocation"},
    {"package", "weights derived and packed; one file written", "the package opens"},
}};

} // namespace wick::compiler
