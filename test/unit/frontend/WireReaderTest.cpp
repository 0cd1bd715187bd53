// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The wire reader on models written byte by byte: every payload encoding, every
// kind of attribute and type, and damaged files, which must give a message.
//
#include "compiler/frontend/onnx/WireReader.h"
#include "test/unit/frontend/WireWriter.h"
#include <gtest/gtest.h>
#include <random>

using namespace wick::onnx;
using namespace wick::onnx::test;

static Tensor readTensor(const Message &message) {
  ReadTensorResult result = readTensorBytes(message.span());
  for (const Problem &problem : result.problems)
    ADD_FAILURE() << problem.text();
  return result.tensor.value_or(Tensor());
}

static std::string tensorError(const Message &message) {
  ReadTensorResult result = readTensorBytes(message.span());
  EXPECT_FALSE(result.tensor.has_value());
  return result.problems.empty() ? "" : result.problems.front().text();
}

template <class T>
static std::vector<T> values(const Tensor &tensor) {
  std::vector<T> out(tensor.length / sizeof(T));
  if (tensor.owned)
    std::memcpy(out.data(), tensor.owned->data(), tensor.length);
  return out;
}

/// A model with a bit of everything, small enough for exhaustive damage.
static Message smallModel() {
  Message body = graph({node("Add", {"x", "w"}, {"s"}, {}, "inner")}, {}, {}, {valueInfo("s", 1, {2})});
  return model(graph({node("Relu", {"x"}, {"r"}, {}, "relu"),
                      node("If", {"c"}, {"y"}, {attrGraph("then_branch", body), attrGraph("else_branch", body)}),
                      node("Constant", {}, {"k"}, {attrTensor("value", rawTensor<int64_t>("", 7, {1}, {3}))}),
                      node("F", {"x", "", "k"}, {"z"},
                           {attrFloat("a", 1.5f), attrInts("b", {1, -2}), attrString("c", "s")}, "", "d")},
                     {rawTensor<float>("w", 1, {2}, {1, 2})}, {valueInfo("x", 1, {-1, 2}), valueInfo("c", 9, {})},
                     {valueInfo("y", 1, {2})}),
               13, {function("d", "F", {"p", "q", "t"}, {"o"}, {node("Relu", {"p"}, {"o"})}, {opset("", 12)})});
}

TEST(WireReader, ReadsAModel) {
  ReadResult result = readModelBytes(smallModel().span());
  ASSERT_TRUE(result.model.has_value());
  EXPECT_EQ(describe(*result.model), "model ir 8 opsets [ai.onnx 13]\n"
                                     "function d.F(p, q, t) -> (o) opsets [ai.onnx 12]\n"
                                     "  o = Relu(p)\n"
                                     "graph g(x: float[N, 2], c: bool[]) -> (y: float[2])\n"
                                     "  w = float[2]{1, 2}\n"
                                     "  relu: r = Relu(x)\n"
                                     "  y = If(c) {then_branch=<graph>, else_branch=<graph>}\n"
                                     "    then_branch = graph g() -> (s: float[2])\n"
                                     "      inner: s = Add(x, w)\n"
                                     "    else_branch = graph g() -> (s: float[2])\n"
                                     "      inner: s = Add(x, w)\n"
                                     "  k = Constant() {value=int64[1]{3}}\n"
                                     "  z = d.F(x, _, k) {a=1.5, b=[1, -2], c=\"s\"}\n");
  EXPECT_EQ(result.model->graph.nodes[1].displayName(), "y");
  EXPECT_EQ(result.model->graph.nodes[3].index, 3);
}

TEST(WireReader, TypedFieldsBecomeRawBytes) {
  EXPECT_EQ(values<float>(readTensor(tensor("t", 1, {2}).bytes(4, rawBytes<float>({1, -2})))),
            (std::vector<float>{1, -2}));
  // Unpacked, and packed in two runs.
  EXPECT_EQ(values<float>(readTensor(tensor("t", 1, {2}).fixed32(4, 3).fixed32(4, 4))), (std::vector<float>{3, 4}));
  EXPECT_EQ(
      values<float>(readTensor(tensor("t", 1, {2}).bytes(4, rawBytes<float>({5})).bytes(4, rawBytes<float>({6})))),
      (std::vector<float>{5, 6}));
  Message packed = Message().raw(1).raw(static_cast<uint64_t>(-2));
  EXPECT_EQ(values<int64_t>(readTensor(tensor("t", 7, {2}).bytes(7, packed.data))), (std::vector<int64_t>{1, -2}));
  EXPECT_EQ(values<int8_t>(readTensor(tensor("t", 3, {2}).bytes(5, packed.data))), (std::vector<int8_t>{1, -2}));
  EXPECT_EQ(values<uint16_t>(readTensor(tensor("t", 10, {1}).varint(5, 0x3c00))), (std::vector<uint16_t>{0x3c00}));
  EXPECT_EQ(values<uint32_t>(readTensor(tensor("t", 12, {1}).varint(11, 7))), (std::vector<uint32_t>{7}));
  EXPECT_EQ(values<double>(readTensor(tensor("t", 11, {1}).bytes(10, rawBytes<double>({0.5})))),
            (std::vector<double>{0.5}));
  EXPECT_EQ(values<uint8_t>(readTensor(tensor("t", 9, {2}).varint(5, 1).varint(5, 0))), (std::vector<uint8_t>{1, 0}));
  // Three 4-bit elements in two bytes, as the file has them already.
  EXPECT_EQ(values<uint8_t>(readTensor(tensor("t", 21, {3}).varint(5, 0x21).varint(5, 0x3))),
            (std::vector<uint8_t>{0x21, 0x3}));
  // 6-bit elements come one an entry.
  EXPECT_EQ(values<uint8_t>(readTensor(tensor("t", 27, {2}).varint(5, 0x3f).varint(5, 0x1))),
            (std::vector<uint8_t>{0x7f, 0x00}));
  EXPECT_EQ(readTensor(tensor("t", 8, {2}).bytes(6, "a").bytes(6, "")).strings, (std::vector<std::string>{"a", ""}));
  EXPECT_EQ(readTensor(tensor("t", 1, {0, 3})).length, 0u);
}

TEST(WireReader, WrongPayloadsAreErrors) {
  EXPECT_EQ(tensorError(rawTensor<float>("t", 1, {3}, {1, 2})), "tensor 't' needs 12 bytes of raw_data, has 8");
  EXPECT_EQ(tensorError(tensor("t", 7, {2}).varint(7, 1)), "tensor 't' of 2 elements of int64 needs 16 bytes, has 8");
  EXPECT_EQ(tensorError(tensor("t", 1, {1})), "tensor 't' of 1 elements of float needs 4 bytes, has 0");
  EXPECT_EQ(tensorError(tensor("t", 99, {1})), "tensor 't' has element type unknown(99)");
  EXPECT_EQ(tensorError(tensor("t", 1, {-1})), "tensor 't' has dims that are negative or too large");
  EXPECT_EQ(tensorError(tensor("t", 1, {int64_t(1) << 40, int64_t(1) << 40})),
            "tensor 't' has dims that are negative or too large");
  EXPECT_EQ(tensorError(tensor("t", 8, {2}).bytes(6, "a")), "tensor 't' needs 2 strings in string_data, has 1");
}

TEST(WireReader, LargePayloadsStayInTheFile) {
  std::vector<float> large(InlineLimit / 4 + 1, 2.0f);
  large.back() = 7.0f;
  Message rawField = rawTensor<float>("raw", 1, {int64_t(large.size())}, large);
  Message typed = tensor("typed", 1, {int64_t(large.size())}).bytes(4, rawBytes(large));
  ReadResult result = readModelBytes(model(graph({}, {rawField, typed}, {}, {}), 13).span());
  ASSERT_TRUE(result.model.has_value());
  for (const Tensor &tensor : result.model->graph.initializers) {
    EXPECT_FALSE(tensor.isInline()) << tensor.name;
    auto bytes = result.payloads.bytes(tensor);
    ASSERT_EQ(bytes.size(), large.size() * 4);
    EXPECT_EQ(std::memcmp(bytes.data(), large.data(), bytes.size()), 0);
  }
}

TEST(WireReader, SparseTensorsBecomeDense) {
  auto sparse = [](const Message &indices) {
    return Message().add(1, rawTensor<float>("s", 1, {2}, {5, 6})).add(2, indices).varint(3, 2).varint(3, 3);
  };
  for (const Message &indices :
       {rawTensor<int64_t>("", 7, {2}, {1, 5}), rawTensor<int64_t>("", 7, {2, 2}, {0, 1, 1, 2})}) {
    Message g = Message().add(15, sparse(indices));
    ReadResult result = readModelBytes(model(g, 13).span());
    ASSERT_TRUE(result.model.has_value());
    EXPECT_EQ(describe(result.model->graph.initializers[0]), "float[2, 3]{0, 5, 0, 0, 0, 6}");
  }
  ReadResult bad = readModelBytes(model(Message().add(15, sparse(rawTensor<int64_t>("", 7, {2}, {1, 6}))), 13).span());
  ASSERT_FALSE(bad.model.has_value());
  EXPECT_EQ(bad.problems[0].text(), "sparse tensor 's': index 6 is out of range");
}

TEST(WireReader, TypesAndOldAttributes) {
  Message tensorType = Message().add(1, Message().varint(1, 1));
  Message sequence = Message().bytes(1, "q").add(2, Message().add(4, Message().add(1, tensorType)));
  Message map = Message().bytes(1, "m").add(2, Message().add(5, Message().varint(1, 7).add(2, tensorType)));
  Message untyped = Message().bytes(1, "axis").varint(3, 2); // IR version 1 has no type
  ReadResult result =
      readModelBytes(model(graph({node("N", {}, {"n"}, {untyped})}, {}, {sequence, map}, {}), 1).span());
  ASSERT_TRUE(result.model.has_value());
  EXPECT_EQ(describe(result.model->graph),
            "graph g(q: seq<float[*]>, m: map<int64, float[*]>) -> ()\n  n = N() {axis=2}\n");
}

TEST(WireReader, ProblemsNameTheNode) {
  ReadResult result =
      readModelBytes(model(graph({node("Constant", {}, {"k"}, {attrTensor("value", tensor("t", 1, {2}))}, "bad"),
                                  node("Constant", {}, {"l"}, {attrTensor("value", tensor("u", 1, {1}))})},
                                 {}, {}, {}),
                           13)
                         .span());
  ASSERT_FALSE(result.model.has_value());
  ASSERT_EQ(result.problems.size(), 2u);
  EXPECT_EQ(result.problems[0].text(), "node 'bad' (Constant): tensor 't' of 2 elements of float needs 8 bytes, has 0");
  EXPECT_EQ(result.problems[1].node, "l");
}

TEST(WireReader, DeepNestingIsAnError) {
  Message inner = graph({}, {}, {}, {});
  for (int i = 0; i < 200; ++i)
    inner = graph({node("If", {}, {"y"}, {attrGraph("b", inner)})}, {}, {}, {});
  ReadResult result = readModelBytes(model(inner, 13).span());
  ASSERT_FALSE(result.model.has_value());
  EXPECT_NE(result.problems[0].message.find("nested deeper than 100"), std::string::npos);
}

TEST(WireReader, NoModel) {
  EXPECT_EQ(readModelBytes({}).problems[0].text(), "the file has no graph: it is not an ONNX model");
  ReadResult missing = readModel("/nonexistent/model.onnx");
  EXPECT_EQ(missing.problems[0].text(), "'/nonexistent/model.onnx': cannot open: No such file or directory");
}

TEST(WireReader, TruncationNeverCrashes) {
  Message whole = smallModel();
  for (size_t length = 0; length < whole.data.size(); ++length) {
    ReadResult result = readModelBytes(whole.span().first(length));
    if (result.model)
      describe(*result.model);
    else
      EXPECT_FALSE(result.problems.empty());
  }
}

TEST(WireReader, RandomDamageNeverCrashes) {
  const Message whole = smallModel();
  std::mt19937 random(7);
  for (int round = 0; round < 20000; ++round) {
    Message damaged = whole;
    for (int flips = 1 + static_cast<int>(random() % 3); flips > 0; --flips)
      damaged.data[random() % damaged.data.size()] = static_cast<char>(random());
    ReadResult result = readModelBytes(damaged.span());
    if (!result.model) {
      EXPECT_TRUE(hasErrors(result.problems));
      continue;
    }
    for (const Tensor &tensor : result.model->graph.initializers)
      EXPECT_EQ(result.payloads.bytes(tensor).size(), tensor.length);
    describe(*result.model);
  }
}
