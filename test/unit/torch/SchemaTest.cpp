// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Schema lines: every form of the notation, malformed ones, and the table.
//
#include "compiler/frontend/torch/Schema.h"

#include <fstream>
#include <gtest/gtest.h>

using namespace wick::compiler::torch;
using Kind = Type::Kind;

static Schema parsed(const char *line) {
  std::string error;
  auto s = parseSchema(line, error);
  EXPECT_TRUE(s) << line << ": " << error;
  return s ? *s : Schema();
}

TEST(Schema, ReadsArguments) {
  Schema s = parsed("aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor");
  EXPECT_EQ(s.name, "aten::add");
  EXPECT_EQ(s.overload, "Tensor");
  ASSERT_EQ(s.args.size(), 3u);
  EXPECT_FALSE(s.args[1].keywordOnly);
  EXPECT_TRUE(s.args[2].keywordOnly);
  EXPECT_TRUE(s.args[2].type->is(Kind::Number));
  EXPECT_EQ(s.args[2].defaultValue->integer, 1);
  EXPECT_EQ(s.find("alpha"), 2);
  EXPECT_FALSE(s.writes());
}

TEST(Schema, ReadsListsAliasesAndDefaults) {
  Schema s = parsed("aten::pool_(Tensor(a!) self, int[2] kernel, SymInt[2]? stride=[1, -1], Tensor?[] xs=[], "
                    "str mode=\"a,b)\", float eps=1e-05, int reduction=Mean, bool b=False) -> (Tensor(a!) x, Tensor)");
  ASSERT_EQ(s.args.size(), 8u);
  EXPECT_TRUE(s.args[0].isWritten());
  EXPECT_EQ(s.args[1].fixedSize, 2);
  EXPECT_TRUE(s.args[2].type->is(Kind::Optional));
  EXPECT_EQ(s.args[2].defaultValue->list[1].integer, -1);
  EXPECT_EQ(toString(*s.args[3].type), "List[Optional[Tensor]]");
  EXPECT_EQ(s.args[4].defaultValue->string, "a,b)");
  EXPECT_EQ(s.args[5].defaultValue->number, 1e-05);
  EXPECT_EQ(s.args[6].defaultValue->integer, 1);
  EXPECT_EQ(s.results[0].name, "x");
  EXPECT_FALSE(s.returnsAlias());
}

TEST(Schema, ReadsContainersAndVariables) {
  Schema s = parsed("aten::_set_item.str(Dict(str, t)(a!) l, str(b -> *) idx, t(c -> *) v) -> ()");
  EXPECT_TRUE(s.args[0].type->is(Kind::Dict));
  EXPECT_TRUE(s.args[2].type->is(Kind::Var));
  EXPECT_TRUE(s.results.empty());
  s = parsed("aten::items.str(Dict(str, t) self) -> ((str, t)[])");
  EXPECT_EQ(toString(*s.results[0].type), "List[Tuple[str, t]]");
  s = parsed("aten::format(str self, ...) -> str");
  EXPECT_TRUE(s.varArgs);
  s = parsed("quantized::linear(Tensor X, __torch__.torch.classes.quantized.LinearPackedParamsBase W) -> Tensor Y");
  EXPECT_EQ(s.args[1].type->name, "__torch__.torch.classes.quantized.LinearPackedParamsBase");
  EXPECT_TRUE(parsed("aten::t(Tensor(a) self) -> Tensor(a)").returnsAlias());
}

TEST(Schema, RefusesMalformedLines) {
  for (const char *line : {"", "aten::x", "aten::x(", "aten::x(Tensor", "aten::x() ->", "aten::x() -> Tensor junk more",
                           "aten::x(int a=) -> Tensor", "aten::x(Tensor[ a) -> ()", "aten::x(Dict(str) d) -> ()",
                           "aten::x(str s=\"open) -> ()"}) {
    std::string error;
    EXPECT_FALSE(parseSchema(line, error)) << line;
    EXPECT_FALSE(error.empty()) << line;
  }
  std::string deep = "aten::x(" + std::string(1000, '('), error;
  EXPECT_FALSE(parseSchema(deep, error));
}

TEST(Schema, TableIsCompleteAndOrdered) {
  EXPECT_GT(schemaNames().size(), 1000u);
  // A line that does not parse would be missing here.
  size_t count = 0;
  for (llvm::StringRef name : schemaNames())
    count += findSchemas(name).size();
  EXPECT_EQ(count, schemaTableSize());
  auto adds = findSchemas("aten::add");
  ASSERT_FALSE(adds.empty());
  EXPECT_EQ(adds.front().overload, "Tensor");
  EXPECT_EQ(adds.back().overload, ""); // (Scalar, Scalar) catches all
  EXPECT_NE(findSchema("aten::relu", "default"), nullptr);
  EXPECT_EQ(findSchema("aten::relu", "nothing"), nullptr);
  EXPECT_TRUE(findSchemas("aten::nothing").empty());
}

// A row whose op has no line in the table could not be called by any program.
TEST(Schema, TableHasAllOpsOfTheCases) {
  std::ifstream file(WICK_ATEN_CASES);
  std::string line;
  size_t count = 0;
  while (std::getline(file, line)) {
    llvm::StringRef op = line;
    if (!op.consume_front("op "))
      continue;
    auto [name, overload] = op.split('.');
    EXPECT_NE(findSchema(name, overload), nullptr) << line;
    ++count;
  }
  EXPECT_GT(count, 500u);
}

TEST(Type, Relations) {
  auto type = [](const char *name) { return scalarType(name); };
  auto listOf = [](TypeRef t) { return makeType(Kind::List, {std::move(t)}); };
  EXPECT_TRUE(isSubtype(type("int"), type("Scalar")));
  EXPECT_FALSE(isSubtype(type("bool"), type("Scalar")));
  EXPECT_TRUE(isSubtype(type("NoneType"), makeOptional(type("Tensor"))));
  EXPECT_FALSE(isSubtype(listOf(type("int")), listOf(type("Scalar"))));
  EXPECT_EQ(toString(*unify(type("int"), type("NoneType"))), "Optional[int]");
  EXPECT_EQ(unify(type("int"), type("str")), nullptr);
  TypeEnv env;
  TypeRef t = makeType(Kind::Var, {}, "t");
  EXPECT_TRUE(bindVariables(listOf(t), listOf(type("int")), env));
  EXPECT_FALSE(bindVariables(t, type("str"), env));
}
