// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The C++ interface as a user with exceptions sees it.
//
#include <array>
#include <stdexcept>
#include <wick/wick.hpp>

int main() {
  try {
    auto model = wick::Model::open("/nonexistent.wick");
    if (!model)
      throw std::runtime_error(model.error().message);
    auto session = wick::Session::create(*model, WICK_THREADS_AUTO);
    std::array<float, 4> values{};
    std::array inputs{wick::Tensor::of(std::span(values), {4})};
    return session->run(inputs) ? 1 : 2;
  } catch (const std::exception &) {
    return 0;
  }
}
