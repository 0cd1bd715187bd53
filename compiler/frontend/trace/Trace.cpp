// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Recording: tensors of the interface are tensors of a PyTorch program, calls go
// through the same dispatch as those of imported programs.
//
#include "compiler/frontend/trace/TraceState.h"

#include "dialects/graph/Sources.h"

using namespace mlir;
namespace wick::trace {
namespace torch = compiler::torch;
using compiler::Exprs;
using torch::Operand;

//===-- State --------------------------------------------------------------===//

GraphState::GraphState(std::string graphName) : name(std::move(graphName)) {
  context = std::make_unique<MLIRContext>(MLIRContext::Threading::DISABLED);
  context->loadDialect<graph::WickDialect, func::FuncDialect>();
  module = ModuleOp::create(FileLineColLoc::get(context.get(), name, 0, 0));
  builder = std::make_unique<compiler::GraphBuilder>(*module, weights);
  space = std::make_unique<torch::TensorSpace>(*builder);
  dispatcher = std::make_unique<torch::Dispatcher>(*space);
  auto fn = func::FuncOp::create(module->getLoc(), "main", builder->b.getFunctionType({}, {}));
  module->push_back(fn);
  entry = fn.addEntryBlock();
  builder->b.setInsertionPointToEnd(entry);
}

/// The file's name without its folder: where the source lay is nobody's business.
static std::string fileOf(const Where &where) {
  return StringRef(where.file_name()).rsplit('/').second.empty()
             ? std::string(where.file_name())
             : StringRef(where.file_name()).rsplit('/').second.str();
}

static std::string shortName(std::string_view op) {
  StringRef s(op.data(), op.size());
  if (s.contains("::"))
    s = s.split("::").second;
  return s.split('.').first.str();
}

void GraphState::locate(std::string_view op, const Where &where) {
  std::string full = path.empty() ? shortName(op) : path + "." + shortName(op);
  std::string at = fileOf(where) + ":" + std::to_string(where.line());
  auto file = FileLineColLoc::get(context.get(), fileOf(where), where.line(), where.column());
  g().loc = graph::sourceLocation(file, full, {std::string(op), 0, at});
}

void GraphState::note(std::string_view op, const Where &where, const std::string &why) {
  errors.push_back(fileOf(where) + ":" + std::to_string(where.line()) + ": " + std::string(op) +
                   (path.empty() ? "" : " in " + path) + ": " + why);
}

bool GraphState::isOpen(std::string_view op, const Where &where) {
  if (used)
    note(op, where, "the graph was compiled or saved before");
  return !used;
}

mlir::Value GraphState::read(const TensorState &t) { return used ? mlir::Value() : space->read(t.tensor); }

bool GraphState::noteFailure(std::string_view op, const Where &where) {
  if (!g().hasError())
    return false;
  note(op, where, g().takeError());
  return true;
}

Tensor GraphState::wrap(torch::Tensor t) {
  return Tensor(std::make_shared<TensorState>(TensorState{shared_from_this(), std::move(t)}));
}

AffineExpr GraphState::exprOf(const Size &s) {
  return s.expr ? AffineExpr(static_cast<const AffineExpr::ImplType *>(s.expr)) : g().expr(s.value);
}

Size GraphState::sizeOf(AffineExpr e) {
  Size s;
  if (!e)
    return s;
  if (auto c = graph::constantOf(e))
    return Size(*c);
  s.graph = shared_from_this();
  s.expr = e.getAsOpaquePointer();
  return s;
}

Operand GraphState::operandOf(const Value &v) {
  switch (v.kind) {
  case Value::Kind::None:
    return {};
  case Value::Kind::Bool:
    return Operand::boolean(v.boolean);
  case Value::Kind::Int:
    return Operand::integer(exprOf(v.size));
  case Value::Kind::Double:
    return Operand::number(v.number);
  case Value::Kind::String:
    return Operand::text(v.text);
  case Value::Kind::Tensor:
    if (v.tensor.state->graph.get() != this)
      return g().fail("a tensor of another graph"), Operand(space->make({}));
    return v.tensor.state->tensor;
  case Value::Kind::List: {
    std::vector<Operand> list;
    for (const Value &e : v.list)
      list.push_back(operandOf(e));
    return Operand(std::move(list));
  }
  }
  return {};
}

Tensor GraphState::constant(Type elem, ArrayRef<int64_t> dims, ArrayRef<char> bytes, std::shared_ptr<const void> owner,
                            const std::string &constantName, const Where &where) {
  auto file = FileLineColLoc::get(context.get(), fileOf(where), where.line(), where.column());
  mlir::Value v = constants.make(g(), entry, NameLoc::get(builder->b.getStringAttr(constantName), file), elem, dims,
                                 bytes, std::move(owner), constantName);
  noteFailure(constantName, where);
  return wrap(space->make(v, torch::Storage::Kind::Constant, constantName));
}

std::shared_ptr<GraphState> graphOf(const std::vector<Value> &values) {
  for (const Value &v : values) {
    if (v.kind == Value::Kind::Tensor)
      return v.tensor.state->graph;
    if (auto g = graphOf(v.list))
      return g;
  }
  return nullptr;
}

//===-- Types and sizes ----------------------------------------------------===//

static torch::ScalarType scalarType(DType type) {
  using S = torch::ScalarType;
  constexpr S codes[] = {S::Float, S::Double, S::Half, S::BFloat16, S::Long,
                         S::Int,   S::Short,  S::Char, S::Byte,     S::Bool};
  return codes[size_t(type)];
}

Type elementType(DType type, MLIRContext *context) { return torch::elementType(scalarType(type), context); }

Value::Value(DType v) : kind(Kind::Int), size(int64_t(scalarType(v))) {}

template <class Fn>
static Size combine(const std::shared_ptr<GraphState> &a, const std::shared_ptr<GraphState> &b, Fn fn) {
  GraphState *state = a ? a.get() : b.get();
  return state->sizeOf(fn(*state));
}

Size Size::operator+(const Size &o) const {
  if (!expr && !o.expr)
    return Size(value + o.value);
  return combine(graph, o.graph, [&](GraphState &s) { return s.g().simplify(s.exprOf(*this) + s.exprOf(o)); });
}
Size Size::operator-(const Size &o) const {
  if (!expr && !o.expr)
    return Size(value - o.value);
  return combine(graph, o.graph, [&](GraphState &s) { return s.g().simplify(s.exprOf(*this) - s.exprOf(o)); });
}
Size Size::operator*(const Size &o) const {
  if (!expr && !o.expr)
    return Size(value * o.value);
  return combine(graph, o.graph, [&](GraphState &s) { return s.g().simplify(s.exprOf(*this) * s.exprOf(o)); });
}
Size Size::operator/(const Size &o) const {
  if (!expr && !o.expr)
    return Size(o.value ? llvm::divideFloorSigned(value, o.value) : 0);
  return combine(graph, o.graph, [&](GraphState &s) { return s.g().floorDiv(s.exprOf(*this), s.exprOf(o)); });
}

int64_t Tensor::rank() const {
  mlir::Value v = state ? state->graph->read(*state) : mlir::Value();
  return v ? state->graph->g().rank(v) : 0;
}

Size Tensor::size(int64_t i) const {
  mlir::Value v = state ? state->graph->read(*state) : mlir::Value();
  int64_t n = rank();
  if (!v || i < -n || i >= n)
    return Size(0);
  return state->graph->sizeOf(state->graph->g().dim(v, i < 0 ? i + n : i));
}

std::string Tensor::type() const {
  mlir::Value v = state ? state->graph->read(*state) : mlir::Value();
  if (!v)
    return "no tensor";
  compiler::GraphBuilder &g = state->graph->g();
  std::string out;
  llvm::raw_string_ostream os(out);
  os << g.elem(v) << '[';
  for (auto [i, d] : llvm::enumerate(g.dims(v))) {
    os << (i ? ", " : "");
    if (auto s = dyn_cast<AffineSymbolExpr>(d); s && !g.symbols[s.getPosition()].name.empty())
      os << g.symbols[s.getPosition()].name;
    else
      d.print(os);
  }
  os << ']';
  return out;
}

//===-- Calls --------------------------------------------------------------===//

std::vector<Tensor> callAll(std::string_view op, std::vector<Value> args, Where where) {
  auto state = graphOf(args);
  if (!state)
    return {};
  if (!state->isOpen(op, where))
    return {Tensor()};
  state->locate(op, where);
  std::vector<Operand> operands;
  for (const Value &v : args) {
    operands.push_back(state->operandOf(v));
    if (operands.back().isTensor() && !state->space->read(operands.back().tensor)) {
      state->noteFailure(op, where); // what is broken was told where it broke
      return {state->wrap(state->space->make({}))};
    }
  }
  std::vector<Operand> results = state->dispatcher->call(StringRef(op.data(), op.size()), std::move(operands));
  std::vector<Tensor> out;
  if (!state->noteFailure(op, where))
    for (const Operand &o : results.size() == 1 && !results[0].isTensor() ? results[0].list : results)
      if (o.isTensor())
        out.push_back(state->wrap(o.tensor));
  if (out.empty())
    out.push_back(state->wrap(state->space->make({})));
  return out;
}

Tensor call(std::string_view op, std::vector<Value> args, Where where) {
  std::vector<Tensor> all = callAll(op, std::move(args), where);
  return all.empty() ? Tensor() : all[0];
}

Tensor Tensor::reshape(std::vector<Size> sizes, Where where) const {
  return call("aten::reshape", {*this, sizes}, where);
}
Tensor Tensor::transpose(int64_t a, int64_t b, Where where) const {
  return call("aten::transpose.int", {*this, a, b}, where);
}
Tensor Tensor::permute(std::vector<int64_t> dims, Where where) const {
  return call("aten::permute", {*this, dims}, where);
}
Tensor Tensor::unsqueeze(int64_t dim, Where where) const { return call("aten::unsqueeze", {*this, dim}, where); }
Tensor Tensor::squeeze(int64_t dim, Where where) const { return call("aten::squeeze.dim", {*this, dim}, where); }
Tensor Tensor::expand(std::vector<Size> sizes, Where where) const {
  return call("aten::expand", {*this, sizes}, where);
}
Tensor Tensor::select(int64_t dim, Size index, Where where) const {
  return call("aten::select.int", {*this, dim, index}, where);
}
Tensor Tensor::slice(int64_t dim, Size start, Size end, int64_t step, Where where) const {
  return call("aten::slice.Tensor", {*this, dim, start, end, step}, where);
}
Tensor Tensor::flatten(int64_t first, int64_t last, Where where) const {
  return call("aten::flatten.using_ints", {*this, first, last}, where);
}
Tensor Tensor::to(DType type, Where where) const { return call("aten::to.dtype", {*this, type}, where); }
std::vector<Tensor> Tensor::chunk(int64_t count, int64_t dim, Where where) const {
  return callAll("aten::chunk", {*this, count, dim}, where);
}

//===-- Graph --------------------------------------------------------------===//

Graph::Graph(std::string name) : state(std::make_shared<GraphState>(std::move(name))) {}

const std::vector<std::string> &Graph::errors() const { return state->errors; }

Tensor Graph::input(const std::string &name, DType type, std::vector<Dim> dims, Where where) {
  GraphState &s = *state;
  if (!s.isOpen("input '" + name + "'", where))
    return {};
  Exprs exprs;
  for (const Dim &d : dims) {
    if (d.name.empty() ? d.size < 0 : d.min < 0 || d.max < d.min)
      s.note("input '" + name + "'", where,
             "a dim of " + std::to_string(d.name.empty() ? d.size : d.min) + ", expected 0 or more");
    exprs.push_back(d.name.empty() ? s.g().expr(std::max<int64_t>(d.size, 0))
                                   : s.g().symbols.named(d.name, d.min, d.max));
  }
  if (llvm::is_contained(s.inputs, name))
    s.note("input '" + name + "'", where, "there is an input of this name");
  auto file = FileLineColLoc::get(s.context.get(), fileOf(where), where.line(), where.column());
  auto loc = NameLoc::get(s.builder->b.getStringAttr(name), file);
  mlir::Value v = s.entry->addArgument(graph::tensorOf(elementType(type, s.context.get()), exprs), loc);
  auto fn = cast<func::FuncOp>(s.entry->getParentOp());
  fn.setType(s.builder->b.getFunctionType(s.entry->getArgumentTypes(), {}));
  fn.setArgAttr(s.inputs.size(), "wick.name", s.builder->b.getStringAttr(name));
  s.inputs.push_back(name);
  return s.wrap(s.space->make(v, torch::Storage::Kind::Input, name));
}

void Graph::output(const std::string &name, const Tensor &tensor, Where where) {
  if (!state->isOpen("output '" + name + "'", where))
    return;
  if (!tensor.given() || tensor.state->graph != state)
    return state->note("output '" + name + "'", where, "no tensor of this graph");
  state->outputs.push_back({name, tensor});
}

/// A copy that lives as long as someone refers to it.
template <class T>
static Tensor constantOf(GraphState &s, const std::vector<T> &elements, std::vector<int64_t> dims, DType type,
                         Where where) {
  if (!s.isOpen("constant", where))
    return {};
  auto owned = std::make_shared<std::vector<T>>(elements);
  int64_t count = 1;
  for (int64_t d : dims)
    count *= d;
  if (count != int64_t(elements.size())) {
    s.note("constant", where, std::to_string(elements.size()) + " elements for dims of " + std::to_string(count));
    return s.wrap(s.space->make({}));
  }
  ArrayRef<char> bytes(reinterpret_cast<const char *>(owned->data()), owned->size() * sizeof(T));
  return s.constant(elementType(type, s.context.get()), dims, bytes, owned, "constant", where);
}

Tensor Graph::constant(const std::vector<float> &elements, std::vector<int64_t> dims, Where where) {
  return constantOf(*state, elements, std::move(dims), DType::Float32, where);
}
Tensor Graph::constant(const std::vector<int64_t> &elements, std::vector<int64_t> dims, Where where) {
  return constantOf(*state, elements, std::move(dims), DType::Int64, where);
}

Tensor Graph::arange(Size count, DType type, Where where) {
  if (!state->isOpen("arange", where))
    return {};
  state->locate("arange", where);
  mlir::Value v = state->g().iota(elementType(type, state->context.get()), state->exprOf(count));
  state->noteFailure("arange", where);
  return state->wrap(state->space->make(v));
}

Tensor Graph::full(std::vector<Size> dims, double value, DType type, Where where) {
  if (!state->isOpen("full", where))
    return {};
  state->locate("full", where);
  Exprs exprs;
  for (const Size &s : dims)
    exprs.push_back(state->exprOf(s));
  mlir::Value v = state->g().splat(elementType(type, state->context.get()), exprs, value);
  state->noteFailure("full", where);
  return state->wrap(state->space->make(v));
}

} // namespace wick::trace
