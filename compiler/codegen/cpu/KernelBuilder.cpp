// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Builds the ABI wrapper and the body function. The body is `internal` through
// llvm.linkage, which func-to-llvm honours; `noinline` through passthrough.
//
#include "compiler/codegen/cpu/KernelBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace wick::codegen {

/// Loads entry `index` of the table of 8-byte entries at `table`.
static Value loadEntry(ImplicitLocOpBuilder &b, Value table, unsigned index, Type type) {
  Value address = LLVM::GEPOp::create(b, table.getType(), b.getI64Type(), table,
                                      ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(index)});
  auto load = LLVM::LoadOp::create(b, type, address, /*alignment=*/8);
  load.setInvariant(true);
  return load;
}

func::FuncOp buildKernel(ModuleOp module, const KernelSignature &signature, KernelBody emit) {
  MLIRContext *ctx = module.getContext();
  ctx->loadDialect<arith::ArithDialect, func::FuncDialect, LLVM::LLVMDialect>();
  Location loc = UnknownLoc::get(ctx);
  ImplicitLocOpBuilder b(loc, module.getBodyRegion());
  b.setInsertionPointToEnd(module.getBody());
  Type ptr = LLVM::LLVMPointerType::get(ctx), i64 = b.getI64Type(), i32 = b.getI32Type();

  SmallVector<Type> types(signature.buffers.size(), ptr);
  types.append(signature.numArgs, i64);
  types.append({i64, i64, i32, ptr});
  auto body = func::FuncOp::create(b, (signature.name + ".body").str(), b.getFunctionType(types, {i32}));
  body.setPrivate();
  body->setAttr("llvm.linkage", LLVM::LinkageAttr::get(ctx, LLVM::Linkage::Internal));
  body->setAttr("passthrough", b.getArrayAttr({b.getStringAttr("noinline")}));
  UnitAttr unit = b.getUnitAttr();
  for (auto [i, buffer] : llvm::enumerate(signature.buffers)) {
    if (buffer.noalias)
      body.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(), unit);
    if (buffer.readOnly)
      body.setArgAttr(i, LLVM::LLVMDialect::getReadonlyAttrName(), unit);
    if (buffer.align > 1)
      body.setArgAttr(i, LLVM::LLVMDialect::getAlignAttrName(), b.getI64IntegerAttr(buffer.align));
    body.setArgAttr(i, LLVM::LLVMDialect::getNoUndefAttrName(), unit);
  }
  unsigned scratch = types.size() - 1;
  body.setArgAttr(scratch, LLVM::LLVMDialect::getNoAliasAttrName(), unit);
  body.setArgAttr(scratch, LLVM::LLVMDialect::getAlignAttrName(), b.getI64IntegerAttr(64));

  b.setInsertionPointToStart(body.addEntryBlock());
  KernelValues values;
  unsigned next = 0;
  for (size_t i = 0; i < signature.buffers.size(); ++i)
    values.buffers.push_back(body.getArgument(next++));
  for (unsigned i = 0; i < signature.numArgs; ++i)
    values.args.push_back(body.getArgument(next++));
  values.begin = body.getArgument(next++);
  values.end = body.getArgument(next++);
  values.worker = body.getArgument(next++);
  values.scratch = body.getArgument(next++);
  Value status = emit(b, values);
  if (!status)
    status = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
  func::ReturnOp::create(b, status);

  b.setInsertionPointToEnd(module.getBody());
  auto entry = func::FuncOp::create(b, signature.name, b.getFunctionType({ptr, ptr, i64, i64, i32, ptr}, {i32}));
  b.setInsertionPointToStart(entry.addEntryBlock());
  SmallVector<Value> operands;
  for (size_t i = 0; i < signature.buffers.size(); ++i)
    operands.push_back(loadEntry(b, entry.getArgument(0), i, ptr));
  for (unsigned i = 0; i < signature.numArgs; ++i)
    operands.push_back(loadEntry(b, entry.getArgument(1), i, i64));
  for (unsigned i = 2; i < 6; ++i)
    operands.push_back(entry.getArgument(i));
  auto call = func::CallOp::create(b, body, operands);
  func::ReturnOp::create(b, call.getResults());
  return body;
}

} // namespace wick::codegen
