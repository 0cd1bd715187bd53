// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tensor files and JSON of the tools.
//
#include "test/unit/runtime/TestPackage.h"
#include "tools/support/ExchangeDir.h"
#include "tools/support/Json.h"
#include "tools/support/NpyIO.h"
#include "tools/support/NpzIO.h"

#include <sys/stat.h>

using namespace wick;
using namespace wick::tools;
using wick::test::readAll;
using wick::test::TempFile;
using wick::test::writeAll;

static HostTensor someTensor(const char *name, uint32_t dtype, std::vector<int64_t> dims) {
  size_t bytes = wick_dtype_size(dtype);
  for (int64_t d : dims)
    bytes *= size_t(d);
  HostTensor t{name, dtype, std::move(dims), std::vector<uint8_t>(bytes)};
  for (size_t i = 0; i < bytes; ++i)
    t.bytes[i] = uint8_t(i * 7);
  return t;
}

TEST(Npy, RoundTripOfEveryType) {
  for (uint32_t dtype = 1; wick_dtype_size(dtype); ++dtype)
    for (auto dims : {std::vector<int64_t>{}, {3}, {2, 0, 4}, {2, 3}}) {
      TempFile file("t.npy");
      std::string error;
      auto t = someTensor("t", dtype, dims);
      ASSERT_TRUE(writeNpy(file.path, t, error)) << error;
      HostTensor back;
      ASSERT_TRUE(readNpy(file.path, back, error)) << error;
      EXPECT_TRUE(retype(back, dtype)) << dtype;
      EXPECT_EQ(back.dims, dims);
      EXPECT_EQ(back.bytes, t.bytes);
    }
}

TEST(Npy, FortranOrderAndBadFiles) {
  HostTensor t = someTensor("t", WICK_DTYPE_I32, {2, 3}), back;
  std::string header = npyHeader(t), error;
  header.replace(header.find("False"), 5, "True ");
  std::string bytes = header + std::string(reinterpret_cast<char *>(t.bytes.data()), t.bytes.size());
  std::span<const uint8_t> view(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
  ASSERT_TRUE(parseNpy(view, back, error)) << error;
  auto *in = reinterpret_cast<const int32_t *>(t.bytes.data()),
       *out = reinterpret_cast<const int32_t *>(back.bytes.data());
  EXPECT_EQ(out[1], in[2]) << "element (0, 1)";
  EXPECT_EQ(out[3], in[1]) << "element (1, 0)";
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(parseNpy(view.first(size), back, error)) << size;
}

TEST(Npz, RoundTripAndTruncation) {
  TempFile file("t.npz"), cut("cut.npz");
  std::string error;
  std::vector<HostTensor> tensors = {someTensor("a/b:0", WICK_DTYPE_F32, {2, 3}), someTensor("x", WICK_DTYPE_BOOL, {})};
  tensors[1].bytes[0] = 1;
  ASSERT_TRUE(writeNpz(file.path, tensors, error)) << error;
  std::vector<HostTensor> back;
  ASSERT_TRUE(readNpz(file.path, back, error)) << error;
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back[0].name, "a/b:0");
  EXPECT_EQ(back[0].bytes, tensors[0].bytes);
  EXPECT_EQ(back[1].dtype, uint32_t(WICK_DTYPE_BOOL));
  std::string bytes = readAll(file.path);
  for (size_t size = 0; size < bytes.size(); size += 7) {
    writeAll(cut.path, bytes.substr(0, size));
    EXPECT_FALSE(readNpz(cut.path, back, error));
  }
}

TEST(Exchange, ReadsInputsAndWritesOutputs) {
  TempFile dir("exchange");
  mkdir(dir.path.c_str(), 0700);
  std::string error;
  auto raw = someTensor("", WICK_DTYPE_U16, {3});
  ASSERT_TRUE(writeNpy(dir.path + "/input_0.npy", raw, error)) << error;
  writeAll(dir.path + "/manifest.json",
           R"({"inputs": [{"kind": "tensor", "onnx_dtype": "BFLOAT16", "shape": [3], "file": "input_0.npy",
               "index": 0, "name": "x", "pb": "input_0.pb"}], "outputs": ["y"]})");
  std::vector<HostTensor> tensors;
  ASSERT_EQ(readExchangeDir(dir.path, tensors, error), ExchangeResult::Ok) << error;
  EXPECT_EQ(tensors[0].dtype, uint32_t(WICK_DTYPE_BF16));
  EXPECT_EQ(tensors[0].name, "x");
  ASSERT_TRUE(writeExchangeDir(dir.path, tensors, error)) << error;
  Json manifest;
  ASSERT_TRUE(Json::parse(readAll(dir.path + "/manifest.json"), manifest, error)) << error;
  EXPECT_EQ(manifest["outputs"].items[0]["onnx_dtype"].asString(), "BFLOAT16");
  writeAll(dir.path + "/manifest.json",
           R"({"inputs": [{"kind": "sequence", "items": [{"kind": "tensor", "onnx_dtype": "BFLOAT16", "shape": [3],
               "file": "input_0.npy"}], "index": 0, "name": "s"}, {"kind": "optional", "present": false, "index": 1,
               "name": "o"}]})");
  tensors.clear();
  ASSERT_EQ(readExchangeDir(dir.path, tensors, error), ExchangeResult::Ok) << error;
  EXPECT_EQ(tensors[0].name, "s.data");
  EXPECT_EQ(tensors[1].name, "s.shapes");
  EXPECT_EQ(tensors[1].dims, (std::vector<int64_t>{1, 1}));
  EXPECT_EQ(tensors.back().name, "o.present");
  EXPECT_EQ(tensors.back().bytes[0], 0);
  writeAll(dir.path + "/manifest.json", R"({"inputs": [{"kind": "map", "keys": [], "index": 0, "name": "s"}]})");
  tensors.clear();
  EXPECT_EQ(readExchangeDir(dir.path, tensors, error), ExchangeResult::Unsupported);
  for (const char *name : {"/input_0.npy", "/output_0.npy", "/manifest.json"})
    std::remove((dir.path + name).c_str());
}

TEST(Json, ParsesAndPrints) {
  std::string error,
      text = R"({"a": [1, -2.5e3, true, null], "b\n": "\u00e9\ud83d\ude00\"", "big": 9223372036854775807})";
  Json value, again;
  ASSERT_TRUE(Json::parse(text, value, error)) << error;
  EXPECT_EQ(value["b\n"].asString(), "\xc3\xa9\xf0\x9f\x98\x80\"");
  EXPECT_EQ(value["big"].asInt(), INT64_MAX);
  EXPECT_EQ(value["a"].items[1].asDouble(), -2500);
  EXPECT_TRUE(value["none"].isNull());
  ASSERT_TRUE(Json::parse(value.print(), again, error)) << error;
  EXPECT_EQ(again.print(false), value.print(false));
  for (size_t size = 0; size < text.size(); ++size)
    EXPECT_FALSE(Json::parse(text.substr(0, size), value, error));
  EXPECT_FALSE(Json::parse(std::string(100000, '['), value, error));
}
