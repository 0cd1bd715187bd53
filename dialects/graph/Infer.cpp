// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shared type rules.
//
#include "dialects/graph/Infer.h"

#include "dialects/graph/Codes.h"

using namespace mlir;
namespace wick::graph {

int64_t InferRequest::integer(StringRef name, int64_t otherwise) const {
  auto a = attrs.getAs<IntegerAttr>(name);
  return a ? a.getInt() : otherwise;
}
SmallVector<int64_t> InferRequest::integers(StringRef name) const {
  auto a = attrs.getAs<DenseI64ArrayAttr>(name);
  return a ? SmallVector<int64_t>(a.asArrayRef()) : SmallVector<int64_t>();
}
SmallVector<AffineExpr> InferRequest::exprs(StringRef name) const {
  auto a = attrs.getAs<AffineMapAttr>(name);
  return a ? SmallVector<AffineExpr>(a.getValue().getResults()) : SmallVector<AffineExpr>();
}
LogicalResult InferRequest::done(Type elem, ArrayRef<AffineExpr> dims) {
  results.push_back(tensorOf(elem, dims));
  return success();
}
LogicalResult InferRequest::fail(const Twine &why) {
  error = why.str();
  return failure();
}

FailureOr<SmallVector<AffineExpr>> broadcastDims(InferRequest &r, ArrayRef<AffineExpr> a, ArrayRef<AffineExpr> b) {
  size_t n = std::max(a.size(), b.size());
  SmallVector<AffineExpr> out(n);
  for (size_t i = 0; i < n; ++i) {
    AffineExpr x = i + a.size() >= n ? a[i + a.size() - n] : r.constant(1);
    AffineExpr y = i + b.size() >= n ? b[i + b.size() - n] : r.constant(1);
    auto cx = constantOf(x), cy = constantOf(y);
    if (cx && cy && *cx != *cy && *cx != 1 && *cy != 1) {
      (void)r.fail("dims " + Twine(*cx) + " and " + Twine(*cy) + " do not broadcast");
      return failure();
    }
    out[i] = r.symbols.broadcast(x, y);
  }
  return out;
}

Type inferBitcast(InferRequest &r) {
  Type from = r.elem(0), to = r.typeAttr("to");
  if (codeWidth(from) && codeWidth(from) == codeWidth(to))
    return to;
  std::string text;
  llvm::raw_string_ostream(text) << from << " as " << to << ": elements of " << codeWidth(from) << " and "
                                 << codeWidth(to) << " bits";
  (void)r.fail(text);
  return {};
}

LogicalResult inferBroadcast(InferRequest &r, Type elem) {
  if (!elem)
    return failure();
  SmallVector<AffineExpr> dims = r.dims(0);
  for (unsigned i = 1; i < r.operands.size(); ++i) {
    auto next = broadcastDims(r, dims, r.dims(i));
    if (failed(next))
      return failure();
    dims = *next;
  }
  return r.done(elem, dims);
}

} // namespace wick::graph
