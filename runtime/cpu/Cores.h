// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How many CPUs this process may keep busy.
//
#pragma once

#include <cstdint>

namespace wick::runtime {

/// CPUs of the affinity mask, at most the cgroup's quota rounded up; at least 1.
uint32_t usableCpus();

} // namespace wick::runtime
