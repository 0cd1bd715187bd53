// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Archives as torch writes them: every part is found, and tensors have the values
// that the generating script gave them.
//
#include "Samples.h"
#include <cstdlib>
#include <cstring>
#include <functional>
#include <set>

using namespace llvm;
using namespace wick::compiler::torch;

template <typename T>
static std::vector<T> values(const TorchArchive &archive, PickleValue value) {
  auto tensor = archive.tensor(value.asTensor());
  EXPECT_TRUE(bool(tensor)) << toString(tensor.takeError());
  auto bytes = tensor->dense();
  EXPECT_TRUE(bool(bytes)) << toString(bytes.takeError());
  std::vector<T> result(bytes->size() / sizeof(T));
  std::memcpy(result.data(), bytes->data.data(), result.size() * sizeof(T));
  return result;
}

TEST(Archive, DtypesAndViews) {
  auto archive = TorchArchive::open(samplePath("dtypes.script.pt"));
  ASSERT_TRUE(bool(archive)) << toString(archive.takeError());
  EXPECT_EQ(archive->kind(), ArchiveKind::Script);
  EXPECT_EQ(archive->version(), 3);
  EXPECT_EQ(archive->topFolder(), "dtypes.script");
  PickleValue root = archive->data().root();
  ASSERT_TRUE(root.isObject());
  EXPECT_EQ(root.className(), "__torch__.DT");
  PickleValue state = root.state();
  EXPECT_FALSE(state.find("training")->asBool());
  for (StringRef name :
       {"float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool", "complex64",
        "complex128", "complex32", "float8_e4m3fn", "float8_e5m2", "uint16", "uint32", "uint64"})
    EXPECT_EQ(dtypeName(state.find(("b_" + name).str())->asTensor().dtype), name);
  EXPECT_EQ(values<int64_t>(*archive, *state.find("b_int64")), (std::vector<int64_t>{1, 1, 1}));

  // base is arange(24) of 4 x 6; the others are views of it.
  const StorageRecord *storage = state.find("base")->asTensor().storage;
  EXPECT_EQ(state.find("viewT")->asTensor().storage, storage);
  auto transposed = values<float>(*archive, *state.find("viewT"));
  ASSERT_EQ(transposed.size(), 24u);
  for (int i = 0; i < 24; ++i)
    EXPECT_EQ(transposed[i], float(i % 4 * 6 + i / 4));
  EXPECT_EQ(values<float>(*archive, *state.find("row")), (std::vector<float>{13, 14, 15}));
  auto row = archive->tensor(state.find("row")->asTensor());
  auto base = archive->tensor(state.find("base")->asTensor());
  ASSERT_TRUE(row && base);
  EXPECT_EQ(row->dense()->data.data(), base->storage().data.data() + 13 * 4) << "a dense range is not copied";
  EXPECT_EQ(values<float>(*archive, *state.find("scalar")), std::vector<float>{3.5f});
  EXPECT_TRUE(values<float>(*archive, *state.find("emptyt")).empty());
  EXPECT_EQ(values<float>(*archive, *state.find("exp")), (std::vector<float>{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(values<float>(*archive, *state.find("conjt")), (std::vector<float>{1, -2})) << "1 + 2j, conjugated lazily";
}

TEST(Archive, CodeAndOrigins) {
  auto archive = TorchArchive::open(samplePath("dtypes.script.pt"));
  ASSERT_TRUE(bool(archive));
  ASSERT_EQ(archive->codeFiles().size(), 1u);
  EXPECT_EQ(archive->codeFiles()[0], "__torch__");
  auto code = archive->code("__torch__");
  ASSERT_TRUE(bool(code));
  EXPECT_TRUE(code->text().starts_with("class DT(Module):\n"));
  EXPECT_FALSE(archive->hasCode("__torch__.absent"));
  auto ranges = archive->debugRanges("__torch__");
  ASSERT_TRUE(ranges.has_value());
  const SourceOrigin *origin = ranges->find(code->text().find("torch.sum(base)"));
  ASSERT_NE(origin, nullptr);
  EXPECT_EQ(origin->file, "/src/wick/own.py");
  EXPECT_EQ(origin->line, 34u);
  EXPECT_EQ(origin->text, "def forward(s,x:Tensor)->Tensor: return x+s.base.sum()");
  EXPECT_EQ(ranges->find(0), nullptr);
}

TEST(Archive, TraceWithConstantsAndInputs) {
  auto archive = TorchArchive::open(samplePath("promote.trace.pt"));
  ASSERT_TRUE(bool(archive)) << toString(archive.takeError());
  EXPECT_EQ(archive->version(), 4);
  ArrayRef<PickleValue> constants = archive->constants().root().items();
  ASSERT_EQ(constants.size(), 3u);
  EXPECT_TRUE(constants[0].asTensor().sizes.empty());
  ASSERT_NE(archive->tracedInputs(), nullptr);
  PickleValue inputs = archive->tracedInputs()->root();
  ASSERT_TRUE(inputs.isDict());
  EXPECT_EQ(inputs.typeText(), "Dict[str, List[Any]]");
  const PickleValue *forward = inputs.find("forward");
  ASSERT_TRUE(forward && forward->isList());
  ASSERT_EQ(forward->items().size(), 2u);
  EXPECT_NE(errorOf(archive->tensor(forward->items()[0].asTensor())), "") << "example inputs have no bytes";
}

TEST(Archive, QuantizedCustomClass) {
  auto archive = TorchArchive::open(samplePath("qembbag.trace.pt"));
  ASSERT_TRUE(bool(archive)) << toString(archive.takeError());
  std::vector<std::string> classes;
  const TensorRecord *quantized = nullptr;
  std::function<void(PickleValue)> walk = [&](PickleValue value) {
    if (value.isTensor() && value.asTensor().quant)
      quantized = &value.asTensor();
    if (value.isObject()) {
      classes.push_back(value.className().str());
      return walk(value.state());
    }
    if (value.isDict() || value.isList() || value.isTuple())
      for (PickleValue item : value.items())
        walk(item);
  };
  walk(archive->data().root());
  EXPECT_TRUE(is_contained(classes, "__torch__.torch.classes.quantized.EmbeddingPackedParamsBase"));
  ASSERT_NE(quantized, nullptr);
  EXPECT_EQ(quantized->dtype, ScalarType::QUInt8);
  EXPECT_EQ(quantized->quant->axis, 0);
  ASSERT_NE(quantized->quant->scales, nullptr);
  EXPECT_EQ(quantized->quant->scales->dtype, ScalarType::Float);
  EXPECT_EQ(quantized->quant->scales->sizes[0], quantized->sizes[0]);
}

TEST(Archive, ExportedProgram) {
  auto archive = TorchArchive::open(samplePath("sharedw.pt2"));
  ASSERT_TRUE(bool(archive)) << toString(archive.takeError());
  EXPECT_EQ(archive->kind(), ArchiveKind::Export);
  ASSERT_EQ(archive->modelNames().size(), 1u);
  EXPECT_EQ(archive->modelNames()[0], "model");
  EXPECT_TRUE(archive->modelJson("model")->text().starts_with("{"));
  EXPECT_TRUE(archive->weightsConfig("model")->text().contains("\"path_name\": \"weight_0\""));
  EXPECT_TRUE(bool(archive->constantsConfig("model")));
  EXPECT_EQ(archive->weightFile("weight_0")->size(), 160u);
  EXPECT_NE(errorOf(archive->weightFile("weight_9")), "");
  auto inner = archive->nested("data/sample_inputs/model.pt");
  ASSERT_TRUE(bool(inner)) << toString(inner.takeError());
  EXPECT_EQ(inner->kind(), ArchiveKind::Saved);
}

TEST(Archive, RefusesOtherFormatsByName) {
  const auto refuse = [](StringRef bytes) { return errorOf(TorchArchive::read(copyBytes(bytes), "f")); };
  EXPECT_NE(refuse(StringRef("\x80\x02}q", 4)).find("bare pickle"), std::string::npos);
  EXPECT_NE(refuse(StringRef("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15)).find("before torch 1.6"),
            std::string::npos);
  EXPECT_NE(refuse("PYTORCH1abc").find("preview"), std::string::npos);
  EXPECT_NE(refuse(std::string(257, '\0') + "ustar" + std::string(300, '\0')).find("tar file"), std::string::npos);
  EXPECT_NE(refuse("").find("neither"), std::string::npos);
  const auto zipped = [&](std::initializer_list<std::pair<const char *, const char *>> records) {
    ZipWriter writer;
    for (auto [name, data] : records)
      writer.add(std::string("m/") + name, data);
    return refuse(writer.finish());
  };
  EXPECT_NE(zipped({{"model.json", "{}"}, {"tensors/0", ""}}).find("before torch 1.4"), std::string::npos);
  EXPECT_NE(zipped({{"data.pkl", ""}, {".data/ts_code/x", ""}}).find("torch.package"), std::string::npos);
  EXPECT_NE(zipped({{"data.pkl", ""}, {"byteorder", "big"}}).find("byte order is 'big'"), std::string::npos);
  EXPECT_NE(zipped({{"readme", ""}}).find("no archive of PyTorch"), std::string::npos);
  EXPECT_NE(zipped({{"archive_format", "pt9"}}).find("'pt9'"), std::string::npos);
  EXPECT_NE(zipped({{"data.pkl", ""}, {"version", "99"}}).find("versions 1 to 10"), std::string::npos);
}

// Reads whatever archives the folder WICK_TORCH_ARCHIVES has, all tensors and origins of them.
TEST(Archive, Corpus) {
  const char *folder = std::getenv("WICK_TORCH_ARCHIVES");
  if (!folder)
    GTEST_SKIP() << "WICK_TORCH_ARCHIVES is not set";
  std::error_code code;
  unsigned count = 0, tensors = 0, origins = 0;
  for (sys::fs::directory_iterator it(folder, code), end; it != end && !code; it.increment(code)) {
    StringRef path = it->path();
    if (!path.ends_with(".pt") && !path.ends_with(".pt2"))
      continue;
    auto archive = TorchArchive::open(path);
    ASSERT_TRUE(bool(archive)) << path.str() << toString(archive.takeError());
    ++count;
    for (const ZipEntry &entry : archive->records().entries())
      EXPECT_EQ(errorOf(archive->records().read(entry)), "") << path.str();
    if (archive->kind() == ArchiveKind::Export)
      continue;
    std::set<const void *> seen;
    std::function<void(PickleValue)> walk = [&](PickleValue value) {
      if (value.identity() && !seen.insert(value.identity()).second)
        return;
      if (value.isTensor()) {
        auto tensor = archive->tensor(value.asTensor());
        ASSERT_TRUE(bool(tensor)) << path.str() << toString(tensor.takeError());
        EXPECT_EQ(errorOf(tensor->dense()), "") << path.str();
        ++tensors;
      } else if (value.isObject()) {
        walk(value.state());
      } else if (value.isDict() || value.isList() || value.isTuple()) {
        for (PickleValue item : value.items())
          walk(item);
      }
    };
    walk(archive->data().root());
    walk(archive->constants().root());
    for (const std::string &file : archive->codeFiles())
      if (auto ranges = archive->debugRanges(file))
        origins += ranges->size();
  }
  std::printf("%u archives, %u tensors, %u source ranges\n", count, tensors, origins);
  EXPECT_GT(count, 0u);
}
