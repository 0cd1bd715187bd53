// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Directories of tensors for types that numpy lacks. The input directory has
// manifest.json with `inputs`: [{index, name, kind, onnx_dtype, shape, file}]
// and the .npy files it names; bf16 is stored as raw uint16, fp8 and int4 as
// raw uint8. The output directory gets output_<i>.npy and manifest.json with
// `outputs` in the same form.
//
#pragma once

#include "tools/support/HostTensor.h"

namespace wick::tools {

enum class ExchangeResult {
  Ok,
  Failed,
  Unsupported, ///< strings, maps, elements of a sequence that differ in rank
};

/// Tensors in the order of their index, with names. A sequence NAME becomes NAME.data
/// and NAME.shapes, an optional has NAME.present besides (docs/onnx-sequences.md).
ExchangeResult readExchangeDir(const std::string &dir, std::vector<HostTensor> &tensors, std::string &error);

/// `dir` is made if it does not exist. Sequences and optionals are written as such.
[[nodiscard]] bool writeExchangeDir(const std::string &dir, const std::vector<HostTensor> &tensors, std::string &error);

} // namespace wick::tools
