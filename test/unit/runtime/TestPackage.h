// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Builds small programs and packages for the runtime's tests.
//
#pragma once

#include "runtime/format/PackageWriter.h"
#include "wick/wick.hpp"

#include <gtest/gtest.h>
#include <optional>

namespace wick::test {

/// A file of the test's temporary directory, removed with the object.
class TempFile {
public:
  explicit TempFile(const std::string &name);
  ~TempFile();
  std::string path;
};

std::string readAll(const std::string &path);
void writeAll(const std::string &path, const std::string &bytes);

/// The code image of a variant (1 or 2), and the address of a symbol in it.
const std::string &kernelImage(int variant = 1);
uint64_t kernelEntry(const std::string &name, int variant = 1);

/// Fills a Program by hand. Buffers live for the whole program unless told.
class ProgramBuilder {
public:
  using Reg = format::Reg;

  ProgramBuilder(int variant = 1) : variant(variant) {}

  format::Program program;

  Reg reg() { return program.numRegs++; }
  Reg constant(int64_t value);
  Reg op(format::Op op, Reg b, Reg c = 0);
  uint32_t symbol(const std::string &name, int64_t min = 0, int64_t max = INT64_MAX);
  Reg symbolReg(uint32_t s) { return program.symbols[s].reg; }

  /// Dims: >= 0 constant, or symbol(s) / register(r) below.
  static format::Dim dim(int64_t value) { return {value, format::kNone, format::kNone}; }
  format::Dim symbolDim(uint32_t s) { return {-1, symbolReg(s), s}; }
  static format::Dim regDim(Reg r) { return {-1, r, format::kNone}; }

  uint32_t input(const std::string &name, std::vector<format::Dim> dims, uint8_t dtype = WICK_DTYPE_F32);
  /// `bytes`: register with the size.
  uint32_t output(const std::string &name, std::vector<format::Dim> dims, Reg bytes, uint8_t dtype = WICK_DTYPE_F32,
                  uint32_t segment = 0);
  uint32_t arena(Reg bytes, uint8_t dtype = WICK_DTYPE_F32, uint32_t segment = 0);
  uint32_t weight(const std::vector<float> &values);
  uint32_t view(uint32_t base, uint64_t offset, uint64_t size, Reg offsetReg = format::kNone);
  uint32_t node(const std::string &name);

  uint32_t emit(format::Instr instr);
  uint32_t here() const { return uint32_t(program.instrs.size()); }
  void plan(uint32_t segment = 0, Reg scratch = format::kNone) { emit({format::Op::Plan, 0, segment, scratch}); }
  void endPrologue() { program.prologueEnd = here(); }
  void call(const std::string &kernel, std::vector<uint32_t> buffers, std::vector<Reg> args, Reg range,
            uint32_t cost = 0, uint32_t node = format::kNone);
  void end() { emit({format::Op::End}); }

  /// Lifetimes, then the file.
  void write(const std::string &path);
  void finish();
  /// Without weights: those are the general program's.
  void addVariant(ProgramBuilder variant);
  format::PackageSpec spec();

private:
  uint32_t kernel(const std::string &name);

  int variant;
  std::string weights;
};

/// out = (a + b) * 3 over a named dim "n", a weight added: the common example.
ProgramBuilder makeAddScale(int variant = 1);

/// The same for n = `size`, times `factor`, with `spare` bytes of arena that nothing needs.
ProgramBuilder makeAddScaleFor(int64_t size, int64_t factor, int64_t spare = 0);

wick_stats statsOf(const Session &session);

/// A package from a builder, opened, with one session; fails the test on an error.
struct Loaded {
  explicit Loaded(ProgramBuilder &builder, wick_session_options options = {});
  wick_stats stats() const { return statsOf(*session); }

  TempFile file;
  std::optional<Model> model;
  std::optional<Session> session;
};

/// Runs a session on float inputs of one dim each; fails the test on an error.
std::vector<float> runFloats(Session &session, const std::vector<std::vector<float>> &inputs);

} // namespace wick::test
