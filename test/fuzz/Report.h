// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the targets of importers make of a result: refusals are right, a graph that does
// not verify is a finding. WICK_FUZZ_VERBOSE=1 prints the problems.
//
#ifndef WICK_TEST_FUZZ_REPORT_H
#define WICK_TEST_FUZZ_REPORT_H

#include "compiler/frontend/onnx/Importer.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

inline bool isVerbose() {
  static const bool verbose = std::getenv("WICK_FUZZ_VERBOSE");
  return verbose;
}

inline void judge(const wick::compiler::ImportResult &result) {
  for (const wick::onnx::Problem &p : result.problems) {
    if (isVerbose())
      llvm::errs() << p.node << ": " << p.op << ": " << p.message << "\n";
    if (p.message == wick::compiler::notVerified)
      std::abort();
  }
}

#endif // WICK_TEST_FUZZ_REPORT_H
