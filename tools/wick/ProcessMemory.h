// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory of this process: what it uses, and what happens when there is none.
//
#pragma once

#include <cstdint>

namespace wick::tools {

/// From then on, running out of memory or threads, or a fatal error inside LLVM,
/// ends the process with a message and exit status 2 instead of a signal.
void reportOutOfMemory();

/// A size of /proc/self/status in bytes ("VmHWM", "RssAnon"); 0 if unknown.
uint64_t memoryOf(const char *field);

} // namespace wick::tools
