// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Variants.h.
//
#include "compiler/pipeline/Variants.h"

#include "runtime/format/DType.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

namespace wick::compiler {

std::string variantText(const VariantDims &dims) {
  std::string text;
  for (const auto &[name, value] : dims)
    text += (text.empty() ? "" : ", ") + name + "=" + std::to_string(value);
  return text;
}

/// Why a dim cannot be specialized: it is fixed, or there is none of that name.
static std::string notOpen(const std::string &name, const CompileRequest &request, const format::Program &general) {
  for (const auto &[given, value] : request.dims)
    if (given == name && !llvm::StringRef(value).contains(".."))
      return "--dim fixes '" + name + "' to " + value;
  std::string open;
  for (const format::Symbol &s : general.symbols)
    open += (open.empty() ? "'" : ", '") + s.name + "'";
  return "the model has no open dim '" + name + "'; it has: " + (open.empty() ? "none" : open);
}

static std::string rangeText(const format::Symbol &s) {
  return "[" + std::to_string(s.min) + ", " + (s.max == INT64_MAX ? "inf)" : std::to_string(s.max) + "]");
}

std::vector<VariantDims> combineVariants(const CompileRequest &request, const format::Program &general,
                                         std::vector<std::string> &errors) {
  std::vector<std::pair<std::string, std::vector<int64_t>>> wanted;
  for (const auto &[name, text] : request.specialize) {
    std::string option = "--specialize " + name + "=" + text + ": ";
    auto symbol = llvm::find_if(general.symbols, [&](const format::Symbol &s) { return s.name == name; });
    if (symbol == general.symbols.end()) {
      errors.push_back(option + notOpen(name, request, general));
      continue;
    }
    auto at = llvm::find_if(wanted, [&](auto &w) { return w.first == name; });
    if (at == wanted.end())
      at = wanted.insert(wanted.end(), {name, {}});
    llvm::SmallVector<llvm::StringRef> parts;
    llvm::StringRef(text).split(parts, ',');
    for (llvm::StringRef part : parts) {
      int64_t value;
      if (part.trim().getAsInteger(10, value) || value < 0)
        errors.push_back(option + "'" + part.str() + "' is not a size");
      else if (value < symbol->min || value > symbol->max)
        errors.push_back(option + std::to_string(value) + " is outside the dim's range " + rangeText(*symbol));
      else if (llvm::is_contained(at->second, value))
        errors.push_back(option + std::to_string(value) + " is given twice");
      else
        at->second.push_back(value);
    }
  }
  size_t count = 1;
  std::string counts;
  for (const auto &[name, values] : wanted) {
    count = std::min(count * values.size(), maxVariants + 1);
    counts += (counts.empty() ? "" : " x ") + std::to_string(values.size()) + " of '" + name + "'";
  }
  if (count > maxVariants)
    errors.push_back("--specialize: " + counts + " are more than " + std::to_string(maxVariants) + " variants");
  if (!errors.empty())
    return {};
  std::vector<VariantDims> variants(1);
  for (const auto &[name, values] : wanted) {
    std::vector<VariantDims> longer;
    for (const VariantDims &dims : variants)
      for (int64_t value : values) {
        longer.push_back(dims);
        longer.back().emplace_back(name, value);
      }
    variants = std::move(longer);
  }
  return variants;
}

CompileRequest requestFor(const CompileRequest &general, const VariantDims &dims) {
  CompileRequest request = general;
  for (const auto &[name, value] : dims) {
    llvm::erase_if(request.dims, [&](const auto &d) { return d.first == name; }); // a bound
    request.dims.emplace_back(name, std::to_string(value));
  }
  request.specialize.clear();
  request.stopAfter = "schedule";
  request.remarks = false;
  request.progress = nullptr;
  if (!request.dumpDir.empty())
    request.dumpDir += "/" + variantText(dims);
  return request;
}

/// The first difference between values that callers see.
static std::string valueProblem(const char *what, const std::vector<format::ValueInfo> &general,
                                const std::vector<format::ValueInfo> &variant) {
  if (general.size() != variant.size())
    return "it has " + std::to_string(variant.size()) + " " + what + "s, the general program " +
           std::to_string(general.size());
  auto differs = [&](const format::ValueInfo &v, const std::string &has, const std::string &other) {
    return std::string(what) + " '" + v.name + "' has " + has + ", in the general program " + other;
  };
  for (auto [g, v] : llvm::zip(general, variant)) {
    if (g.name != v.name)
      return std::string(what) + " '" + g.name + "' is called '" + v.name + "'";
    if (g.dtype != v.dtype)
      return differs(g, std::string("type ") + format::dtypeName(v.dtype), format::dtypeName(g.dtype));
    if (g.dims.size() != v.dims.size())
      return differs(g, "rank " + std::to_string(v.dims.size()), std::to_string(g.dims.size()));
    if (g.aliasInput != format::kNone && g.aliasInput != v.aliasInput)
      return std::string(what) + " '" + g.name + "' cannot share its input's memory as in the general program";
  }
  return "";
}

std::string interfaceProblem(const format::Program &general, const format::Program &variant) {
  std::string problem = valueProblem("input", general.inputs, variant.inputs);
  return problem.empty() ? valueProblem("output", general.outputs, variant.outputs) : problem;
}

} // namespace wick::compiler
