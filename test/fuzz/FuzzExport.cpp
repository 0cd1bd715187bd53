// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any text as the program (models/model.json) of an exported archive. Its weights have
// the sizes that the program gives them; all lie in one small storage.
//
#include "compiler/frontend/export/Export.h"
#include "compiler/frontend/export/ExportFile.h"
#include "compiler/frontend/torch/Schema.h"
#include "compiler/frontend/torch/archive/Json.h"
#include "mlir/IR/MLIRContext.h"
#include "test/fuzz/Report.h"
#include "test/fuzz/TokenMutator.h"
#include "test/fuzz/ZipWriter.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace wick::compiler;

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

/// The configuration of all weights that the signature names.
static std::string weightsConfig(StringRef program, bool constants) {
  json::Object config;
  auto parsed = torch::parseJson("program", program);
  if (!parsed)
    return consumeError(parsed.takeError()), "{\"config\": {}}";
  const json::Object *top = parsed->getAsObject(), *module = top ? top->getObject("graph_module") : nullptr;
  const json::Object *graph = module ? module->getObject("graph") : nullptr;
  const json::Object *signature = module ? module->getObject("signature") : nullptr;
  const json::Object *metas = graph ? graph->getObject("tensor_values") : nullptr;
  const json::Array *specs = signature ? signature->getArray("input_specs") : nullptr;
  for (size_t i = 0; metas && specs && i < specs->size(); ++i) {
    const json::Object *o = (*specs)[i].getAsObject(),
                       *spec = o && o->size() == 1 ? o->begin()->second.getAsObject() : nullptr;
    const json::Object *arg = spec ? spec->getObject("arg") : nullptr;
    auto name = arg ? arg->getString("name") : std::nullopt;
    const json::Object *meta = name ? metas->getObject(*name) : nullptr;
    for (StringRef member : {"parameter_name", "buffer_name", "tensor_constant_name"})
      if (auto weight = meta ? spec->getString(member) : std::nullopt; weight && (member[0] == 't') == constants) {
        json::Object copy(*meta);
        json::Array strides;
        for (size_t k = 0; copy.getArray("sizes") && k < copy.getArray("sizes")->size(); ++k)
          strides.push_back(json::Object{{"as_int", 0}});
        copy["strides"] = std::move(strides);
        config[*weight] =
            json::Object{{"path_name", "weight_0"}, {"use_pickle", false}, {"tensor_meta", std::move(copy)}};
      }
  }
  std::string text;
  raw_string_ostream(text) << json::Value(json::Object{{"config", std::move(config)}});
  return text;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string program(reinterpret_cast<const char *>(data), size);
  std::string zip = writeZip({{"m/archive_format", "pt2"},
                              {"m/archive_version", "0"},
                              {"m/byteorder", "little"},
                              {"m/models/model.json", program},
                              {"m/data/weights/model_weights_config.json", weightsConfig(program, false)},
                              {"m/data/constants/model_constants_config.json", weightsConfig(program, true)},
                              {"m/data/weights/weight_0", std::string(64, '\0')},
                              {"m/data/constants/weight_0", std::string(64, '\0')}});
  auto archive = torch::TorchArchive::read(torch::copyBytes(zip), "m.pt2");
  if (!archive) {
    errs() << toString(archive.takeError());
    std::abort(); // the frame around the program is sound
  }
  auto file = ExportFile::read(std::move(*archive), "m.pt2");
  if (!file) {
    std::string why = toString(file.takeError());
    if (isVerbose())
      errs() << why << "\n";
    return 0;
  }
  WeightStore weights;
  ImportOptions options;
  options.limits.ops = 3'000;
  ImportResult result = importExport(&context(), *file, weights, options);
  judge(result);
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
  static const std::vector<std::string> ops = [] {
    std::vector<std::string> names{"_operator.add", "_operator.mul", "_operator.floordiv", "_operator.mod",
                                   "_operator.pow", "torch.sym_max", "torch.sym_min",      "math.trunc"};
    for (StringRef name : torch::schemaNames())
      for (const torch::Schema &s : torch::findSchemas(name))
        if (StringRef(s.name).starts_with("aten::"))
          names.push_back("torch.ops.aten." + s.name.substr(6) + "." + (s.overload.empty() ? "default" : s.overload));
    return names;
  }();
  return mutateTokens(data, size, max, seed, ops, ',');
}
