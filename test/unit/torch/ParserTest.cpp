// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// TorchScript source: every form that torch writes, what is malformed, limits; and
// the choice of overloads.
//
#include "compiler/frontend/torchscript/Parser.h"
#include "compiler/frontend/torchscript/Program.h"
#include "compiler/frontend/torchscript/Resolve.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace wick::compiler::torchscript;
namespace torch = wick::compiler::torch;

static std::unique_ptr<SourceFile> parsed(const std::string &text) {
  SyntaxError error;
  auto file = parseFile("code/t.py", text, 500, error, /*keywordNames=*/true);
  EXPECT_TRUE(file) << error.line << ": " << error.message;
  return file;
}

static SyntaxError refused(const std::string &text) {
  SyntaxError error;
  EXPECT_FALSE(parseFile("code/t.py", text, 500, error)) << text;
  return error;
}

static const Expr *valueOf(SourceFile &file, size_t stmt = 0) { return file.functions[0]->body[stmt]->values[0]; }

TEST(Parser, ReadsClasses) {
  auto file = parsed("class Net(Module):\n"
                     "  __parameters__ = [\"w\", ]\n"
                     "  w : Tensor\n"
                     "  class : int\n"
                     "  __annotations__[\"0\"] = __torch__.a.B\n"
                     "  K : Final[int] = 7\n"
                     "  def forward(self: __torch__.Net,\n"
                     "    x: Tensor, k: int=3) -> Tuple[Tensor, int]:\n"
                     "    return (x, k)\n"
                     "class Mode(Enum):\n"
                     "  A = 1\n"
                     "def f(x: Tensor) -> NoneType:\n"
                     "  pass\n");
  ASSERT_EQ(file->classes.size(), 2u);
  const ClassDef &net = *file->classes[0];
  EXPECT_EQ(net.base, ClassDef::Base::Module);
  ASSERT_EQ(net.members.size(), 4u); // lists of names are left out
  EXPECT_EQ(net.members[1].name, "class");
  EXPECT_EQ(net.members[2].name, "0");
  EXPECT_EQ(net.members[3].value->integer, 7);
  ASSERT_EQ(net.methods[0]->parameters.size(), 3u);
  EXPECT_EQ(net.methods[0]->parameters[2].defaultValue->integer, 3);
  EXPECT_EQ(file->classes[1]->members[0].name, "A");
  EXPECT_EQ(file->functions[0]->name, "f");
}

TEST(Parser, ReadsLiterals) {
  auto file = parsed("def f() -> NoneType:\n"
                     "  a = [1, -2, 1., -0., 1.0000000000000001e-05, 1e+17, -inf, True, None]\n"
                     "  b = \"q\\\"\\n\\001\\\\\" \"more\"\n"
                     "  c = 3.+4.j\n"
                     "  d = {\"x\": 1, \"y\": (1, ), }\n"
                     "  e = ()\n");
  const Expr *list = valueOf(*file);
  ASSERT_EQ(list->items.size(), 9u);
  EXPECT_EQ(list->items[1]->integer, -2);
  EXPECT_TRUE(std::signbit(list->items[3]->number));
  EXPECT_EQ(list->items[4]->number, 1e-05);
  EXPECT_TRUE(list->items[5]->is(Expr::Kind::Float));
  EXPECT_TRUE(std::isinf(list->items[6]->number));
  EXPECT_EQ(valueOf(*file, 1)->text, "q\"\n\001\\more");
  EXPECT_EQ(valueOf(*file, 2)->imaginary, 4);
  EXPECT_EQ(valueOf(*file, 3)->values[1]->items.size(), 1u);
  EXPECT_TRUE(valueOf(*file, 4)->is(Expr::Kind::Tuple));
}

TEST(Parser, ReadsStatements) {
  auto file = parsed("def f(x: Tensor) -> Tensor:\n"
                     "  a, b, = g(x, )\n"
                     "  c, d = 1, 2\n"
                     "  e : Optional[int] = None\n"
                     "  self.seq.class = (x).y(1, dtype=6)\n"
                     "  if (x)[0]:\n"
                     "    pass\n"
                     "  else:\n"
                     "    while v:\n"
                     "      v = (t)[1:]\n"
                     "  for i in range(torch.len(a)):\n"
                     "    torch.append(a, i)\n"
                     "  with c as d:\n"
                     "    def h():\n"
                     "      return 1\n"
                     "  return x\n");
  const auto &body = file->functions[0]->body;
  ASSERT_EQ(body.size(), 8u);
  EXPECT_TRUE(body[0]->unpack);
  EXPECT_FALSE(body[1]->unpack);
  EXPECT_NE(body[2]->type, nullptr);
  EXPECT_TRUE(body[3]->targets[0]->is(Expr::Kind::Select));
  EXPECT_EQ(body[3]->values[0]->keywords[0].first, "dtype");
  EXPECT_TRUE(body[4]->orElse[0]->body[0]->values[0]->is(Expr::Kind::Slice));
  EXPECT_EQ(body[6]->name, "d");
}

TEST(Parser, NamesWhatIsWrong) {
  EXPECT_EQ(refused("def f(:\n").line, 1u);
  EXPECT_NE(refused("def f() -> int:\n  x = (1\n").message.find("bracket"), std::string::npos);
  EXPECT_NE(refused("def f() -> int:\n  x = \"a\n").message.find("string"), std::string::npos);
  EXPECT_NE(refused("def f() -> int:\n    x = 1\n  y = 2\n").message.find("indentation"), std::string::npos);
  EXPECT_NE(refused("def f() -> int:\n  x + 1\n").message.find("expected"), std::string::npos);
  EXPECT_NE(refused("def f() -> int:\n  1 = x\n").message.find("assign"), std::string::npos);
  EXPECT_NE(refused("x = 1\n").message.find("'class' or 'def'"), std::string::npos);
  EXPECT_FALSE(refused("def f() -> int:\n\tx = 1\n").message.empty());
}

TEST(Parser, RefusesAttributesNamedByKeywords) {
  SyntaxError use = refused("def f() -> int:\n  a = s.seq\n  b = a.class\n");
  EXPECT_EQ(use.line, 3u);
  EXPECT_NE(use.message.find("attribute 'class'"), std::string::npos);
  EXPECT_NE(use.hint.find("--accept-keyword-names"), std::string::npos);
  EXPECT_EQ(refused("class C(Module):\n  training : bool\n  in : Tensor\n").line, 3u);
  SyntaxError error;
  EXPECT_TRUE(parseFile("code/t.py", "def f() -> int:\n  b = a.lambda\n  c = a.async\n", 500, error)); // torch reads
}

TEST(Parser, LimitsNesting) {
  std::string deep = "def f() -> int:\n  x = " + std::string(5000, '(') + "1" + std::string(5000, ')') + "\n";
  EXPECT_NE(refused(deep).message.find("500"), std::string::npos);
  std::string chain = "def f() -> int:\n  x = a";
  for (int i = 0; i < 5000; ++i)
    chain += ".b";
  EXPECT_FALSE(refused(chain + "\n").message.empty());
}

TEST(Program, LoadsByQualifiedName) {
  Program program(
      [](const std::string &path) -> std::optional<std::string> {
        if (path == "code/__torch__/a/b.py")
          return "class C(Module):\n  next : Optional[__torch__.a.b.C]\n  t : Dict[str, List[Tensor]]\n"
                 "class P(NamedTuple):\n  x : Tensor\n  n : int\ndef f(x: int) -> int:\n  return x\n";
        return std::nullopt;
      },
      500);
  EXPECT_NE(program.findFunction("__torch__.a.b.f"), nullptr);
  EXPECT_EQ(program.findFunction("__torch__.a.c.f"), nullptr);
  const ClassInfo *info = program.findClass("__torch__.a.b.C");
  ASSERT_NE(info, nullptr);
  EXPECT_EQ(toString(*info->attributes.at("t")), "Dict[str, List[Tensor]]");
  EXPECT_EQ(program.findClass("__torch__.a.b.P")->type->args.size(), 2u);
  EXPECT_EQ(program.typeOf("List[nonsense["), nullptr);
  EXPECT_TRUE(program.error);
}

static std::string chosen(const char *name, std::vector<const char *> types) {
  static Program program([](const std::string &) { return std::nullopt; }, 500);
  CallTypes call;
  for (const char *t : types)
    call.args.push_back(program.typeOf(std::string(t)));
  auto r = resolve(name, call);
  return r.schema ? r.schema->overload : "none";
}

TEST(Resolve, ChoosesAsTorchDoes) {
  EXPECT_EQ(chosen("aten::add", {"Tensor", "Tensor"}), "Tensor");
  EXPECT_EQ(chosen("aten::add", {"Tensor", "float"}), "Scalar");
  EXPECT_EQ(chosen("aten::add", {"int", "int"}), "int");
  EXPECT_EQ(chosen("aten::add", {"List[int]", "List[int]"}), "t");
  EXPECT_EQ(chosen("aten::add", {"float", "Tensor"}), "reversed");
  EXPECT_EQ(chosen("aten::pow", {"int", "int"}), "int");
  EXPECT_EQ(chosen("aten::eq", {"str", "str"}), "str");
  EXPECT_EQ(chosen("aten::to", {"Tensor", "int"}), "dtype");
  EXPECT_EQ(chosen("aten::view", {"Tensor", "int"}), ""); // sizes given one by one
  EXPECT_EQ(chosen("aten::zeros", {"int", "int"}), "");
  EXPECT_EQ(chosen("aten::max_pool2d", {"Tensor", "int"}), "");
  EXPECT_EQ(chosen("aten::relu", {"str"}), "none");
}
