// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Family Move, the part whose source index is data: gather, gather_elements,
// gather_nd. Indices are checked; an index out of range is a run-time error.
//
#include "dialects/graph/Graph.h"

using namespace mlir;
namespace wick::graph {

static int64_t rankOf(Value v) { return cast<RankedTensorType>(v.getType()).getRank(); }

LogicalResult GatherOp::inferTypes(InferRequest &r) {
  auto x = r.dims(0), indices = r.dims(1);
  int64_t axis = r.integer("axis");
  if (axis < 0 || axis >= int64_t(x.size()))
    return r.fail("axis " + Twine(axis) + " is out of range for rank " + Twine(x.size()));
  SmallVector<AffineExpr> out(x.begin(), x.begin() + axis);
  llvm::append_range(out, indices);
  out.append(x.begin() + axis + 1, x.end());
  return r.done(r.elem(0), out);
}
bool GatherOp::isLanewise() { return int64_t(getAxis()) != rankOf(getX()) - 1; }
Value GatherOp::emitElement(ElementEmitter &e, unsigned, ArrayRef<Value> index) {
  unsigned axis = getAxis(), k = rankOf(getIndices());
  SmallVector<Value> at(index.begin(), index.begin() + axis);
  at.push_back(e.checkedIndex(1, index.slice(axis, k), dimOf(getX().getType(), axis)));
  llvm::append_range(at, index.drop_front(axis + k));
  return e.load(0, at);
}

LogicalResult GatherElementsOp::inferTypes(InferRequest &r) {
  if (r.rank(0) != r.rank(1))
    return r.fail("x of rank " + Twine(r.rank(0)) + " and indices of rank " + Twine(r.rank(1)));
  int64_t axis = r.integer("axis");
  if (axis < 0 || axis >= r.rank(0))
    return r.fail("axis " + Twine(axis) + " is out of range for rank " + Twine(r.rank(0)));
  return r.done(r.elem(0), r.dims(1));
}
Value GatherElementsOp::emitElement(ElementEmitter &e, unsigned, ArrayRef<Value> index) {
  SmallVector<Value> at(index);
  at[getAxis()] = e.checkedIndex(1, index, dimOf(getX().getType(), getAxis()));
  return e.load(0, at);
}

LogicalResult GatherNdOp::inferTypes(InferRequest &r) {
  auto x = r.dims(0), indices = r.dims(1);
  if (indices.empty())
    return r.fail("indices have rank 0");
  auto tuple = constantOf(indices.back());
  int64_t batch = r.integer("batch_dims");
  if (!tuple)
    return r.fail("the length of index tuples is not constant");
  if (batch + *tuple > int64_t(x.size()))
    return r.fail("index tuples of " + Twine(*tuple) + " after " + Twine(batch) + " batch dims on rank " +
                  Twine(x.size()));
  SmallVector<AffineExpr> out(indices.begin(), indices.end() - 1);
  out.append(x.begin() + batch + *tuple, x.end());
  return r.done(r.elem(0), out);
}
Value GatherNdOp::emitElement(ElementEmitter &e, unsigned, ArrayRef<Value> index) {
  unsigned batch = getBatchDims(), outer = rankOf(getIndices()) - 1;
  int64_t tuple = *constantOf(dimOf(getIndices().getType(), outer));
  SmallVector<Value> at(index.begin(), index.begin() + batch);
  for (int64_t t = 0; t < tuple; ++t) {
    SmallVector<Value> where(index.begin(), index.begin() + outer);
    where.push_back(e.i64(t));
    at.push_back(e.checkedIndex(1, where, dimOf(getX().getType(), batch + t)));
  }
  llvm::append_range(at, index.drop_front(outer));
  return e.load(0, at);
}

} // namespace wick::graph
