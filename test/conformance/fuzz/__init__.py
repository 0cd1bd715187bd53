# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random ONNX cases with onnxruntime as the oracle; tools/dev/fuzz runs them."""
