// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ATen rows against what PyTorch computed (test/torch/ops/cases.txt, made by cases.py):
// operands are constants, so the builder folds each call to its result. A case whose
// result does not fold is a failure, as is one without a row.
//
#include "compiler/frontend/torch/Aten.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <cmath>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

using namespace mlir;
using namespace wick::compiler;
using namespace wick::compiler::torch;

namespace {
struct Reader {
  GraphBuilder &g;
  std::istringstream in;

  static std::optional<ScalarType> typeOf(const std::string &name) {
    static const std::pair<const char *, ScalarType> names[] = {
        {"uint8", ScalarType::Byte},       {"int8", ScalarType::Char},      {"int16", ScalarType::Short},
        {"int32", ScalarType::Int},        {"int64", ScalarType::Long},     {"float16", ScalarType::Half},
        {"float32", ScalarType::Float},    {"float64", ScalarType::Double}, {"bool", ScalarType::Bool},
        {"bfloat16", ScalarType::BFloat16}};
    for (auto &[n, t] : names)
      if (name == n)
        return t;
    return std::nullopt;
  }
  static double numberOf(const std::string &s) {
    return s == "inf" ? INFINITY : s == "-inf" ? -INFINITY : s == "nan" ? NAN : std::stod(s);
  }
  Value tensor() {
    std::string name, shape, word;
    in >> name >> shape;
    SmallVector<int64_t> dims;
    for (std::istringstream parts(shape == "-" ? "" : shape); std::getline(parts, word, 'x');)
      dims.push_back(std::stoll(word));
    int64_t n = 1;
    for (int64_t d : dims)
      n *= d;
    Type t = elementType(*typeOf(name), g.b.getContext());
    if (isa<IntegerType>(t)) {
      std::vector<int64_t> values(n);
      for (int64_t &v : values)
        in >> word, v = std::stoll(word == "True" ? "1" : word);
      ArrayRef<char> bytes(reinterpret_cast<const char *>(values.data()), values.size() * 8);
      return g.castTo(g.constant(g.b.getI64Type(), dims, bytes), t);
    }
    std::vector<double> values(n);
    for (double &v : values)
      in >> word, v = numberOf(word);
    ArrayRef<char> bytes(reinterpret_cast<const char *>(values.data()), values.size() * 8);
    return g.castTo(g.constant(g.b.getF64Type(), dims, bytes), t);
  }
  Arg next() {
    std::string kind, word;
    in >> kind;
    Arg a;
    if (kind == "T")
      return Arg::of(tensor());
    if (kind == "I") {
      int64_t v;
      in >> v;
      return Arg::of(g.expr(v));
    }
    if (kind == "B" || kind == "D") {
      in >> word;
      a.kind = kind == "B" ? Arg::Kind::Bool : Arg::Kind::Double;
      a.number = numberOf(word), a.boolean = a.number != 0;
    } else if (kind == "S") {
      a.kind = Arg::Kind::String;
      in >> std::ws;
      std::getline(in, a.string);
    } else if (kind == "[") {
      a.kind = Arg::Kind::List;
      int64_t n;
      in >> n;
      for (int64_t i = 0; i < n; ++i)
        a.list.push_back(next());
    }
    return a;
  }
};
} // namespace

/// What differs, or "".
static std::string difference(GraphBuilder &g, const Arg &got, const Arg &want) {
  if (want.isNone())
    return "";
  if (want.kind == Arg::Kind::List) {
    if (got.kind != Arg::Kind::List || got.list.size() != want.list.size())
      return "gives " + std::to_string(got.list.size()) + " results in a list";
    for (size_t i = 0; i < want.list.size(); ++i)
      if (auto why = difference(g, got.list[i], want.list[i]); !why.empty())
        return why;
    return "";
  }
  if (want.kind == Arg::Kind::Bool) {
    auto v = g.intOf(got.tensor);
    return v && *v == want.boolean ? "" : "another truth value";
  }
  if (!got.isTensor() || !got.tensor)
    return "gives no tensor";
  std::string text;
  llvm::raw_string_ostream os(text);
  if (got.tensor.getType() != want.tensor.getType()) {
    os << "gives " << got.tensor.getType() << ", expected " << want.tensor.getType();
    return text;
  }
  auto x = g.doublesOf(got.tensor), y = g.doublesOf(want.tensor);
  if (!x || !y)
    return "does not fold";
  Type t = g.elem(got.tensor);
  double eps = isa<IntegerType>(t) ? 0 : t.isF16() ? 2e-3 : t.isBF16() ? 1.6e-2 : 1e-5;
  for (size_t i = 0; i < x->size(); ++i) {
    double a = (*x)[i], b = (*y)[i];
    bool same = a == b || (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= eps * (1 + std::abs(b));
    if (!same) {
      os << "element " << i << " is " << a << ", expected " << b;
      return text;
    }
  }
  return "";
}

TEST(Aten, GivesWhatTorchGives) {
  MLIRContext context;
  std::ifstream file(WICK_ATEN_CASES);
  ASSERT_TRUE(file.good());
  std::vector<std::pair<int, std::vector<std::string>>> cases;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.rfind("op ", 0) == 0)
      cases.push_back({number, {}});
    if (!cases.empty() && line[0] != '#')
      cases.back().second.push_back(line);
  }
  ASSERT_GT(cases.size(), 500u);
  for (auto &[number, lines] : cases) {
    OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
    WeightStore weights;
    GraphBuilder g(*module, weights);
    auto func = func::FuncOp::create(g.b, g.loc, "main", g.b.getFunctionType({}, {}));
    module->push_back(func);
    g.b.setInsertionPointToStart(func.addEntryBlock());
    auto [name, overload] = StringRef(lines[0]).drop_front(3).split('.');
    SCOPED_TRACE("cases.txt:" + std::to_string(number) + " " + lines[0]);
    AtenFn row = findAten(name);
    if (!row) {
      ADD_FAILURE() << "has no row";
      continue;
    }
    AtenCall call{g, name, overload, {}, {}};
    std::vector<Arg> want;
    for (size_t i = 1; i < lines.size(); ++i) {
      bool isOut = StringRef(lines[i]).starts_with("out ");
      Reader r{g, std::istringstream(isOut ? lines[i].substr(4) : lines[i])};
      (isOut ? want : call.args).push_back(r.next());
    }
    row(call);
    if (g.hasError()) {
      ADD_FAILURE() << g.takeError();
      continue;
    }
    if (call.results.size() == 1 && call.results[0].kind == Arg::Kind::List && want.size() != 1) {
      std::vector<Arg> list = call.results[0].list; // split and the like return a list
      call.results = std::move(list);
    } else if (call.results.size() == 1 && call.results[0].kind == Arg::Kind::List && want[0].isTensor()) {
      std::vector<Arg> list = call.results[0].list;
      call.results = std::move(list);
    }
    if (call.results.size() < want.size()) {
      ADD_FAILURE() << "gives " << call.results.size() << " results, expected " << want.size();
      continue;
    }
    for (size_t i = 0; i < want.size(); ++i)
      EXPECT_EQ(difference(g, call.results[i], want[i]), "") << "result " << i;
  }
}
