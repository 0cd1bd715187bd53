// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any text as the source of a TorchScript archive: parsed, and `forward` of its class
// M evaluated on a module with a few tensors and numbers. A line `#! x=2x3:i64` of the
// text is a --shape; other tensor arguments are of 2x3.
//
#include "compiler/frontend/torch/Schema.h"
#include "compiler/frontend/torch/archive/TorchArchive.h"
#include "compiler/frontend/torchscript/Importer.h"
#include "compiler/frontend/torchscript/Parser.h"
#include "mlir/IR/MLIRContext.h"
#include "test/fuzz/Report.h"
#include "test/fuzz/TokenMutator.h"
#include "test/fuzz/ZipWriter.h"

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

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
  static const std::vector<std::string> ops = [] {
    std::vector<std::string> names;
    for (StringRef name : torch::schemaNames())
      if (name.consume_front("aten::"))
        names.push_back(name.str());
    return names;
  }();
  return mutateTokens(data, size, max, seed, ops, '\n');
}
