// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any text as the source of a TorchScript archive: parsed, and `forward` of its class
// M evaluated on a module with a few tensors and numbers. A line `#! x=2x3:i64` of the
// text is a --shape; other tensor arguments are of 2x3. Mutations put in calls of any op
// with arguments of the types that its schema asks for.
//
#include "compiler/frontend/torch/Schema.h"
#include "compiler/frontend/torch/archive/TorchArchive.h"
#include "compiler/frontend/torchscript/Importer.h"
#include "compiler/frontend/torchscript/Parser.h"
#include "mlir/IR/MLIRContext.h"
#include "test/fuzz/Report.h"
#include "test/fuzz/TokenMutator.h"
#include "test/fuzz/ZipWriter.h"

#include <cstring>
#include <random>

using namespace llvm;
using namespace wick::compiler;

//===-- The module's data --------------------------------------------------===//

static std::string text(StringRef s) { return "X" + std::string{char(s.size()), 0, 0, 0} + s.str(); }
static std::string byte(int v) { return std::string{'K', char(v)}; }

/// A tensor of storage `key`.
static std::string tensor(StringRef storage, StringRef key, int count, std::vector<int> sizes) {
  std::string dims = "(", strides = "(";
  int stride = 1;
  for (size_t i = sizes.size(); i-- > 0; stride *= sizes[i])
    strides = "(" + byte(stride) + strides.substr(1);
  for (int s : sizes)
    dims += byte(s);
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\n" + storage.str() + "\n" + text(key) +
         text("cpu") + byte(count) + "tQ" + byte(0) + dims + "t" + strides + "t\x89" +
         "ccollections\nOrderedDict\n)RtR";
}

static const std::string &moduleData() {
  static const std::string data = [] {
    std::string d = "\x80\x02"
                    "c__torch__\nM\n)\x81}(";
    d += text("training") + "\x89" + text("n") + byte(3) + text("name") + text("m");
    d += text("w") + tensor("FloatStorage", "0", 6, {2, 3}) + text("b") + tensor("FloatStorage", "1", 3, {3});
    d += text("ids") + tensor("LongStorage", "2", 4, {4});
    d += text("k") + tensor("FloatStorage", "3", 72, {2, 4, 3, 3}) + text("items") + "](" + byte(1) + byte(2) + "e";
    return d + "ub.";
  }();
  return data;
}

//===-- The target -----------------------------------------------------------===//

/// Types and attributes stay in the context: now and then a new one.
static mlir::MLIRContext &context() {
  static std::unique_ptr<mlir::MLIRContext> now;
  static unsigned uses = 0;
  if (!now || ++uses % 500 == 0) {
    now = std::make_unique<mlir::MLIRContext>(mlir::MLIRContext::Threading::DISABLED);
    now->getDiagEngine().registerHandler([](mlir::Diagnostic &) { return mlir::success(); });
  }
  return *now;
}

static void addShapes(const std::string &source, TorchScriptOptions &options) {
  for (StringRef rest(source); !rest.empty();) {
    StringRef line;
    std::tie(line, rest) = rest.split('\n');
    if (!line.consume_front("#! "))
      continue;
    auto [name, shape] = line.split('=');
    options.common.shapes.push_back({name.str(), shape.str()});
  }
  torchscript::SyntaxError error;
  auto file = torchscript::parseFile("code/__torch__.py", source, options.maxNesting, error);
  for (const torchscript::ClassDef *c : file ? file->classes : std::vector<const torchscript::ClassDef *>())
    for (const torchscript::Function *f : c->name == "M" ? c->methods : std::vector<const torchscript::Function *>())
      for (const torchscript::Parameter &p : f->parameters)
        if (p.type && p.type->text == "Tensor" && f->name == "forward" &&
            none_of(options.common.shapes, [&](auto &s) { return s.first == p.name; }))
          options.common.shapes.push_back({p.name, "2x3"});
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string source(reinterpret_cast<const char *>(data), size);
  std::string zip = writeZip({{"m/data.pkl", moduleData()},
                              {"m/code/__torch__.py", source},
                              {"m/constants.pkl", "\x80\x02(" + tensor("FloatStorage", "4", 1, {}) +
                                                      tensor("LongStorage", "5", 2, {2}) + "t."},
                              {"m/data/0", std::string(24, '\1')},
                              {"m/data/1", std::string(12, '\1')},
                              {"m/data/2", std::string(32, '\0')},
                              {"m/data/3", std::string(288, '\1')},
                              {"m/constants/4", std::string(4, '\1')},
                              {"m/constants/5", std::string(16, '\0')},
                              {"m/version", "3\n"},
                              {"m/byteorder", "little"}});
  auto archive = torch::TorchArchive::read(torch::copyBytes(zip), "m.pt");
  if (!archive) {
    errs() << toString(archive.takeError());
    std::abort(); // the frame around the source is sound
  }
  TorchScriptOptions options;
  options.maxUnroll = 64, options.maxSteps = 20'000, options.maxOps = 2'000;
  options.maxElements = 20'000, options.maxNesting = 150;
  addShapes(source, options);
  WeightStore weights;
  ImportResult result =
      importTorchScript(&context(), std::make_shared<const torch::TorchArchive>(std::move(*archive)), weights, options);
  judge(result);
  return 0;
}

//===-- Calls by schema ------------------------------------------------------===//

/// Seeded for each mutation by libFuzzer.
static std::minstd_rand randomNumbers;
static unsigned below(unsigned n) { return n ? unsigned(randomNumbers() % n) : 0; }

/// Source of any value of a type; wrong sizes are as welcome as right ones.
static std::string valueOf(const torch::Type &type, unsigned depth) {
  using Kind = torch::Type::Kind;
  static const char *const tensors[] = {"x",
                                        "self.w",
                                        "self.b",
                                        "self.ids",
                                        "self.k",
                                        "torch.ones([1, 2, 5, 6])",
                                        "torch.ones([2, 3, 4])",
                                        "torch.ones([3, 4])",
                                        "torch.ones([4])",
                                        "torch.tensor(2)",
                                        "torch.ones([8, 3])",
                                        "torch.zeros([4, 2, 5])",
                                        "torch.zeros([2, 3, 4, 5, 6])",
                                        "torch.zeros([2, 2], dtype=4)",
                                        "torch.zeros([2, 3], dtype=11)",
                                        "torch.view_as_complex(torch.ones([1, 3, 2]))",
                                        "torch.zeros([0])",
                                        "torch.zeros([3], dtype=0)",
                                        "torch.tensor([0, 1, 2])",
                                        "torch.ones([1, 3, 3, 2])",
                                        "torch.ones([2, 5])",
                                        "torch.quantize_per_tensor(x, 0.5, 3, 13)"};
  static const char *const ints[] = {"0",
                                     "1",
                                     "2",
                                     "3",
                                     "4",
                                     "-1",
                                     "-2",
                                     "5",
                                     "7",
                                     "2147483647",
                                     "-2147483648",
                                     "9223372036854775807",
                                     "-9223372036854775808",
                                     "4611686018427387904",
                                     "65536",
                                     "torch.size(x, 0)"};
  static const char *const floats[] = {"0.", "1.", "0.5", "-1.5", "2.", "1e-05", "1e30", "inf", "nan", "-0.25"};
  static const char *const words[] = {"\"constant\"",  "\"reflect\"", "\"mean\"", "\"same\"",   "\"sum\"",  "\"floor\"",
                                      "\"ij,jk->ik\"", "\"...i,i\"",  "\"\"",     "\"linear\"", "\"ortho\""};
  // Small numbers mostly: an odd one in each call would leave few calls that get far.
  auto any = [&](auto &list, unsigned usual) { return list[below(5) ? below(usual) : below(std::size(list))]; };
  switch (type.kind) {
  case Kind::Int:
    return any(ints, 5);
  case Kind::Float:
    return any(floats, 5);
  case Kind::Number:
    return below(2) ? any(ints, 5) : any(floats, 5);
  case Kind::Bool:
    return below(2) ? "True" : "False";
  case Kind::Str:
    return any(words, unsigned(std::size(words)));
  case Kind::Tensor:
    return any(tensors, unsigned(std::size(tensors)));
  case Kind::Optional:
    return below(2) || type.args.empty() ? "None" : valueOf(*type.args[0], depth);
  case Kind::List: {
    std::string list = "[";
    for (unsigned i = 0, n = below(5); i < n && depth < 3 && !type.args.empty(); ++i)
      list += (i ? ", " : "") + valueOf(*type.args[0], depth + 1);
    return list + "]";
  }
  default:
    return "None";
  }
}

/// A statement that calls an op of the table.
static std::string callOf() {
  static const std::vector<StringRef> names = torch::schemaNames();
  StringRef name = names[below(unsigned(names.size()))];
  ArrayRef<torch::Schema> overloads = torch::findSchemas(name);
  const torch::Schema &schema = overloads[below(unsigned(overloads.size()))];
  auto [space, op] = name.split("::");
  std::string call = space == "aten" ? "torch." + op.str() : "ops." + space.str() + "." + op.str(), args;
  for (const torch::SchemaArg &a : schema.args) {
    if (a.isWritten() && a.keywordOnly) // out=
      continue;
    if (a.defaultValue && below(3) == 0)
      continue;
    bool isNamed = a.keywordOnly || a.defaultValue;
    args += (args.empty() ? "" : ", ") + (isNamed ? a.name + "=" : "") + valueOf(*a.type, 0);
  }
  return "\n    _c" + std::to_string(below(100)) + " = " + call + "(" + args + ")";
}

/// Puts a call behind a line of a body.
static size_t insertCall(uint8_t *data, size_t size, size_t max, unsigned seed) {
  randomNumbers.seed(seed);
  StringRef text(reinterpret_cast<const char *>(data), size);
  SmallVector<size_t> ends; // of statements with the depth of a function's body
  for (size_t at = text.find("\n    "); at != StringRef::npos; at = text.find("\n    ", at + 1))
    if (size_t end = text.find('\n', at + 1); end != StringRef::npos && text[at + 5] != ' ')
      if (StringRef line = text.slice(at, end); line.contains(" = ") && !line.ends_with(":"))
        ends.push_back(end);
  if (ends.empty())
    return 0;
  size_t at = ends[below(unsigned(ends.size()))];
  std::string out = text.take_front(at).str() + callOf() + text.drop_front(at).str();
  if (out.size() > max)
    return 0;
  std::memcpy(data, out.data(), out.size());
  return out.size();
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
  static const std::vector<std::string> ops = [] {
    std::vector<std::string> names;
    for (StringRef name : torch::schemaNames())
      if (name.consume_front("aten::"))
        names.push_back(name.str());
    return names;
  }();
  if (seed % 4 == 0)
    if (size_t n = insertCall(data, size, max, seed))
      return n;
  return mutateTokens(data, size, max, seed, ops, '\n');
}
