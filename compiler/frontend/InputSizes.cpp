// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See InputSizes.h.
//
#include "compiler/frontend/InputSizes.h"

using namespace mlir;
namespace wick::compiler {

bool parseDim(StringRef name, StringRef text, DimRange &range, std::string &error) {
  auto [low, high] = text.split("..");
  bool isRange = text.contains("..");
  if (!low.getAsInteger(10, range.first) && range.first >= 0) {
    if (!isRange)
      return range.second = range.first, true;
    if (!high.getAsInteger(10, range.second) && range.second >= range.first)
      return true;
  }
  error = ("--dim " + name + "=" + text + ": expected a number or LOW..HIGH").str();
  return false;
}

SmallVector<StringRef> splitSizes(StringRef text) {
  SmallVector<StringRef> parts;
  if (!text.empty())
    text.split(parts, 'x');
  return parts;
}

std::string noSuchInput(StringRef given, ArrayRef<std::string> inputs) {
  std::string text = ("--shape " + given + ": there is no such input; ").str();
  if (inputs.empty())
    return text + "there are none";
  text += inputs.size() == 1 ? "the only one is " : "there are ";
  for (size_t i = 0; i < inputs.size(); ++i)
    text += (i ? ", '" : "'") + inputs[i] + "'";
  return text;
}

std::string otherRank(StringRef input, size_t given, size_t rank) {
  return ("--shape gives " + Twine(given) + " dims for input '" + input + "' of rank " + Twine(rank)).str();
}

bool applyShape(GraphBuilder &g, StringRef input, StringRef text, bool hasRank,
                function_ref<AffineExpr(StringRef)> namedDim, Exprs &dims, std::string &error) {
  SmallVector<StringRef> parts = splitSizes(text);
  if (hasRank && parts.size() != dims.size()) {
    error = otherRank(input, parts.size(), dims.size());
    return false;
  }
  dims.resize(parts.size());
  for (auto [i, part] : llvm::enumerate(parts)) {
    int64_t v;
    if (!part.getAsInteger(10, v) && v >= 0)
      dims[i] = g.expr(v);
    else if (part != "?")
      dims[i] = namedDim(part);
    else if (!dims[i])
      dims[i] = namedDim((input + "_d" + Twine(i)).str());
  }
  return true;
}

} // namespace wick::compiler
