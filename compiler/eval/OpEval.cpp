// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The folding side of ElementEmitter: loads become calls of wick_load_<k>, and
// expressions over symbols are read from one more input, so the same emission
// serves numbers and shape expressions. Moves of whole tensors skip all that.
//
#include "compiler/eval/OpEval.h"

#include "dialects/graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <cstring>

using namespace mlir;
namespace wick::compiler {

unsigned storageBytes(Type elem) {
  if (auto i = dyn_cast<IntegerType>(elem))
    return i.getWidth() <= 8 ? 1 : i.getWidth() / 8;
  if (auto f = dyn_cast<FloatType>(elem))
    return (f.getWidth() + 7) / 8;
  if (auto c = dyn_cast<ComplexType>(elem))
    return 2 * storageBytes(c.getElementType());
  return 0;
}

int64_t elementCount(ArrayRef<int64_t> shape) {
  int64_t n = 1;
  for (int64_t d : shape) {
    if (d < 0)
      return -1;
    n *= d;
  }
  return n;
}

namespace {
class EvalEmitter : public graph::ElementEmitter {
public:
  EvalEmitter(OpBuilder &b, Operation *op) : ElementEmitter(b, op->getLoc()), op(op) {}

  Value load(unsigned operand, ArrayRef<Value> index) override {
    Type elem = cast<RankedTensorType>(op->getOperand(operand).getType()).getElementType();
    Type compute = graph::computeType(elem), stored = graph::storedType(elem);
    Value v = read(operand, stored, index);
    return stored == compute ? v : Value(arith::ExtFOp::create(b, loc, compute, v));
  }
  Value loadScalar(unsigned operand, ArrayRef<Value> index) override { return load(operand, index); }

  Value expr(AffineExpr e) override {
    if (auto c = graph::constantOf(e))
      return i64(*c);
    auto it = llvm::find(exprs, e);
    int64_t at = it - exprs.begin();
    if (it == exprs.end())
      exprs.push_back(e);
    return read(op->getNumOperands(), b.getI64Type(), i64(at));
  }
  /// A failed check divides by zero, which ends the run with a reason.
  void check(Value ok, int32_t, unsigned) override {
    Value divisor = arith::ExtUIOp::create(b, loc, b.getI64Type(), ok);
    arith::DivUIOp::create(b, loc, i64(1), divisor);
  }
  SmallVector<AffineExpr> exprs;

private:
  Value read(unsigned number, Type type, ValueRange index) {
    return func::CallOp::create(b, loc, "wick_load_" + std::to_string(number), TypeRange{type}, index).getResult(0);
  }
  Operation *op;
};

/// The decoded element function of an op, and the expressions that it reads.
struct Emitted {
  std::optional<ElementProgram> program;
  SmallVector<AffineExpr> exprs;
};
} // namespace

static LogicalResult emit(Operation *op, Emitted &out, std::string &why) {
  auto element = dyn_cast<graph::ElementOpInterface>(op);
  if (!element || op->getNumResults() != 1) {
    why = (op->getName().getStringRef() + " has no element body").str();
    return failure();
  }
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  Type elem = type.getElementType(), stored = graph::storedType(elem);
  OpBuilder b(op->getContext());
  SmallVector<Type> indices(type.getRank(), b.getI64Type());
  OwningOpRef<func::FuncOp> fn = func::FuncOp::create(op->getLoc(), "element", b.getFunctionType(indices, stored));
  Block *body = fn->addEntryBlock();
  b.setInsertionPointToStart(body);
  EvalEmitter emitter(b, op);
  SmallVector<Value> index(body->getArguments());
  Value v = element.emitElement(emitter, 0, index);
  if (v.getType() != stored)
    v = arith::TruncFOp::create(b, op->getLoc(), stored, v);
  func::ReturnOp::create(b, op->getLoc(), v);
  auto program = ElementProgram::decode(*fn, why);
  if (failed(program))
    return failure();
  out.program = *program;
  out.exprs = std::move(emitter.exprs);
  return success();
}

void transposeBytes(TensorView in, ArrayRef<int64_t> perm, void *out) {
  unsigned bytes = storageBytes(in.elem), rank = perm.size();
  SmallVector<int64_t> strides(rank, bytes), step(rank), dims(rank), at(rank, 0);
  for (unsigned d = rank; d-- > 1;)
    strides[d - 1] = strides[d] * in.shape[d];
  for (unsigned i = 0; i < rank; ++i)
    step[i] = strides[perm[i]], dims[i] = in.shape[perm[i]];
  int64_t count = elementCount(in.shape), offset = 0;
  auto *src = static_cast<const char *>(in.data);
  auto *dst = static_cast<char *>(out);
  for (int64_t n = 0; n < count; ++n, dst += bytes) {
    std::memcpy(dst, src + offset, bytes);
    for (unsigned d = rank; d-- > 0;) {
      offset += step[d];
      if (++at[d] < dims[d])
        break;
      offset -= step[d] * dims[d];
      at[d] = 0;
    }
  }
}

static Type bytesOfCodes(Type elem) { return elem && graph::isCoded(elem) ? graph::storedType(elem) : elem; }

LogicalResult evaluateOp(Operation *op, ArrayRef<TensorView> inputs, MutableTensorView out, std::string &why) {
  int64_t count = elementCount(out.shape);
  bool isBitcast = isa<graph::BitcastOp>(op) && !out.elem.isInteger(1);
  if (isa<graph::ReshapeOp>(op) || isBitcast) {
    if (count > 0)
      std::memcpy(out.data, inputs[0].data, size_t(count) * storageBytes(out.elem));
    return success();
  }
  if (auto t = dyn_cast<graph::TransposeOp>(op)) {
    transposeBytes(inputs[0], t.getPerm(), out.data);
    return success();
  }
  Emitted e;
  if (failed(emit(op, e, why)))
    return failure();
  if (!e.exprs.empty()) {
    why = "it depends on a symbol";
    return failure();
  }
  // The program reads and writes codes as the bytes that they are.
  SmallVector<TensorView> views(inputs);
  for (TensorView &v : views)
    v.elem = bytesOfCodes(v.elem);
  out.elem = bytesOfCodes(out.elem);
  return e.program->run(views, out.shape, out, why);
}

LogicalResult evaluateSymbolic(Operation *op, ArrayRef<SymTensor> inputs, ArrayRef<int64_t> outShape,
                               const SymbolicOptions &options, SmallVectorImpl<SymValue> &out, std::string &why) {
  if (isa<graph::ReshapeOp>(op) && !inputs[0].values.empty()) {
    out.assign(inputs[0].values.begin(), inputs[0].values.end());
    return success();
  }
  Emitted e;
  if (failed(emit(op, e, why)))
    return failure();
  SmallVector<SymValue> values;
  for (AffineExpr x : e.exprs)
    values.push_back(SymValue::integer(x));
  SmallVector<SymTensor> all(inputs);
  for (SymTensor &t : all)
    t.elem = bytesOfCodes(t.elem);
  int64_t n = values.size();
  all.push_back({IntegerType::get(op->getContext(), 64), ArrayRef<int64_t>(n), values, nullptr});
  return e.program->runSymbolic(all, outShape, options, out, why);
}

} // namespace wick::compiler
