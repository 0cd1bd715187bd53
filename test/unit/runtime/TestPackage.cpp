// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The builder behind the runtime's tests.
//
#include "test/unit/runtime/TestPackage.h"

#include <atomic>
#include <cstdio>
#include <elf.h>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace wick::test {

using format::Op;

TempFile::TempFile(const std::string &name) {
  static std::atomic<int> counter{0};
  path = testing::TempDir() + "wick-" + std::to_string(getpid()) + "-" + std::to_string(counter++) + "-" + name;
}
TempFile::~TempFile() { std::remove(path.c_str()); }

std::string readAll(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

void writeAll(const std::string &path, const std::string &bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), std::streamsize(bytes.size()));
}

const std::string &kernelImage(int variant) {
  static const std::string images[2] = {readAll(WICK_TEST_KERNELS "1.elf"), readAll(WICK_TEST_KERNELS "2.elf")};
  return images[variant - 1];
}

uint64_t kernelEntry(const std::string &name, int variant) {
  const char *base = kernelImage(variant).data();
  auto *header = reinterpret_cast<const Elf64_Ehdr *>(base);
  auto *sections = reinterpret_cast<const Elf64_Shdr *>(base + header->e_shoff);
  for (int i = 0; i < header->e_shnum; ++i) {
    if (sections[i].sh_type != SHT_SYMTAB)
      continue;
    auto *symbols = reinterpret_cast<const Elf64_Sym *>(base + sections[i].sh_offset);
    const char *names = base + sections[sections[i].sh_link].sh_offset;
    for (size_t s = 0; s < sections[i].sh_size / sizeof(Elf64_Sym); ++s)
      if (name == names + symbols[s].st_name)
        return symbols[s].st_value;
  }
  ADD_FAILURE() << "no kernel " << name;
  return 0;
}

ProgramBuilder::Reg ProgramBuilder::constant(int64_t value) {
  program.pool64.push_back(value);
  Reg r = reg();
  emit({Op::Const, 0, r, uint32_t(program.pool64.size() - 1)});
  return r;
}

ProgramBuilder::Reg ProgramBuilder::op(Op kind, Reg b, Reg c) {
  Reg r = reg();
  emit({kind, 0, r, b, c});
  return r;
}

uint32_t ProgramBuilder::symbol(const std::string &name, int64_t min, int64_t max) {
  program.symbols.push_back({name, min, max, reg()});
  return uint32_t(program.symbols.size() - 1);
}

static uint32_t addBuffer(format::Program &p, format::Buffer b) {
  p.buffers.push_back(b);
  return uint32_t(p.buffers.size() - 1);
}

uint32_t ProgramBuilder::input(const std::string &name, std::vector<format::Dim> dims, uint8_t dtype) {
  format::Buffer b;
  b.kind = format::BufferKind::Input;
  b.dtype = dtype;
  b.index = uint32_t(program.inputs.size());
  program.inputs.push_back({name, dtype, std::move(dims), format::kNone});
  program.inputBuffers.push_back(uint32_t(program.buffers.size()));
  return addBuffer(program, b);
}

uint32_t ProgramBuilder::output(const std::string &name, std::vector<format::Dim> dims, Reg bytes, uint8_t dtype,
                                uint32_t segment) {
  uint32_t b = arena(bytes, dtype, segment);
  program.buffers[b].kind = format::BufferKind::Output;
  program.buffers[b].index = uint32_t(program.outputs.size());
  program.outputs.push_back({name, dtype, std::move(dims), format::kNone});
  program.outputBuffers.push_back(b);
  return b;
}

uint32_t ProgramBuilder::arena(Reg bytes, uint8_t dtype, uint32_t segment) {
  format::Buffer b;
  b.dtype = dtype;
  b.sizeReg = bytes;
  b.segment = segment;
  program.numSegments = std::max(program.numSegments, segment + 1);
  return addBuffer(program, b);
}

uint32_t ProgramBuilder::weight(const std::vector<float> &values) {
  weights.resize((weights.size() + 63) / 64 * 64);
  format::Buffer b;
  b.kind = format::BufferKind::Weight;
  b.dtype = WICK_DTYPE_F32;
  b.offset = weights.size();
  b.size = values.size() * 4;
  weights.append(reinterpret_cast<const char *>(values.data()), b.size);
  return addBuffer(program, b);
}

uint32_t ProgramBuilder::view(uint32_t base, uint64_t offset, uint64_t size, Reg offsetReg) {
  format::Buffer b;
  b.kind = format::BufferKind::View;
  b.dtype = program.buffers[base].dtype;
  b.index = base;
  b.offset = offset;
  b.size = size;
  b.offsetReg = offsetReg;
  return addBuffer(program, b);
}

uint32_t ProgramBuilder::node(const std::string &name) {
  program.nodes.push_back(name);
  return uint32_t(program.nodes.size() - 1);
}

uint32_t ProgramBuilder::emit(format::Instr instr) {
  program.instrs.push_back(instr);
  return uint32_t(program.instrs.size() - 1);
}

uint32_t ProgramBuilder::kernel(const std::string &name) {
  for (uint32_t i = 0; i < program.kernels.size(); ++i)
    if (program.kernels[i].name == name)
      return i;
  program.kernels.push_back({name, {kernelEntry("kernel_" + name, variant)}, 0});
  return uint32_t(program.kernels.size() - 1);
}

void ProgramBuilder::call(const std::string &name, std::vector<uint32_t> buffers, std::vector<Reg> args, Reg range,
                          uint32_t cost, uint32_t node) {
  uint32_t list = uint32_t(program.words.size());
  program.words.push_back(uint32_t(buffers.size()));
  program.words.insert(program.words.end(), buffers.begin(), buffers.end());
  program.words.push_back(uint32_t(args.size()));
  program.words.insert(program.words.end(), args.begin(), args.end());
  emit({Op::Call, 0, kernel(name), list, range, cost, node});
}

void ProgramBuilder::finish() {
  for (format::Buffer &b : program.buffers)
    b.lastUse = std::max(b.lastUse, here());
}

void ProgramBuilder::addVariant(ProgramBuilder variant) {
  variant.finish();
  for (format::Kernel &k : variant.program.kernels)
    k.entry.resize(1);
  program.variants.push_back(std::move(variant.program));
}

format::PackageSpec ProgramBuilder::spec() {
  finish();
  format::PackageSpec spec;
  spec.program = &program;
  if (!weights.empty())
    spec.weights = format::EntrySource::fromMemory(weights);
  spec.code.push_back({"x86-64-v2", format::EntrySource::fromMemory(kernelImage(variant))});
  for (format::Kernel &k : program.kernels)
    k.entry.resize(1);
  spec.manifestMembers = "\"compiler\": \"test\"";
  return spec;
}

void ProgramBuilder::write(const std::string &path) {
  std::string error;
  ASSERT_TRUE(format::writePackage(path, spec(), error)) << error;
}

ProgramBuilder makeAddScale(int variant) {
  ProgramBuilder b(variant);
  uint32_t n = b.symbol("n", 1, 1 << 20);
  uint32_t node = b.node("Add_1");
  uint32_t x = b.input("x", {b.symbolDim(n)}), y = b.input("y", {b.symbolDim(n)});
  auto four = b.constant(4), three = b.constant(3);
  auto bytes = b.op(Op::Mul, b.symbolReg(n), four);
  uint32_t sum = b.arena(bytes), out = b.output("z", {b.symbolDim(n)}, bytes);
  b.plan();
  b.endPrologue();
  b.call("add", {x, y, sum}, {}, b.symbolReg(n), 1, node);
  b.call("scale", {sum, out}, {three}, b.symbolReg(n), 1, b.node("Mul_2"));
  b.end();
  return b;
}

ProgramBuilder makeAddScaleFor(int64_t size, int64_t factor, int64_t spare) {
  ProgramBuilder b;
  uint32_t x = b.input("x", {b.dim(size)}), y = b.input("y", {b.dim(size)});
  auto range = b.constant(size), times = b.constant(factor), bytes = b.constant(4 * size);
  uint32_t sum = b.arena(bytes), out = b.output("z", {b.dim(size)}, bytes);
  if (spare)
    (void)b.arena(b.constant(spare));
  b.plan();
  b.endPrologue();
  b.call("add", {x, y, sum}, {}, range, 1, b.node("Add_1"));
  b.call("scale", {sum, out}, {times}, range, 1, b.node("Mul_2"));
  b.end();
  return b;
}

wick_stats statsOf(const Session &session) {
  wick_stats stats{};
  stats.struct_size = sizeof(stats);
  EXPECT_EQ(wick_session_stats(session.get(), &stats), WICK_STATUS_OK);
  return stats;
}

Loaded::Loaded(ProgramBuilder &builder, wick_session_options options) : file("model.wick") {
  builder.write(file.path);
  auto opened = Model::open(file.path.c_str());
  EXPECT_TRUE(opened) << opened.error().message;
  if (!opened)
    return;
  model.emplace(*opened);
  options.struct_size = sizeof(options);
  auto created = Session::create(*model, options);
  EXPECT_TRUE(created) << created.error().message;
  if (created)
    session.emplace(std::move(*created));
}

std::vector<float> runFloats(Session &session, const std::vector<std::vector<float>> &inputs) {
  std::vector<Tensor> tensors;
  for (const auto &values : inputs)
    tensors.push_back(Tensor::of(std::span(values), {int64_t(values.size())}));
  auto done = session.run(tensors);
  EXPECT_TRUE(done) << done.error().message;
  if (!done)
    return {};
  auto out = session.output(0);
  auto values = out->as<float>();
  return {values.begin(), values.end()};
}

} // namespace wick::test
