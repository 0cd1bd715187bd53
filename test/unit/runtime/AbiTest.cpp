// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pins the binary interface: sizes and offsets of wick.h's structs, and what
// happens with callers that know less or more than this library.
//
#include "test/unit/runtime/TestPackage.h"

#include <cstddef>

using namespace wick;
using namespace wick::test;

// A change here breaks programs that were built against an earlier wick.h: only
// ever add fields at the end, and then a line with the new size.
static_assert(sizeof(wick_error) == 784 && offsetof(wick_error, message) == 272);
static_assert(sizeof(wick_allocator) == 32 && sizeof(wick_executor) == 24);
static_assert(sizeof(wick_source) == 64 && offsetof(wick_source, offset) == 24);
static_assert(sizeof(wick_model_options) == 56 && offsetof(wick_model_options, slice) == 16);
static_assert(sizeof(wick_model_info) == 64 && sizeof(wick_value_info) == 24 && sizeof(wick_dim_info) == 40);
static_assert(sizeof(wick_session_options) == 64 && offsetof(wick_session_options, profile) == 56);
static_assert(sizeof(wick_value) == 56 && offsetof(wick_value, data) == 32);
static_assert(sizeof(wick_run_options) == 24 && sizeof(wick_stats) == 72 && sizeof(wick_profile_entry) == 56);

TEST(Abi, OlderAndNewerStructSizes) {
  auto b = makeAddScale();
  TempFile file("abi.wick");
  b.write(file.path);
  auto model = Model::open(file.path.c_str());
  ASSERT_TRUE(model) << model.error().message;
  wick_session *session = nullptr;
  wick_session_options options{};
  options.threads = 7777; // must not be read: the caller knows only the size field
  options.struct_size = 4;
  EXPECT_EQ(wick_session_create(model->get(), &options, &session, nullptr), WICK_STATUS_OK);
  wick_session_destroy(session);
  options.struct_size = 0;
  EXPECT_EQ(wick_session_create(model->get(), &options, &session, nullptr), WICK_STATUS_INVALID_ARGUMENT);
  struct {
    wick_model_info info;
    char later[8];
  } large{};
  large.info.struct_size = sizeof(large);
  EXPECT_EQ(wick_model_get_info(model->get(), &large.info), WICK_STATUS_OK);
  EXPECT_EQ(large.info.inputs, 2u);
  wick_model_info small{};
  small.struct_size = 8;
  EXPECT_EQ(wick_model_get_info(model->get(), &small), WICK_STATUS_OK);
  EXPECT_EQ(small.inputs, 2u);
  EXPECT_EQ(small.outputs, 0u);
}

TEST(Abi, StatusNamesAndTexts) {
  EXPECT_STREQ(wick_status_name(WICK_STATUS_BAD_PACKAGE), "WICK_STATUS_BAD_PACKAGE");
  EXPECT_STREQ(wick_status_name(9999), "WICK_STATUS_?");
  EXPECT_STREQ(wick_dtype_name(WICK_DTYPE_BF16), "bf16");
  EXPECT_EQ(wick_dtype_size(WICK_DTYPE_I4), 1u);
}
