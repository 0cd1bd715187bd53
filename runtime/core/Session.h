// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One flight of execution at a time: the arena, who runs tasks, and the state of
// each program of the model. A run takes the first variant whose dims its inputs
// have, else the general program. All tables are made with the session, so that
// a variant's first run needs no memory but the arena's.
//
#pragma once

#include "runtime/core/Flight.h"

/// The type behind the C handle.
struct wick_session {
  using Failure = wick::runtime::Failure;

  wick_session(wick_model *model, const wick::runtime::Allocator &allocator) : model(model), allocator(allocator) {}
  ~wick_session();

  wick_status create(const wick_session_options &options, const Failure &fail);
  wick_status run(std::span<const wick_value> inputs, std::span<wick_value> outputs, const wick_run_options &options,
                  const Failure &fail);
  wick_status arenaSize(std::span<const wick_value> inputs, uint64_t &bytes, const Failure &fail);

  wick_model *model;
  wick::runtime::Allocator allocator;
  wick::runtime::Executor executor;
  wick::runtime::Arena arena;
  wick_stats stats{};
  wick::runtime::Array<wick::runtime::Flight *> flights; ///< as wick_model::programs
  wick::runtime::Flight *last = nullptr;                 ///< the one that ran last

private:
  wick::runtime::Flight &choose(std::span<const wick_value> inputs);
};
