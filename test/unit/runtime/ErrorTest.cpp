// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What callers, models and data can get wrong: the status, and a message that
// names the input, the dim or the source node.
//
#include "test/unit/runtime/TestPackage.h"

#include <cstring>
#include <ctime>

using namespace wick;
using namespace wick::test;
using format::Op;

namespace {
class ErrorTest : public testing::Test {
protected:
  void load(ProgramBuilder b, wick_session_options options = {}) {
    options.struct_size = sizeof(options);
    b.write(file.path);
    auto opened = Model::open(file.path.c_str());
    ASSERT_TRUE(opened) << opened.error().message;
    model.emplace(*opened);
    auto created = Session::create(*model, options);
    ASSERT_TRUE(created) << created.error().message;
    session.emplace(std::move(*created));
  }
  wick_status run(std::vector<Tensor> in, const wick_run_options *options = nullptr, std::vector<Tensor> out = {}) {
    auto done = session->run(in, out, options);
    error = done.error();
    return error.status;
  }
  std::vector<Tensor> good() { return {Tensor::of(std::span(a), {4}), Tensor::of(std::span(b), {4})}; }
  bool says(const char *text) { return std::strstr(error.message, text); }

  TempFile file{"error.wick"};
  std::optional<Model> model;
  std::optional<Session> session;
  Error error;
  float a[4] = {1, 2, 3, 4}, b[4] = {};
};
} // namespace

TEST_F(ErrorTest, Names) {
  load(makeAddScale());
  auto input = model->input("nope");
  EXPECT_EQ(input.error().status, WICK_STATUS_UNKNOWN_NAME);
  EXPECT_STREQ(input.error().message, "the model has no input 'nope'; it has: 'x', 'y'");
  EXPECT_EQ(*model->input("y"), 1u);
  wick_session_options options{};
  options.struct_size = sizeof(options);
  options.entry = "decode";
  EXPECT_EQ(Session::create(*model, options).error().status, WICK_STATUS_UNKNOWN_NAME);
  EXPECT_EQ(Model::open("/no/such/file").error().status, WICK_STATUS_IO_ERROR);
}

TEST_F(ErrorTest, ShapesAndTypes) {
  load(makeAddScale());
  auto in = good();
  in[1] = Tensor::of(std::span(b), {2, 2});
  EXPECT_EQ(run(in), WICK_STATUS_SHAPE_MISMATCH);
  EXPECT_TRUE(says("input 'y' has rank 2, the model wants rank 1"));
  in[1] = Tensor::of(std::span(b), {3});
  EXPECT_EQ(run(in), WICK_STATUS_SHAPE_MISMATCH);
  EXPECT_TRUE(says("input 'y': dim 0 ('n') is 3, but input 'x' made it 4")) << error.message;
  in[0].dims = in[1].dims = {0};
  EXPECT_EQ(run(in), WICK_STATUS_SHAPE_MISMATCH);
  EXPECT_TRUE(says("outside [1, 1048576]")) << error.message;
  in = good();
  in[0].dtype = WICK_DTYPE_I32;
  EXPECT_EQ(run(in), WICK_STATUS_DTYPE_MISMATCH);
  EXPECT_TRUE(says("input 'x' has type i32, the model wants f32"));
  in = good();
  in[0].dims = in[1].dims = {1000};
  EXPECT_EQ(run(in), WICK_STATUS_INVALID_ARGUMENT);
  EXPECT_TRUE(says("16 bytes of data, its shape needs 4000")) << error.message;
  in = good();
  in.pop_back();
  EXPECT_EQ(run(in), WICK_STATUS_INVALID_ARGUMENT);
  EXPECT_TRUE(says("1 inputs were given, the model has 2"));
  EXPECT_EQ(run(good(), nullptr, {Tensor::of(std::span(a), {})}), WICK_STATUS_INVALID_ARGUMENT);
  EXPECT_TRUE(says("output 'z' overlaps input 'x'"));
  EXPECT_EQ(run(good()), WICK_STATUS_OK) << "the session stays usable";
}

TEST_F(ErrorTest, ArenaTooSmall) {
  alignas(64) static char memory[256];
  wick_session_options options{};
  options.arena = memory;
  options.arena_bytes = 100;
  load(makeAddScale(), options);
  EXPECT_EQ(run(good()), WICK_STATUS_ARENA_TOO_SMALL);
  EXPECT_EQ(error.needed_bytes, 128u);
  options.arena_bytes = 128;
  load(makeAddScale(), options);
  EXPECT_EQ(run(good()), WICK_STATUS_OK);
  options = {};
  options.max_arena_bytes = 64;
  load(makeAddScale(), options);
  EXPECT_EQ(run(good()), WICK_STATUS_ARENA_TOO_SMALL);
  EXPECT_TRUE(says("the limit is 64"));
}

TEST_F(ErrorTest, DeadlineAndCancel) {
  load(makeAddScale());
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  wick_run_options options{};
  options.struct_size = sizeof(options);
  options.deadline_ns = uint64_t(now.tv_sec) * 1000000000 + uint64_t(now.tv_nsec);
  EXPECT_EQ(run(good(), &options), WICK_STATUS_DEADLINE_EXCEEDED);
  EXPECT_STREQ(error.node, "Add_1");
  options.deadline_ns += 3600000000000;
  EXPECT_EQ(run(good(), &options), WICK_STATUS_OK);
  uint32_t cancel = 1;
  options.cancel = &cancel;
  EXPECT_EQ(run(good(), &options), WICK_STATUS_CANCELLED);
  cancel = 0;
  EXPECT_EQ(run(good(), &options), WICK_STATUS_OK);
}

TEST_F(ErrorTest, EndlessLoopMeetsItsDeadline) {
  ProgramBuilder p;
  p.plan();
  p.endPrologue();
  p.emit({Op::Jump, 0, p.here()});
  load(std::move(p));
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  wick_run_options options{};
  options.struct_size = sizeof(options);
  options.deadline_ns = uint64_t(now.tv_sec) * 1000000000 + uint64_t(now.tv_nsec) + 20000000;
  EXPECT_EQ(run({}, &options), WICK_STATUS_DEADLINE_EXCEEDED);
}

TEST_F(ErrorTest, KernelAndScheduleErrorsNameTheNode) {
  ProgramBuilder p;
  auto zero = p.constant(0), four = p.constant(4), huge = p.constant(INT64_MAX), one = p.constant(1);
  p.program.strings.push_back("the batch must not be 4");
  uint32_t x = p.input("x", {p.dim(4)}), which = p.input("which", {}, WICK_DTYPE_I32);
  uint32_t node = p.node("Gather_7");
  p.plan();
  p.endPrologue();
  auto w = p.reg(), is = p.reg(), two = p.constant(2), three = p.constant(3);
  p.emit({Op::LoadInt, 0, w, which, zero});
  auto when = [&](format::Reg value, std::initializer_list<format::Instr> body) {
    p.emit({Op::Eq, 0, is, w, value});
    p.emit({Op::JumpIfZero, 0, p.here() + 1 + uint32_t(body.size()), is});
    for (const format::Instr &i : body)
      p.emit(i);
  };
  when(one, {{Op::Add, 0, is, huge, huge, 0, node}});
  when(two, {{Op::FloorDiv, 0, is, four, zero, 0, node}});
  when(three, {{Op::Assert, 0, zero, 0, 0, 0, node}});
  when(four, {{Op::LoadInt, 0, is, which, four, 0, node}});
  p.call("fail", {x}, {w}, four, 0, node);
  p.end();
  load(std::move(p));
  struct {
    int32_t which;
    wick_status status;
    const char *message;
  } cases[] = {
      {0, WICK_STATUS_INDEX_OUT_OF_RANGE, "node 'Gather_7': an index in operand 1 is out of range"},
      {1, WICK_STATUS_SIZE_OVERFLOW, "node 'Gather_7': a size overflows 64 bits"},
      {2, WICK_STATUS_DIVIDE_BY_ZERO, "node 'Gather_7': a size is divided by zero"},
      {3, WICK_STATUS_CHECK_FAILED, "node 'Gather_7': the batch must not be 4"},
      {4, WICK_STATUS_INDEX_OUT_OF_RANGE, "node 'Gather_7': a value that a size depends on is missing"},
      {-1, WICK_STATUS_OK, ""},
  };
  for (auto &c : cases) {
    EXPECT_EQ(run({Tensor::of(std::span(a), {4}), Tensor::of(std::span(&c.which, 1), {})}), c.status);
    EXPECT_STREQ(error.message, c.message);
    EXPECT_STREQ(error.node, c.status ? "Gather_7" : "");
  }
}
