// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The builder that all frontends share: folding, known elements, sticky errors, undo.
//
#include "compiler/frontend/GraphBuilder.h"
#include "dialects/graph/Sources.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace wick;
using namespace wick::compiler;

namespace {
struct BuilderTest : ::testing::Test {
  BuilderTest() : module(ModuleOp::create(UnknownLoc::get(&context))), g(*module, weights) {
    auto fn = func::FuncOp::create(module->getLoc(), "main", g.b.getFunctionType({}, {}));
    module->push_back(fn);
    block = fn.addEntryBlock();
    g.b.setInsertionPointToEnd(block);
  }
  Value input(Type elem, ArrayRef<AffineExpr> dims) { return block->addArgument(graph::tensorOf(elem, dims), g.loc); }
  MLIRContext context;
  WeightStore weights;
  OwningOpRef<ModuleOp> module;
  GraphBuilder g;
  Block *block;
};
} // namespace

TEST_F(BuilderTest, FoldsConstants) {
  Value v = g.add(g.i64s({1, 2, 3}), g.i64(10));
  EXPECT_EQ(g.intsOf(v), (SmallVector<int64_t>{11, 12, 13}));
  Value f = g.create<graph::SqrtOp>({g.scalar(g.b.getF32Type(), 9)});
  EXPECT_EQ(g.doubleOf(f), 3.0);
  Value h = g.castTo(f, g.b.getBF16Type());
  EXPECT_EQ(g.doubleOf(h), 3.0);
}

TEST_F(BuilderTest, KnowsShapeElements) {
  AffineExpr n = g.symbols.named("n");
  Value dims = g.dimsValue({n, g.expr(4)});
  Value twice = g.mul(dims, g.i64(2));
  auto known = g.elementsOf(twice);
  ASSERT_TRUE(known.has_value());
  EXPECT_EQ((*known)[0], n * 2);
  EXPECT_EQ(graph::constantOf((*known)[1]), 8);
  // floor(float(n) * 0.5) as exporters write it
  Value half = g.create<graph::FloorOp>({g.mul(g.castTo(g.dimScalar(n), g.b.getF32Type()), 0.5)});
  auto size = g.elementsOf(g.castTo(half, g.b.getI64Type()));
  ASSERT_TRUE(size && (*size)[0]);
  EXPECT_EQ((*size)[0], n.floorDiv(2));
}

TEST_F(BuilderTest, SizesOfDataBecomeSymbols) {
  Value x = input(g.b.getI64Type(), {g.expr(2)});
  AffineExpr a = g.sizeOf(x, 1), again = g.sizeOf(x, 1);
  EXPECT_EQ(a, again);
  EXPECT_TRUE(isa<AffineSymbolExpr>(a));
  Value y = g.expandTo(g.scalar(g.b.getF32Type(), 1), {a});
  EXPECT_EQ(g.dim(y, 0), a);
}

TEST_F(BuilderTest, ErrorsStick) {
  Value x = input(g.b.getF32Type(), g.exprs({2, 3})), y = input(g.b.getF32Type(), g.exprs({4, 5}));
  Value bad = g.add(g.matmul(x, y), 1.0);
  EXPECT_FALSE(bad);
  EXPECT_TRUE(g.hasError());
  EXPECT_EQ(g.takeError(), "inner dims are 3 and 4");
  EXPECT_FALSE(g.hasError());
}

TEST_F(BuilderTest, UndoTakesBackOpsAndSizes) {
  Value x = input(g.b.getI64Type(), {g.expr(1)});
  auto before = g.snapshot();
  size_t symbols = g.symbols.all().size();
  g.expandTo(g.scalar(g.b.getF32Type(), 1), {g.sizeOf(x, 0)});
  g.undo(before);
  EXPECT_EQ(g.symbols.all().size(), symbols);
  EXPECT_TRUE(block->empty());
}

TEST_F(BuilderTest, LearnsWhatMustAgree) {
  auto named = [&](const char *name) { return g.symbols.named(name); };
  Type f32 = g.b.getF32Type();
  g.matmul(input(f32, {named("m"), named("k")}), input(f32, {named("k2"), named("n")}));
  g.concat({input(f32, {named("a"), named("p")}), input(f32, {named("a2"), named("q")})}, 1);
  g.create<graph::GatherNdOp>({input(f32, {named("b"), g.expr(4)}), input(g.b.getI64Type(), {named("b2"), g.expr(1)})},
                              {g.intAttr("batch_dims", 1)});
  g.reshape(input(f32, {named("r"), g.expr(2)}), {named("s"), g.expr(2)}); // says nothing of one dim
  g.reshape(input(f32, {named("t"), g.expr(2)}), ArrayRef<int64_t>{6});
  ASSERT_FALSE(g.hasError());
  std::vector<std::string> facts;
  for (const auto &f : g.facts)
    facts.push_back(f.name + " = " + (f.alias.empty() ? std::to_string(f.value) : f.alias));
  EXPECT_EQ(facts, (std::vector<std::string>{"k2 = k", "a2 = a", "b2 = b", "t = 3"}));
}

TEST_F(BuilderTest, FoldFailsOnIndexOutOfRange) {
  Value v = g.gather(g.i64s({1, 2}), g.i64(5), 0);
  ASSERT_TRUE(v);
  EXPECT_FALSE(g.isConstant(v)); // stays an op that reports at run time
}

TEST(Sources, OpAndOpsetSurviveFusing) {
  MLIRContext context;
  Location file = FileLineColLoc::get(&context, "m.onnx", 3, 0);
  Location conv = graph::sourceLocation(file, "conv0", {"Conv", 17, ""});
  Location call = graph::sourceLocation(file, "layer.relu", {"aten.relu", 0, "model.py:12"});
  Location both = FusedLoc::get(&context, {file, conv, call});
  EXPECT_EQ(graph::sourceOpOf(both).name, "Conv");
  EXPECT_EQ(graph::sourceOpOf(both).opset, 17);
  EXPECT_EQ(graph::sourceOpOf(both).text(), "Conv, opset 17");
  EXPECT_EQ(graph::sourceNames(both), "conv0, layer.relu");
  EXPECT_EQ(graph::sourceOpOf(call).text(), "aten.relu, model.py:12");
  EXPECT_EQ(graph::sourceOpOf(file).text(), "");
  // A file may hold anything in its place.
  Builder b(&context);
  auto odd =
      b.getDictionaryAttr({b.getNamedAttr("op", b.getUnitAttr()), b.getNamedAttr("opset", b.getF32FloatAttr(1))});
  EXPECT_EQ(graph::sourceOpOf(FusedLoc::get({file}, odd, &context)).text(), "");
}
