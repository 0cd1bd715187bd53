// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every record of dialect `wick`, for the generators.
include "dialects/graph/ScalarOps.td"
include "dialects/graph/TensorOps.td"
include "dialects/graph/StructureOps.td"
