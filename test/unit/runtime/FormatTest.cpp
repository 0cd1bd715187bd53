// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The package format: checksums against known vectors, programs and packages
// there and back, layout rules, zip64, and that verify finds every flip.
//
#include "runtime/format/Checksum.h"
#include "runtime/format/PackageReader.h"
#include "runtime/format/PackageVerify.h"
#include "runtime/format/ProgramWriter.h"
#include "runtime/format/ZipLayout.h"
#include "test/unit/runtime/TestPackage.h"

#include <cstring>
#include <fcntl.h>
#include <random>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace wick;
using namespace wick::test;
using namespace wick::format;

static std::span<const uint8_t> asBytes(const std::string &s) {
  return {reinterpret_cast<const uint8_t *>(s.data()), s.size()};
}

static std::string hexOf(const std::string &text) {
  auto hex = toHex(Sha256::of(text.data(), text.size()));
  return std::string(hex.data(), hex.size());
}

TEST(Checksum, KnownVectors) {
  EXPECT_EQ(crc32(0, "123456789", 9), 0xcbf43926u);
  EXPECT_EQ(crc32c(0, "123456789", 9), 0xe3069283u);
  EXPECT_EQ(hexOf(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hexOf("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hexOf(std::string(1000000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Checksum, PiecesGiveTheSameAsTheWhole) {
  std::string text(777, 'x');
  std::mt19937 random(1);
  for (char &c : text)
    c = char(random());
  for (size_t cut = 0; cut <= text.size(); cut += 13) {
    Sha256 hash;
    hash.update(text.data(), cut);
    hash.update(text.data() + cut, text.size() - cut);
    EXPECT_EQ(hash.finish(), Sha256::of(text.data(), text.size()));
    EXPECT_EQ(crc32c(crc32c(0, text.data(), cut), text.data() + cut, text.size() - cut),
              crc32c(0, text.data(), text.size()));
  }
}

TEST(Program, RoundTrip) {
  auto b = makeAddScale();
  b.finish();
  std::string bytes = serializeProgram(b.program, {}, {});
  ProgramView view;
  ErrorText error;
  for (Kernel &k : b.program.kernels)
    k.entry.clear();
  ASSERT_TRUE(ProgramView::parse(asBytes(bytes), view, error)) << error.text;
  Program again = readProgram(view);
  EXPECT_EQ(serializeProgram(again, {}, {}), bytes);
  EXPECT_EQ(again.inputs[1].name, "y");
  EXPECT_EQ(again.nodes, b.program.nodes);
  EXPECT_EQ(again.symbols[0].max, 1 << 20);
}

TEST(Package, LayoutAndDeterminism) {
  auto b = makeAddScale();
  (void)b.weight(std::vector<float>(17 << 20, 1.5f)); // over 64 MiB
  TempFile one("a.wick"), two("b.wick");
  b.write(one.path);
  b.write(two.path);
  std::string bytes = readAll(one.path);
  EXPECT_EQ(bytes, readAll(two.path));
  PackageReader reader;
  ErrorText error;
  ASSERT_TRUE(PackageReader::open(asBytes(bytes), reader, error)) << error.text;
  PackageEntry weights, code, program, manifest;
  ASSERT_TRUE(reader.find("weights.bin", weights) && reader.find("code/x86-64-v2.elf", code) &&
              reader.find("program.bin", program) && reader.find("manifest.json", manifest));
  EXPECT_EQ(weights.offset % (2 << 20), 0u);
  EXPECT_EQ(code.offset % 4096, 0u);
  EXPECT_EQ(bytes.substr(38, 18), "application/x-wick");
  EXPECT_TRUE(verifyPackage(asBytes(bytes)).empty());
}

TEST(Package, VerifyFindsEveryFlip) {
  auto b = makeAddScale();
  (void)b.weight({1, 2, 3});
  TempFile file("flip.wick");
  b.write(file.path);
  std::string bytes = readAll(file.path);
  std::mt19937 random(3);
  for (int i = 0; i < 300; ++i) {
    size_t at = random() % bytes.size();
    char bit = char(1 << random() % 8);
    bytes[at] ^= bit;
    EXPECT_FALSE(verifyPackage(asBytes(bytes)).empty()) << "flip at " << at;
    bytes[at] ^= bit;
  }
  for (size_t at = bytes.size() - 1200; at < bytes.size(); ++at) {
    bytes[at] ^= 4;
    EXPECT_FALSE(verifyPackage(asBytes(bytes)).empty()) << "flip at " << at;
    bytes[at] ^= 4;
  }
  EXPECT_TRUE(verifyPackage(asBytes(bytes)).empty());
}

TEST(Package, FailedWritesLeaveNothing) {
  auto b = makeAddScale();
  TempFile file("fail.wick");
  std::string error;
  auto spec = b.spec();
  spec.extra.push_back({"graph.mlirbc", {10, [](const ByteSink &sink, std::string &) { return sink("abc", 3); }}});
  EXPECT_FALSE(writePackage(file.path, spec, error));
  EXPECT_EQ(error, "entry 'graph.mlirbc' gave 3 of 10 bytes");
  EXPECT_NE(access(file.path.c_str(), F_OK), 0);
  EXPECT_FALSE(writePackage("/nonexistent/dir/x.wick", b.spec(), error));
  EXPECT_NE(error.find("No such file"), std::string::npos) << error;
  b.program.instrs.back().op = Op::Const;
  EXPECT_FALSE(writePackage(file.path, b.spec(), error));
  EXPECT_NE(error.find("not valid"), std::string::npos) << error;
  writeAll(file.path, "old");
  EXPECT_FALSE(writePackage(file.path, b.spec(), error));
  EXPECT_EQ(readAll(file.path), "old");
}

/// 5 GiB of weights as a hole in the file: headers and directory by the layout
/// functions, so that nothing of that size is written.
TEST(Package, Zip64) {
  auto b = makeAddScale();
  b.finish();
  uint64_t big = uint64_t(5) << 30;
  ZipEntry weights{"weights.bin", 0, big, 1 << 21};
  std::vector<BlobInfo> blobs = {{"weights.bin", wick::abi::BlobKind::Weights, 0, weights.content, big, {}}};
  b.program.buffers.push_back({});
  Buffer &last = b.program.buffers.back();
  last.kind = BufferKind::Weight;
  last.dtype = WICK_DTYPE_F32;
  last.offset = big - 64;
  last.size = 64;
  std::string program = serializeProgram(b.program, {}, blobs);
  ZipEntry entry{"program.bin", crc32(0, program.data(), program.size()), program.size(), 0};
  entry.content = (weights.content + big + zipLocalHeaderSize(entry.name, entry.size) + 63) / 64 * 64;
  uint64_t directory = entry.content + entry.size;
  TempFile file("zip64.wick");
  int fd = open(file.path.c_str(), O_RDWR | O_CREAT, 0600);
  ASSERT_GE(fd, 0);
  auto put = [&](const std::string &bytes, uint64_t at) {
    ASSERT_EQ(pwrite(fd, bytes.data(), bytes.size(), off_t(at)), ssize_t(bytes.size()));
  };
  std::string local = zipLocalHeader(weights), local2 = zipLocalHeader(entry),
              tail = zipDirectory({weights, entry}, directory);
  put(local, weights.content - local.size());
  put(local2, entry.content - local2.size());
  put(program, entry.content);
  put(tail, directory);
  size_t size = directory + tail.size();
  void *map = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  close(fd);
  ASSERT_NE(map, MAP_FAILED);
  PackageReader reader;
  ErrorText error;
  ProgramView view;
  ASSERT_TRUE(PackageReader::open({static_cast<uint8_t *>(map), size}, reader, error)) << error.text;
  PackageEntry found;
  ASSERT_TRUE(reader.find("weights.bin", found));
  EXPECT_EQ(found.size, big);
  ASSERT_TRUE(reader.find("program.bin", found));
  EXPECT_EQ(found.offset, entry.content);
  EXPECT_TRUE(reader.readProgram(reader.content(found), view, error)) << error.text;
  munmap(map, size);
}
