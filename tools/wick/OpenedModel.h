// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A model opened for running: a package as it is, anything else compiled first
// into a temporary package for this machine's best slice.
//
#pragma once

#include "tools/support/ModelRunner.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace wick::tools {

class PackageFile;

struct OpenOptions {
  std::string isa;                                         ///< slice to use; "": WICK_ISA, or the best one
  unsigned threads = 1;                                    ///< of the session
  unsigned compileThreads = 0;                             ///< 0: as many as the machine has
  std::vector<std::pair<std::string, std::string>> shapes; ///< NAME and dims, for the importer
  bool compileApart = false;                               ///< compile in a child process, to keep this one small
  bool wantPackage = false;                                ///< also read the package's tables into `package`
  std::function<void(std::string_view, size_t, size_t)> progress;
};

class OpenedModel {
public:
  OpenedModel();
  OpenedModel(const OpenedModel &) = delete;
  OpenedModel &operator=(const OpenedModel &) = delete;
  ~OpenedModel();

  /// Returns an exit code, with `error` set when it is not 0.
  int open(const std::string &path, const OpenOptions &options, std::string &error);

  wick_model *model = nullptr;
  wick_session *session = nullptr;
  std::unique_ptr<PackageFile> package; ///< with wantPackage
  double compileMs = 0;                 ///< 0 when nothing was compiled
  double loadMs = 0;                    ///< opening the package and making the session

private:
  int openPackage(const std::string &path, const OpenOptions &options, std::string &error);
};

/// The exit code for a status of the runtime.
int exitCodeOf(wick_status status);

} // namespace wick::tools
