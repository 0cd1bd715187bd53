// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One side of `wick diff`: something that maps inputs to named tensors. onnxruntime is
// asked through the Python that has it ($WICK_PYTHON, else python3), so the tool
// links nothing of it.
//
#pragma once

#include "tools/support/HostTensor.h"

#include <map>
#include <string>
#include <vector>

namespace wick::tools {

/// A folder for intermediate files, removed with its contents at the end.
class ScratchFolder {
public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder &) = delete;
  ScratchFolder &operator=(const ScratchFolder &) = delete;
  std::string file(const std::string &name) const { return path + "/" + name; }

private:
  std::string path;
};

struct DiffSide {
  enum class Kind { Peer, Package, Compiled } kind = Kind::Peer;
  std::string text; ///< as the user wrote it
  std::string path; ///< the model or package
  /// Compiled: what follows '@'.
  std::string target;
  std::vector<std::string> without;

  /// MODEL.onnx: onnxruntime. FILE.wick: a package. MODEL.onnx@[target=NAME,without=STEP,...]: compiled with flags.
  static bool parse(const std::string &text, DiffSide &side, std::string &error);
};

using TensorMap = std::map<std::string, HostTensor>;

/// Runs a side on the inputs in an .npz. `names`: inner values that are wanted as well; those that a side cannot give
/// are left out. Returns an exit code, with `error` set when it is not 0.
int evaluate(const DiffSide &side, const std::string &inputs, const std::vector<std::string> &names,
             const ScratchFolder &scratch, TensorMap &values, std::string &error);

/// Runs the script beside onnxruntime (onnx_peer.py). Returns an exit code.
int runPeer(const std::vector<std::string> &arguments, const ScratchFolder &scratch, std::string &error);

struct Deviation {
  bool exceeds = false;     ///< above the tolerance, or dtype or shape differ
  double largest = 0;       ///< absolute difference
  double relative = 0;      ///< over the largest finite magnitude of the first tensor
  size_t at = 0, count = 0; ///< first element above the tolerance, and how many are
  std::string text;         ///< for people
};
/// Floats: |a - b| <= tolerance * max |a|, NaN equals NaN; others must be equal.
Deviation compare(const HostTensor &a, const HostTensor &b, double tolerance);

} // namespace wick::tools
