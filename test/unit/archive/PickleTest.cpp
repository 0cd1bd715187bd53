// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pickles made by hand: instructions, identity, and everything that must be refused.
//
#include "Samples.h"

using namespace llvm;
using namespace wick::compiler::torch;
using namespace std::string_literals;

static Expected<Pickle> parse(const std::string &body, const PickleLimits &limits = {}) {
  return readPickle(copyBytes("\x80\x02"s + body + "."), "data", limits);
}
static std::string refusal(const std::string &body, const PickleLimits &limits = {}) {
  return errorOf(parse(body, limits));
}
static std::string text(const std::string &s) { return "X" + ZipWriter::number(s.size(), 4) + s; }

TEST(Pickle, Scalars) {
  auto pickle = parse(
      "(N\x88\x89K\xffM\x34\x12J\xfe\xff\xff\xff\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x8a\x01\x80\x8a\x00G\x3f\xf8\0\0\0\0\0\0"s +
      text("ab") + "t");
  ASSERT_TRUE(bool(pickle)) << toString(pickle.takeError());
  auto items = pickle->root().items();
  ASSERT_EQ(items.size(), 11u);
  EXPECT_TRUE(items[0].isNone());
  EXPECT_TRUE(items[1].asBool());
  EXPECT_FALSE(items[2].asBool());
  EXPECT_EQ(items[3].asInt(), 255);
  EXPECT_EQ(items[4].asInt(), 0x1234);
  EXPECT_EQ(items[5].asInt(), -2);
  EXPECT_EQ(items[6].asInt(), INT64_MAX);
  EXPECT_EQ(items[7].asInt(), -128);
  EXPECT_EQ(items[8].asInt(), 0);
  EXPECT_EQ(items[9].asDouble(), 1.5);
  EXPECT_EQ(items[10].asString(), "ab");
}

TEST(Pickle, ContainersAndIdentity) {
  // ([1], {"k": that list}), the list memoized while empty
  auto pickle = parse("]q\0K\1a}"s + text("k") + "h\0s\x86"s);
  ASSERT_TRUE(bool(pickle)) << toString(pickle.takeError());
  PickleValue list = pickle->root().items()[0];
  EXPECT_EQ(list.items()[0].asInt(), 1);
  EXPECT_EQ(pickle->root().items()[1].find("k")->identity(), list.identity());
  EXPECT_EQ(pickle->root().items()[1].find("z"), nullptr);
}

TEST(Pickle, ObjectsEnumsTags) {
  auto pickle =
      parse("c__torch__.a\nNet\n)\x81}("s + text("e") + "c__torch__\nMode\nK\2R" + text("d") + "ctorch\ndevice\n" +
            text("cpu") + "\x85R" + text("l") + "ctorch.jit._pickle\nbuild_intlist\n](K\1K\2e\x85R" + text("c") +
            "cbuiltins\ncomplex\nG\x3f\xf0\0\0\0\0\0\0G\x40\0\0\0\0\0\0\0\x86Rub"s);
  ASSERT_TRUE(bool(pickle)) << toString(pickle.takeError());
  PickleValue root = pickle->root();
  EXPECT_EQ(root.className(), "__torch__.a.Net");
  EXPECT_EQ(root.state().find("e")->kind(), PickleValue::Kind::Enum);
  EXPECT_EQ(root.state().find("e")->className(), "__torch__.Mode");
  EXPECT_EQ(root.state().find("e")->state().asInt(), 2);
  EXPECT_EQ(root.state().find("d")->asString(), "cpu");
  EXPECT_EQ(root.state().find("l")->typeText(), "List[int]");
  EXPECT_EQ(root.state().find("c")->asComplex(), std::make_pair(1.0, 2.0));
}

TEST(Pickle, Refusals) {
  EXPECT_NE(refusal("cos\nsystem\n" + text("true") + "\x85R").find("'os system' is not a name"), std::string::npos);
  EXPECT_NE(refusal("ctorch._utils\n_rebuild_sparse_tensor\n").find("sparse"), std::string::npos);
  EXPECT_NE(refusal("i").find("instruction 0x69"), std::string::npos);
  EXPECT_NE(refusal("]q\0h\0a"s).find("contains itself"), std::string::npos);
  EXPECT_NE(refusal("ctorch\ndevice\n").find("stands where a value"), std::string::npos);
  EXPECT_NE(refusal("h\5").find("memo slot 5 is not set"), std::string::npos);
  EXPECT_NE(refusal("Nr\xff\xff\xff\xff").find("memo slot"), std::string::npos);
  EXPECT_NE(refusal("\x8a\x09" + std::string(9, '\1')).find("at most 8"), std::string::npos);
  EXPECT_NE(refusal("X\xff\xff\xff\xff").find("at most"), std::string::npos);
  EXPECT_NE(refusal("}("s + text("a") + "N" + text("a") + "Nu").find("stands twice"), std::string::npos);
  for (const char *body : {"", "NN", "(N", "t", "e", "u", "s", "a", "R", "b", "Q", "\x81", "(N\x85", "N0", "Na", "NNb",
                           "](Nu", "}(Nu", "NQ"})
    EXPECT_NE(refusal(body), "") << body;
  EXPECT_NE(errorOf(readPickle(copyBytes("\x80\x05N."), "")), "");
  EXPECT_NE(errorOf(readPickle(copyBytes("\x80\x02N.N"), "")).find("1 bytes follow"), std::string::npos);
}

TEST(Pickle, Bombs) {
  std::string deep;
  for (int i = 0; i < 1000; ++i)
    deep += "]";
  for (int i = 1; i < 1000; ++i)
    deep += "a";
  EXPECT_NE(refusal(deep).find("deeper than 200"), std::string::npos);
  EXPECT_NE(refusal(std::string(100000, '(')), "");
  PickleLimits few;
  few.maxNodes = few.maxStack = 100;
  EXPECT_NE(refusal("(" + std::string(200, ']') + "t", few).find("more than 100"), std::string::npos);
  // 2^100 leaves, but only 100 lists: fine as long as nobody unfolds it.
  std::string shared = "]q"s + char(0);
  for (int i = 0; i < 100; ++i)
    shared += "h"s + char(i) + "h" + char(i) + "\x86q" + char(i + 1);
  EXPECT_TRUE(bool(parse("("s + shared + "t")));
}

static std::string storage(const std::string &type, const std::string &key, int numel) {
  return "(" + text("storage") + "ctorch\n" + type + "\n" + text(key) + text("cpu") + "J" +
         ZipWriter::number(numel, 4) + "tQ";
}
static std::string tensor(const std::string &storage, const std::string &sizes, const std::string &strides) {
  return "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + "K"s + char(0) + "(" + sizes + "t(" + strides + "t\x89NtR";
}

TEST(Pickle, Tensors) {
  auto pickle = parse(tensor(storage("FloatStorage", "0", 6), "K\2K\3", "K\3K\1"));
  ASSERT_TRUE(bool(pickle)) << toString(pickle.takeError());
  EXPECT_EQ(pickle->root().asTensor().numel(), 6u);
  ASSERT_EQ(pickle->storages().size(), 1u);
  EXPECT_EQ(pickle->storages()[0]->folder, "data");
  auto unknown = parse(tensor(storage("Bits8Storage", "0", 6), "K\2", "K\1"));
  ASSERT_TRUE(bool(unknown)) << "an unknown dtype fails where it is used";
  EXPECT_EQ(unknown->root().asTensor().dtype, ScalarType::Unknown);
  EXPECT_NE(refusal(tensor(storage("FloatStorage", "../x", 6), "", "")).find("key has characters"), std::string::npos);
  EXPECT_NE(refusal(tensor(storage("FloatStorage", "0", -1), "", "")), "");
  EXPECT_NE(refusal(tensor(storage("FloatStorage", "0", 6), "K\2", "")).find("1 sizes and 0 strides"),
            std::string::npos);
  std::string most = "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"s;
  EXPECT_NE(refusal(tensor(storage("FloatStorage", "0", 6), most + most, "K\1K\1")).find("2^63"), std::string::npos);
  EXPECT_NE(refusal(storage("FloatStorage", "0", 6)).find("a storage stands where"), std::string::npos);
}
