// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Damaged archives: every truncation and many flipped bits of real files. Nothing
// may crash, hang or be read past its end (the bytes are copied to a buffer of
// their size, so that AddressSanitizer sees it); truncations must be errors.
//
#include "Samples.h"
#include "compiler/frontend/torch/archive/StateDict.h"

using namespace llvm;
using namespace wick::compiler::torch;

/// Opens the bytes and touches all that there is; whether all of it was fine.
static bool readAll(StringRef bytes) {
  auto archive = TorchArchive::read(copyBytes(bytes), "f");
  if (!archive) {
    consumeError(archive.takeError());
    return false;
  }
  bool fine = true;
  for (const ZipEntry &entry : archive->records().entries())
    fine &= errorOf(archive->records().read(entry)).empty();
  for (const std::string &file : archive->codeFiles())
    if (auto ranges = archive->debugRanges(file))
      ranges->find(100);
  if (archive->kind() == ArchiveKind::Script || archive->kind() == ArchiveKind::Saved)
    fine &= errorOf(StateDict::fromArchive(*archive)).empty();
  return fine;
}

TEST(Damage, EveryTruncation) {
  for (const char *name : {"sample_inputs.pt", "promote.trace.pt"}) {
    std::string whole = readSample(name);
    EXPECT_TRUE(readAll(whole));
    for (size_t length = 0; length < whole.size(); ++length)
      ASSERT_FALSE(readAll(StringRef(whole).take_front(length))) << name << " " << length;
  }
}

TEST(Damage, FlippedBits) {
  for (const std::string &name : sampleNames()) {
    std::string bytes = readSample(name);
    unsigned noticed = 0, tried = 0;
    size_t step = bytes.size() / 700 + 1;
    for (size_t i = 0; i < bytes.size(); i += step)
      for (char mask : {char(1 << i % 8), char(0xff)}) {
        bytes[i] ^= mask;
        noticed += !readAll(bytes);
        ++tried;
        bytes[i] ^= mask;
      }
    EXPECT_GT(noticed, tried / 5) << name;
  }
}

// The pickles alone, without a CRC before them.
TEST(Damage, FlippedPickles) {
  for (const std::string &name : sampleNames()) {
    auto archive = TorchArchive::open(samplePath(name));
    ASSERT_TRUE(bool(archive));
    for (const ZipEntry &entry : archive->records().entries()) {
      if (!StringRef(entry.name).ends_with("pkl"))
        continue;
      std::string bytes = archive->records().read(entry)->text().str();
      for (size_t i = 0; i < bytes.size(); i += bytes.size() / 500 + 1)
        for (int mask : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
          bytes[i] ^= mask;
          errorOf(readPickle(copyBytes(bytes), "data"));
          errorOf(DebugRanges::read(copyBytes(bytes)));
          bytes[i] ^= mask;
        }
      for (size_t length = 0; length < bytes.size(); length += bytes.size() / 500 + 1)
        EXPECT_NE(errorOf(readPickle(copyBytes(StringRef(bytes).take_front(length)), "data")), "");
    }
  }
}

TEST(Damage, HandMadeZips) {
  const auto refusal = [](std::string bytes) { return errorOf(ZipReader::open(copyBytes(bytes))); };
  const auto with = [&](const char *name) {
    ZipWriter writer;
    writer.add(name, "x");
    return refusal(writer.finish());
  };
  EXPECT_EQ(with("a/b"), "");
  EXPECT_NE(with("a/../b"), "");
  EXPECT_NE(with("/a"), "");
  EXPECT_NE(with("a\\b"), "");
  ZipWriter twice;
  twice.add("a/b", "x");
  twice.add("a/b", "y");
  EXPECT_NE(refusal(twice.finish()).find("two records are called 'b'"), std::string::npos);
  // One local header, two directory entries: an overlap.
  ZipWriter one;
  one.add("a/b", "x");
  std::string bytes = one.finish();
  size_t directory = bytes.find("PK\1\2"), end = bytes.find("PK\5\6");
  std::string entry = bytes.substr(directory, end - directory);
  std::string overlap = bytes.substr(0, end) + entry + "PK\5\6" + ZipWriter::number(0, 4) + ZipWriter::number(2, 2) +
                        ZipWriter::number(2, 2) + ZipWriter::number(2 * entry.size(), 4) +
                        ZipWriter::number(directory, 4) + ZipWriter::number(0, 2);
  EXPECT_NE(refusal(overlap).find("overlap"), std::string::npos);
  std::string encrypted = bytes;
  encrypted[directory + 8] |= 1;
  EXPECT_NE(refusal(encrypted).find("encrypted"), std::string::npos);
  std::string method = bytes;
  method[directory + 10] = method[8] = 93;
  EXPECT_NE(refusal(method).find("compression method 93"), std::string::npos);
  std::string bomb = bytes; // deflated, claims 2 GiB of one byte
  bomb[directory + 10] = bomb[8] = 8;
  bomb[directory + 27] = 0x70;
  EXPECT_NE(refusal(bomb).find("over the limit"), std::string::npos);
}
