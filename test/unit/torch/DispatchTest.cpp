// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Views and in-place ops on constants, which fold while they are recorded.
// Expected values follow from torch's documentation of each op.
//
#include "compiler/frontend/torch/Dispatch.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "gtest/gtest.h"

#include <numeric>

using namespace wick::compiler;
using namespace wick::compiler::torch;

namespace {
class DispatchTest : public testing::Test {
protected:
  DispatchTest() {
    context.loadDialect<wick::graph::WickDialect, mlir::func::FuncDialect>();
    module = mlir::ModuleOp::create(mlir::UnknownLoc::get(&context));
    g.emplace(*module, weights);
    auto fn = mlir::func::FuncOp::create(module->getLoc(), "main", g->b.getFunctionType({}, {}));
    module->push_back(fn);
    g->b.setInsertionPointToEnd(fn.addEntryBlock());
    space.emplace(*g);
    d.emplace(*space);
  }
  /// 0, 1, 2, ... of the given dims.
  Tensor counted(llvm::ArrayRef<int64_t> dims) {
    std::vector<float> v(std::accumulate(dims.begin(), dims.end(), int64_t(1), std::multiplies<>()));
    std::iota(v.begin(), v.end(), 0.f);
    return space->make(g->constant(g->b.getF32Type(), dims, {reinterpret_cast<const char *>(v.data()), v.size() * 4}));
  }
  Operand i(int64_t v) { return Operand::integer(g->expr(v)); }
  Tensor call(llvm::StringRef op, std::vector<Operand> args) {
    auto out = d->call(op, std::move(args));
    return out.empty() ? nullptr : out[0].tensor;
  }
  std::vector<double> values(const Tensor &t) {
    auto v = t ? space->read(t) : mlir::Value();
    auto list = v ? g->doublesOf(v) : std::nullopt;
    return list ? std::vector<double>(list->begin(), list->end()) : std::vector<double>();
  }
  using List = std::vector<double>;

  WeightStore weights;
  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::optional<GraphBuilder> g;
  std::optional<TensorSpace> space;
  std::optional<Dispatcher> d;
};

TEST_F(DispatchTest, AliasesSeeWrites) {
  Tensor x = counted({6});
  Tensor part = call("aten::slice.Tensor", {x, i(0), i(1), i(4)});
  Tensor same = call("aten::view", {x, Operand(std::vector<Operand>{i(2), i(3)})});
  call("aten::fill_.Scalar", {part, Operand::number(9)});
  EXPECT_EQ(values(x), (List{0, 9, 9, 9, 4, 5}));
  EXPECT_EQ(values(same), (List{0, 9, 9, 9, 4, 5}));
  call("aten::zero_", {call("aten::select.int", {same, i(1), i(-1)})});
  EXPECT_EQ(values(x), (List{0, 9, 0, 9, 4, 0}));
  EXPECT_EQ(values(part), (List{9, 0, 9}));
}

TEST_F(DispatchTest, WritesThroughSteps) {
  Tensor x = counted({7});
  call("aten::add_.Scalar", {call("aten::slice.Tensor", {x, i(0), i(1), i(7), i(3)}), i(10)});
  EXPECT_EQ(values(x), (List{0, 11, 2, 3, 14, 5, 6}));
}

TEST_F(DispatchTest, WritesThroughTransposes) {
  Tensor x = counted({2, 3});
  Tensor row = call("aten::select.int", {call("aten::t", {x}), i(0), i(1)});
  call("aten::mul_.Scalar", {row, i(100)});
  EXPECT_EQ(values(x), (List{0, 100, 2, 3, 400, 5}));
}

TEST_F(DispatchTest, WritesThroughDiagonals) {
  Tensor x = counted({3, 3});
  call("aten::fill_.Scalar", {call("aten::diagonal", {x, i(1)}), i(-1)});
  EXPECT_EQ(values(x), (List{0, -1, 2, 3, 4, -1, 6, 7, 8}));
}

TEST_F(DispatchTest, ReshapeCopiesWhatIsNotDense) {
  Tensor x = counted({2, 3});
  Operand six(std::vector<Operand>{i(6)});
  Tensor alias = call("aten::reshape", {x, six}), copy = call("aten::reshape", {call("aten::t", {x}), six});
  call("aten::zero_", {x});
  EXPECT_EQ(values(alias), (List{0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(values(copy), (List{0, 3, 1, 4, 2, 5}));
  Tensor y = counted({2});
  EXPECT_EQ(call("aten::contiguous", {y}), y);
}

TEST_F(DispatchTest, InPlaceKeepsTheType) {
  Tensor x = call("aten::to.dtype", {counted({3}), i(int64_t(ScalarType::Long))});
  call("aten::copy_", {x, call("aten::add.Scalar", {counted({1}), Operand::number(2.75)})});
  EXPECT_EQ(values(x), (List{2, 2, 2}));
  EXPECT_TRUE(g->elem(space->read(x)).isInteger(64));
}

TEST_F(DispatchTest, ExpandedTensorsCannotBeWritten) {
  Tensor x = call("aten::expand", {counted({1, 2}), Operand(std::vector<Operand>{i(3), i(-1)})});
  EXPECT_EQ(values(x), (List{0, 1, 0, 1, 0, 1}));
  call("aten::zero_", {x});
  EXPECT_NE(g->takeError().find("expand"), std::string::npos);
}

TEST_F(DispatchTest, RollbackTakesWritesBack) {
  Tensor x = counted({2});
  size_t mark = space->mark();
  call("aten::zero_", {x});
  EXPECT_EQ(space->writtenSince(mark).size(), 1u);
  space->rollback(mark);
  EXPECT_EQ(values(x), (List{0, 1}));
  EXPECT_FALSE(x->view->storage->written);
}

TEST_F(DispatchTest, BindTellsWhatIsWrong) {
  d->call("aten::relu", {});
  EXPECT_EQ(g->takeError(), "aten::relu lacks its argument 'self'");
  d->call("aten::relu", {counted({1})}, {{"speed", i(1)}});
  EXPECT_EQ(g->takeError(), "aten::relu has no argument 'speed'");
}
} // namespace
