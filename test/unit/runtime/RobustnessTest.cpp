// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Damaged files: truncation at every byte, random flips with and without valid
// checksums. Everything must end in an error or a working model.
//
#include "runtime/format/Checksum.h"
#include "runtime/format/PackageReader.h"
#include "runtime/format/ProgramWriter.h"
#include "test/unit/runtime/TestPackage.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <random>

using namespace wick;
using namespace wick::test;
using namespace wick::format;

static wick_status openMemory(const std::string &bytes, wick_model **model, wick_error *error,
                              uint32_t code = WICK_CODE_NONE) {
  wick_source source{};
  source.struct_size = sizeof(source);
  source.kind = WICK_SOURCE_MEMORY;
  source.data = bytes.data();
  source.length = bytes.size();
  wick_model_options options{};
  options.struct_size = sizeof(options);
  options.code = code;
  return wick_model_open(&source, &options, model, error);
}

/// Parses the bytes without looking at the checksum.
static bool parses(const std::string &bytes) {
  std::vector<uint64_t> aligned(bytes.size() / 8 + 1);
  std::memcpy(aligned.data(), bytes.data(), bytes.size());
  ProgramView view;
  ErrorText error;
  bool ok = ProgramView::parse({reinterpret_cast<uint8_t *>(aligned.data()), bytes.size()}, view, error, false);
  EXPECT_TRUE(ok || error.text[0]) << "no message";
  return ok;
}

static std::string programBytes() {
  auto b = makeAddScale();
  b.addVariant(makeAddScaleFor(4, 5));
  b.addVariant(makeAddScaleFor(8, 5));
  (void)b.weight({1});
  b.finish();
  std::vector<BlobInfo> blobs = {{"weights.bin", wick::abi::BlobKind::Weights, 0, 0, 64, {}},
                                 {"code", wick::abi::BlobKind::Code, 0, 64, 4096, {}}};
  return serializeProgram(b.program, {{"x86-64-v2", 1}}, blobs);
}

TEST(Robustness, ProgramTruncatedAtEveryByte) {
  std::string bytes = programBytes();
  ASSERT_TRUE(parses(bytes));
  for (size_t size = 0; size < bytes.size(); ++size) {
    std::string cut = bytes.substr(0, size);
    EXPECT_FALSE(parses(cut));
    if (size < sizeof(wick::abi::ProgramHeader))
      continue;
    uint64_t total = size; // a header that agrees with the cut
    std::memcpy(cut.data() + offsetof(wick::abi::ProgramHeader, totalBytes), &total, 8);
    if (size + 8 <= bytes.size()) // the end is padding
      EXPECT_FALSE(parses(cut)) << size;
  }
}

TEST(Robustness, ProgramWithRandomFlips) {
  std::string bytes = programBytes();
  std::mt19937 random(11);
  int accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string flipped = bytes;
    for (unsigned k = 0; k < 1 + random() % 3; ++k)
      flipped[random() % flipped.size()] ^= char(1 << random() % 8);
    accepted += parses(flipped);
  }
  EXPECT_GT(accepted, 0) << "flips in names and numbers are valid";
  EXPECT_LT(accepted, 15000) << "but most structure is checked";
}

TEST(Robustness, PackageTruncatedOrFlipped) {
  auto b = makeAddScale();
  b.addVariant(makeAddScaleFor(4, 5));
  TempFile file("p.wick");
  b.write(file.path);
  std::string bytes = readAll(file.path);
  wick_model *model = nullptr;
  for (size_t size = 0; size < bytes.size(); size += size < bytes.size() - 3000 ? 997 : 1) {
    wick_error error = WICK_ERROR_INIT;
    std::string cut = bytes.substr(0, size);
    wick_status status = openMemory(cut, &model, &error);
    EXPECT_NE(status, WICK_STATUS_OK) << size;
    EXPECT_EQ(model, nullptr);
  }
  std::mt19937 random(5);
  for (int i = 0; i < 400; ++i) {
    std::string flipped = bytes;
    size_t at = i % 2 ? bytes.size() - 1 - random() % 4000 : random() % bytes.size();
    flipped[at] ^= char(1 << random() % 8);
    wick_error error = WICK_ERROR_INIT;
    if (openMemory(flipped, &model, &error, WICK_CODE_ANONYMOUS) == WICK_STATUS_OK)
      wick_model_release(model); // a flip in padding, manifest or a local header's unused field
    else
      EXPECT_NE(error.message[0], '\0');
  }
}

namespace {
/// A program with one field broken.
struct Breakage {
  const char *what;
  void (*apply)(Program &);
};
} // namespace

TEST(Robustness, ValidatorNamesWhatIsWrong) {
  const Breakage breakages[] = {
      {"instruction 0", [](Program &p) { p.instrs[0].a = 99; }},
      {"operand", [](Program &p) { p.instrs[0].b = 99; }},
      {"jump", [](Program &p) { p.instrs.insert(p.instrs.end() - 1, {Op::Jump, 0, 0}); }},
      {"prologue", [](Program &p) { p.prologueEnd = 99; }},
      {"prologue", [](Program &p) { p.prologueEnd = uint32_t(p.instrs.size() - 1); }},
      {"past the last", [](Program &p) { p.instrs.pop_back(); }},
      {"buffer", [](Program &p) { p.words[1] = 77; }},
      {"operand list", [](Program &p) { p.words[0] = 4000; }},
      {"lifetime", [](Program &p) { p.buffers[2].firstUse = p.buffers[2].lastUse = 1; }},
      {"segment", [](Program &p) { p.buffers[2].segment = 5; }},
      {"element type", [](Program &p) { p.inputs[0].dtype = 99; }},
      {"unknown kind", [](Program &p) { p.buffers[2].kind = BufferKind(9); }},
      {"weights", [](Program &p) { p.buffers[2].kind = BufferKind::Weight, p.buffers[2].size = 1; }},
      {"view", [](Program &p) { p.buffers[2].kind = BufferKind::View, p.buffers[2].index = 2; }},
      {"writes", [](Program &p) { p.instrs.insert(p.instrs.end() - 1, {Op::Copy, 0, 0, 1, 0}); }},
      {"no integer", [](Program &p) { p.instrs.insert(p.instrs.end() - 1, {Op::LoadInt, 0, 0, 0, 0}); }},
      {"registers", [](Program &p) { p.numRegs = 1u << 31; }},
      {"not that of output 0", [](Program &p) { p.buffers[3].index = 4; }},
      {"dim", [](Program &p) { p.outputs[0].dims[0] = {-1, kNone, kNone}; }},
      {"variant 0: program: instruction 0", [](Program &p) { p.variants[0].instrs[0].a = 99; }},
      {"variant 1: program: buffer 2", [](Program &p) { p.variants[1].buffers[2].segment = 5; }},
      {"variant 0: program: buffer 2",
       [](Program &p) { p.variants[0].buffers[2].kind = BufferKind::Weight, p.variants[0].buffers[2].size = 1; }},
      {"variant 1: program: 1048", [](Program &p) { p.variants[0].numRegs = p.variants[1].numRegs = 1 << 19; }},
      {"variant 0: program: its inputs or outputs", [](Program &p) { p.variants[0].inputs[0].name = "q"; }},
      {"variant 0: program: its inputs or outputs", [](Program &p) { p.variants[0].inputs[1].dtype = WICK_DTYPE_I32; }},
      {"variant 0: program: its inputs or outputs", [](Program &p) { p.variants[0].outputs[0].dims.push_back({1}); }},
      {"variant 0: program: its inputs or outputs", [](Program &p) { p.outputs[0].aliasInput = 1; }},
      {"65 variants", [](Program &p) { p.variants.resize(65, p.variants[0]); }},
  };
  for (const Breakage &broken : breakages) {
    auto b = makeAddScale();
    for (Kernel &k : b.program.kernels)
      k.entry.clear();
    b.addVariant(makeAddScaleFor(4, 5));
    b.addVariant(makeAddScaleFor(8, 5));
    b.finish();
    broken.apply(b.program);
    std::string bytes = serializeProgram(b.program);
    ProgramView view;
    ErrorText error;
    EXPECT_FALSE(ProgramView::parse({reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()}, view, error))
        << broken.what;
    EXPECT_NE(std::string(error.text).find(broken.what), std::string::npos) << broken.what << ": " << error.text;
  }
}

/// The table that says where the variants lie, and what they may not hold.
TEST(Robustness, VariantTable) {
  using namespace wick::abi;
  std::string bytes = programBytes();
  auto section = [&](SectionKind kind) {
    auto *header = reinterpret_cast<ProgramHeader *>(bytes.data());
    auto *records = reinterpret_cast<SectionRecord *>(header + 1);
    return std::find_if(records, records + header->sectionCount,
                        [&](const SectionRecord &r) { return r.kind == uint32_t(kind); });
  };
  auto why = [&] {
    std::vector<uint64_t> aligned(bytes.size() / 8 + 1);
    std::memcpy(aligned.data(), bytes.data(), bytes.size());
    ProgramView view;
    ErrorText error;
    (void)ProgramView::parse({reinterpret_cast<uint8_t *>(aligned.data()), bytes.size()}, view, error, false);
    return std::string(error.text);
  };
  ASSERT_EQ(why(), "");
  auto *records = reinterpret_cast<VariantRecord *>(bytes.data() + section(SectionKind::Variants)->offset);
  VariantRecord before = records[1];
  records[1].words = UINT64_MAX - before.firstWord;
  EXPECT_EQ(why(), "variant 1: program: it is out of bounds");
  records[1] = {before.firstWord + before.words, 1};
  EXPECT_EQ(why(), "variant 1: program: it is out of bounds");
  records[1] = {before.firstWord, 4};
  EXPECT_EQ(why(), "variant 1: program: 32 bytes are too few for a header");
  records[1] = {before.firstWord, before.words - 1};
  EXPECT_NE(why().find("variant 1: program: the header tells of"), std::string::npos) << why();
  records[1] = before;
  // A whole program in a variant's place, its own variants inside.
  std::string inner = programBytes();
  section(SectionKind::VariantWords)->offset = bytes.size();
  section(SectionKind::VariantWords)->count = inner.size() / 8;
  records[0] = records[1] = {0, inner.size() / 8};
  bytes += inner;
  uint64_t total = bytes.size();
  std::memcpy(bytes.data() + offsetof(ProgramHeader, totalBytes), &total, 8);
  EXPECT_EQ(why(), "variant 0: program: it has slices, blobs or variants of its own");
}
