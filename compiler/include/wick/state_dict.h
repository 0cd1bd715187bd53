// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Named weights from a file: safetensors, torch.save, or TorchScript. Elements stay
// in the mapped file until they are compiled into a model.
//
#ifndef WICK_STATE_DICT_H
#define WICK_STATE_DICT_H

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace wick {

/// Immutable once opened; copies share the file. May be used from several threads.
class StateDict {
public:
  /// The format is told by the content. On failure the dict is empty and error() says why.
  static StateDict open(const std::string &path);
  /// Empty when the file was read.
  const std::string &error() const { return problem; }
  /// In the order of the file.
  std::vector<std::string> names() const;
  bool contains(const std::string &name) const;
  /// Empty for a scalar, and when there is no such tensor.
  std::vector<int64_t> shape(const std::string &name) const;

  std::shared_ptr<const void> state; ///< the reader's own
private:
  std::string problem;
};

} // namespace wick

#endif // WICK_STATE_DICT_H
