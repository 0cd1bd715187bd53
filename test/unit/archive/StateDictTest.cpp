// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weights by name out of safetensors, torch.save and TorchScript files, and the
// bounds of strided views.
//
#include "compiler/frontend/torch/archive/StateDict.h"
#include "Samples.h"
#include <cstring>

using namespace llvm;
using namespace wick::compiler::torch;
using namespace std::string_literals;

static std::string safetensors(const std::string &header, const std::string &data) {
  return ZipWriter::number(header.size(), 8) + header + data;
}
static std::string refusal(const std::string &header, const std::string &data) {
  return errorOf(StateDict::read(copyBytes(safetensors(header, data)), "f"));
}

TEST(StateDict, Safetensors) {
  auto dict = StateDict::read(
      copyBytes(safetensors(R"({"__metadata__":{"format":"pt"},"b":{"dtype":"I64","shape":[],"data_offsets":[4,12]},)"
                            R"("a":{"dtype":"BF16","shape":[1,2],"data_offsets":[0,4]}})",
                            "abcdefghijkl")),
      "f");
  ASSERT_TRUE(bool(dict)) << toString(dict.takeError());
  ASSERT_EQ(dict->tensors().size(), 2u);
  EXPECT_EQ(dict->tensors()[0].first, "a");
  EXPECT_EQ(dict->find("a")->dtype(), ScalarType::BFloat16);
  EXPECT_EQ(dict->find("b")->dense()->text(), "efghijkl");
  EXPECT_EQ(dict->metadata().lookup("format"), "pt");
  EXPECT_EQ(dict->find("c"), nullptr);
}

TEST(StateDict, SafetensorsRefusals) {
  EXPECT_NE(refusal(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "abcd"), "");
  EXPECT_NE(refusal(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})", "abcd"), "");
  EXPECT_NE(refusal(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", "abcd"), "");
  EXPECT_NE(refusal(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "abcd"), "");
  EXPECT_NE(refusal(R"({"a":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}})", "abcd").find("F99"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "abcdx").find("1 bytes behind"),
            std::string::npos);
  EXPECT_NE(
      refusal(
          R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
          "abcd"),
      "");
  EXPECT_NE(refusal(R"({"a":{"dtype":"U8","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,4]}})", "abcd"),
            "");
  EXPECT_NE(refusal(R"({"a":)", ""), "");
  EXPECT_NE(refusal("{\"a\":" + std::string(100000, '['), "").find("deeper than 200"), std::string::npos);
  EXPECT_NE(errorOf(StateDict::readSafetensors(copyBytes("\xff\xff\xff\xff\xff\xff\xff\x7f{}"))), "");
  EXPECT_NE(errorOf(StateDict::readSafetensors(copyBytes("abc"))), "");
}

static std::string text(const std::string &s) { return "X" + ZipWriter::number(s.size(), 4) + s; }
static std::string tensor(const std::string &key, int numel, const std::string &sizes, const std::string &strides) {
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\nFloatStorage\n" + text(key) +
         text("cpu") + "K" + char(numel) + "tQK"s + char(0) + "(" + sizes + "t(" + strides + "t\x89" +
         "ccollections\nOrderedDict\n)RtR";
}

TEST(StateDict, TorchSave) {
  // {"model": OrderedDict(w=2x2, p=Parameter(w.t())), "epoch": 3}, with _metadata as state of the OrderedDict
  std::string pickle = "\x80\x02}("s + text("model") + "ccollections\nOrderedDict\n)R(" + text("w") +
                       tensor("0", 4, "K\2K\2", "K\2K\1") + text("p") + "ctorch._utils\n_rebuild_parameter\n(" +
                       tensor("0", 4, "K\2K\2", "K\1K\2") + "\x88Nt" + "Ru}" + text("_metadata") + "Nsb" +
                       text("epoch") + "K\3u.";
  ZipWriter zip;
  zip.add("archive/data.pkl", pickle);
  zip.add("archive/byteorder", "little");
  zip.add("archive/data/0", "aaaabbbbccccdddd");
  zip.add("archive/version", "3\n");
  auto dict = StateDict::read(copyBytes(zip.finish()), "f");
  ASSERT_TRUE(bool(dict)) << toString(dict.takeError());
  ASSERT_EQ(dict->tensors().size(), 2u);
  EXPECT_EQ(dict->tensors()[0].first, "model.w");
  EXPECT_EQ(dict->tensors()[1].first, "model.p");
  EXPECT_EQ(dict->find("model.p")->dense()->text(), "aaaaccccbbbbdddd");
}

TEST(StateDict, FilesOfTorch) {
  auto saved = StateDict::open(samplePath("sample_inputs.pt"));
  ASSERT_TRUE(bool(saved)) << toString(saved.takeError());
  ASSERT_EQ(saved->tensors().size(), 1u);
  EXPECT_EQ(saved->tensors()[0].first, "0.0");
  EXPECT_EQ(saved->tensors()[0].second.sizes(), (ArrayRef<int64_t>{2, 8}));
  auto script = StateDict::open(samplePath("dtypes.script.pt"));
  ASSERT_TRUE(bool(script));
  EXPECT_EQ(script->tensors().size(), 29u);
  EXPECT_NE(script->find("viewT"), nullptr);
  EXPECT_NE(errorOf(StateDict::open(samplePath("sharedw.pt2"))), "");
  EXPECT_NE(errorOf(StateDict::open(samplePath("absent.pt"))).find("absent.pt"), std::string::npos);
}

TEST(TensorData, Bounds) {
  Bytes six = copyBytes("abcdef");
  const auto view = [&](ArrayRef<int64_t> sizes, ArrayRef<int64_t> strides, int64_t offset) {
    auto tensor = TensorData::make("t", ScalarType::Byte, sizes, strides, offset, six);
    if (!tensor)
      return "error: " + toString(tensor.takeError());
    auto bytes = tensor->dense();
    return bytes ? bytes->text().str() : "error: " + toString(bytes.takeError());
  };
  EXPECT_EQ(view({2, 3}, {3, 1}, 0), "abcdef");
  EXPECT_EQ(view({3, 2}, {1, 3}, 0), "adbecf");
  EXPECT_EQ(view({2, 2, 1}, {3, 0, INT64_MAX}, 1), "bbee");
  EXPECT_EQ(view({1, 2}, {INT64_MAX, 2}, 3), "df");
  EXPECT_EQ(view({}, {}, 5), "f");
  EXPECT_EQ(view({0, 9}, {9, 1}, 100), "");
  EXPECT_NE(view({}, {}, 6).find("past its storage"), std::string::npos);
  EXPECT_NE(view({2, 3}, {3, 1}, 1).find("error"), std::string::npos);
  EXPECT_NE(view({INT64_MAX, 2}, {INT64_MAX, 1}, 0).find("error"), std::string::npos);
  EXPECT_NE(view({int64_t(1) << 40}, {0}, 0).find("over the limit"), std::string::npos);
  EXPECT_NE(view({2}, {-1}, 1).find("error"), std::string::npos);
  EXPECT_NE(view({2}, {}, 1).find("error"), std::string::npos);
}
