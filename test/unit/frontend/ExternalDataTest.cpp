// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rules of external data: what is read, and every location that is refused.
//
#include "compiler/frontend/onnx/WireReader.h"
#include "test/unit/frontend/WireWriter.h"
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

using namespace wick::onnx;
using namespace wick::onnx::test;
namespace fs = std::filesystem;

namespace {
/// A directory with m.onnx, a data file of 8192 floats beside it and one outside.
class ExternalData : public ::testing::Test {
protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "wick-onnx-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root = pattern;
    directory = root / "model";
    fs::create_directories(directory / "sub");
    std::vector<float> data(8192);
    for (size_t i = 0; i < data.size(); ++i)
      data[i] = static_cast<float>(i);
    write(directory / "w.bin", rawBytes(data));
    write(root / "outside.bin", rawBytes(data));
    fs::create_symlink("../outside.bin", directory / "escape.bin");
    fs::create_symlink("w.bin", directory / "inside.bin");
  }
  void TearDown() override { fs::remove_all(root); }

  static void write(const fs::path &path, const std::string &bytes) { std::ofstream(path, std::ios::binary) << bytes; }
  ReadResult read(int64_t elements, std::initializer_list<std::pair<std::string, std::string>> entries) {
    Message w = tensor("w", 1, {elements}).varint(14, 1);
    for (const auto &[key, value] : entries)
      w.add(13, Message().bytes(1, key).bytes(2, value));
    write(directory / "m.onnx", model(graph({}, {w}, {}, {}), 13).data);
    return readModel((directory / "m.onnx").string());
  }
  std::string error(int64_t elements, std::initializer_list<std::pair<std::string, std::string>> entries) {
    ReadResult result = read(elements, entries);
    EXPECT_FALSE(result.model.has_value());
    return result.problems.empty() ? "" : result.problems[0].text();
  }
  fs::path root, directory;
};
} // namespace

TEST_F(ExternalData, IsReadByReferenceOrCopied) {
  for (int64_t elements : {4, 4096})
    for (const char *location : {"w.bin", "./w.bin", "inside.bin"}) {
      ReadResult result =
          read(elements, {{"location", location}, {"offset", "16"}, {"length", std::to_string(elements * 4)}});
      ASSERT_TRUE(result.model.has_value()) << result.problems[0].text();
      const Tensor &w = result.model->graph.initializers[0];
      EXPECT_EQ(w.isInline(), elements == 4);
      auto bytes = result.payloads.bytes(w);
      ASSERT_EQ(bytes.size(), static_cast<size_t>(elements) * 4);
      float first;
      std::memcpy(&first, bytes.data(), 4);
      EXPECT_EQ(first, 4.0f);
    }
  // Offset and length may be left out.
  EXPECT_TRUE(read(8192, {{"location", "w.bin"}}).model.has_value());
}

TEST_F(ExternalData, LocationsThatAreRefused) {
  EXPECT_EQ(error(4, {{"location", (root / "outside.bin").string()}}),
            "tensor 'w' in external file '" + (root / "outside.bin").string() + "': must be a relative path");
  EXPECT_EQ(error(4, {}), "tensor 'w' in external file '': must be a relative path");
  EXPECT_EQ(error(4, {{"location", "../outside.bin"}}),
            "tensor 'w' in external file '../outside.bin': must not contain '..'");
  EXPECT_EQ(error(4, {{"location", "sub/../w.bin"}}),
            "tensor 'w' in external file 'sub/../w.bin': must not contain '..'");
  EXPECT_EQ(error(4, {{"location", "escape.bin"}}),
            "tensor 'w' in external file 'escape.bin': leaves the model's directory "
            "through a symbolic link");
  EXPECT_EQ(error(4, {{"location", "missing.bin"}}),
            "tensor 'w' in external file 'missing.bin': No such file or directory");
  EXPECT_EQ(error(4, {{"location", "sub"}}), "tensor 'w' in external file 'sub': is not a regular file");
}

TEST_F(ExternalData, RangesThatAreRefused) {
  EXPECT_EQ(error(8192, {{"location", "w.bin"}, {"offset", "4"}}),
            "tensor 'w' in external file 'w.bin': needs 32768 bytes at offset 4, the file has 32768");
  EXPECT_EQ(error(4, {{"location", "w.bin"}, {"offset", "18446744073709551615"}}),
            "tensor 'w' in external file 'w.bin': needs 16 bytes at offset "
            "18446744073709551615, the file has 32768");
  EXPECT_EQ(error(4, {{"location", "w.bin"}, {"offset", "-1"}}),
            "tensor 'w': external data has offset '-1', which is not a number of bytes");
  EXPECT_EQ(error(4, {{"location", "w.bin"}, {"length", "12"}}),
            "tensor 'w' in external file 'w.bin': length is 12 bytes, dims and type need 16");
}

TEST_F(ExternalData, NeedsADirectory) {
  Message w = tensor("w", 1, {4}).varint(14, 1).add(13, Message().bytes(1, "location").bytes(2, "w.bin"));
  ReadResult result = readModelBytes(model(graph({}, {w}, {}, {}), 13).span());
  ASSERT_FALSE(result.model.has_value());
  EXPECT_EQ(result.problems[0].text(), "tensor 'w' in external file 'w.bin': a model read from memory has no directory "
                                       "for external data");
}

// A sparse file past 4 GB: offsets must survive 32 bits.
TEST_F(ExternalData, LargeFiles) {
  fs::path big = directory / "big.bin";
  write(big, "");
  std::error_code code;
  fs::resize_file(big, (uint64_t(5) << 30) + 16, code);
  if (code)
    GTEST_SKIP() << "no room for a sparse file: " << code.message();
  ReadResult result = read(4, {{"location", "big.bin"}, {"offset", std::to_string(uint64_t(5) << 30)}});
  EXPECT_TRUE(result.model.has_value());
}
