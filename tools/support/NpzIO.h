// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The .npz format: a zip archive with one .npy an array. Reads stored and
// deflated entries (np.savez, np.savez_compressed); writes stored ones, in the
// given order, names verbatim.
//
#pragma once

#include "tools/support/HostTensor.h"

namespace wick::tools {

[[nodiscard]] bool readNpz(const std::string &path, std::vector<HostTensor> &tensors, std::string &error);
[[nodiscard]] bool writeNpz(const std::string &path, const std::vector<HostTensor> &tensors, std::string &error);

} // namespace wick::tools
