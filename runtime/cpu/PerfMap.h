// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// WICK_PERF_MAP=1 names kernels for profilers: /tmp/perf-<pid>.map, the form
// that perf and others read for code that is no file. A development aid.
//
#pragma once

#include "runtime/cpu/CodeImage.h"
#include "runtime/format/ProgramView.h"

namespace wick::runtime {

bool wantsPerfMap();

/// Appends the kernels of one slice. Failures are ignored: nothing depends on it.
void writePerfMap(const format::ProgramView &program, uint32_t slice, const CodeImage &code);

} // namespace wick::runtime
