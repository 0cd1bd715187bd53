// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A tensor in a tool's memory, as read from or written to a file.
//
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace wick::tools {

struct HostTensor {
  std::string name;
  uint32_t dtype = 0; ///< WICK_DTYPE_...; 0: empty, of the type that the model wants
  std::vector<int64_t> dims;
  std::vector<uint8_t> bytes; ///< dense row-major, little endian
  bool isOptional = false;    ///< as an input: may be one that the model does not have
};

/// The whole content of a file; false with `error` set.
[[nodiscard]] bool readFile(const std::string &path, std::vector<uint8_t> &bytes, std::string &error);
/// Writes beside `path` and renames, so that no half-written file is left.
[[nodiscard]] bool writeFile(const std::string &path, const std::vector<std::string> &pieces, std::string &error);

/// "f32[1, 10]"
std::string typeText(const HostTensor &tensor);

/// "FLOAT", "BFLOAT16", ...: names of the ONNX enumeration; "" for an unknown code.
std::string onnxTypeName(uint32_t dtype);
/// 0 for a name without an element type of ours.
uint32_t onnxTypeCode(const std::string &name);

} // namespace wick::tools
