// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls, statements and problems of the evaluator. See Evaluator.h.
//
#include "compiler/frontend/torchscript/Evaluator.h"

using namespace mlir;
namespace wick::compiler::torchscript {

/// Calls of unsupported ops, and problems, after which the evaluation ends.
static constexpr size_t maxReports = 1000;

//===-- Problems -----------------------------------------------------------===//

std::string Evaluator::place() const {
  if (frames.empty())
    return "";
  const Frame &f = frames.back();
  std::string where = f.function ? f.function->file->path + ":" + std::to_string(f.line) : "";
  return f.path.empty() ? where : f.path + " (" + where + ")";
}

Value Evaluator::fail(const Twine &why, StringRef op) {
  if (halted())
    return {};
  stopped = true;
  std::string text = why.str();
  if (program.error) { // a source that cannot be read
    problems.push_back(
        {true, program.error->where, "",
         "syntax: " + program.error->message + (program.error->line.empty() ? "" : "\n  in: " + program.error->line)});
    problems.back().context.hint = program.error->hint;
    return {};
  }
  if (!frames.empty() && frames.back().function) {
    const Frame &f = frames.back();
    std::string line = f.function->file->line(f.line);
    if (!line.empty())
      text += "\n  in: " + line;
    std::string from = options.origin ? options.origin(f.function->file->path, f.offset) : "";
    if (!from.empty())
      text += "\n  from: " + from;
  }
  problems.push_back({true, place(), op.str(), text});
  return {};
}

void Evaluator::noteUnsupported(StringRef op, const Twine &why) {
  if (unsupportedOps.size() >= maxReports)
    stopped = true; // enough to know
  unsupportedOps.push_back({op.str(), why.str(), place()});
}

//===-- Limits -------------------------------------------------------------===//

Evaluator::~Evaluator() {
  for (auto &weak : objects)
    if (auto object = weak.lock()) {
      ObjectData last; // whose end does not recurse
      last.attributes.swap(object->attributes);
    }
}

bool Evaluator::spend(uint64_t n) {
  steps += n;
  if (halted())
    return false;
  if (ops.exceeded())
    fail(ops.message());
  else if (steps > options.maxSteps)
    fail("more than " + Twine(options.maxSteps) + " steps (--max-steps)");
  return !stopped;
}

bool Evaluator::mayNest() {
  if (level > options.maxNesting)
    fail("calls, statements and expressions are nested more than " + Twine(options.maxNesting) +
         " deep (--max-nesting)");
  return !halted();
}

bool Evaluator::mayGrow(uint64_t n) {
  if (n > options.maxElements || *elements > options.maxElements - n)
    fail("lists and dicts of more than " + Twine(options.maxElements) + " elements (--max-elements)");
  return spend(n / 16);
}

bool Evaluator::weigh(const std::shared_ptr<ListData> &list) {
  uint64_t count = list->items.size();
  list->share.set(elements, count);
  return mayGrow(0);
}
bool Evaluator::weigh(const std::shared_ptr<DictData> &dict) {
  dict->share.set(elements, 2 * dict->entries.size());
  return mayGrow(0);
}

Value Evaluator::text(std::string v) {
  if (v.size() > options.maxElements)
    return fail("a string of more than " + Twine(options.maxElements) + " characters (--max-elements)");
  return spend(v.size() / 64) ? textValue(std::move(v)) : Value();
}

bool Evaluator::mayHold(const void *container, const Value &v) {
  if (!v.list && !v.dict)
    return true;
  std::set<const void *> seen;
  std::vector<const Value *> left{&v};
  while (!left.empty()) {
    const Value *x = left.back();
    left.pop_back();
    const void *identity = x->list ? static_cast<const void *>(x->list.get()) : x->dict.get();
    if (!identity || !seen.insert(identity).second)
      continue;
    if (identity == container)
      return fail("a list or dict cannot hold itself"), false;
    if (!spend(1 + (x->list ? x->list->items.size() : x->dict->entries.size()) / 16))
      return false;
    if (x->list)
      for (const Value &item : x->list->items)
        left.push_back(&item);
    else
      for (auto &[key, item] : x->dict->entries)
        left.push_back(&item);
  }
  return true;
}

//===-- Calls --------------------------------------------------------------===//

Value Evaluator::constantExpr(const Expr *e, TypeRef type) {
  Frame f;
  if (!frames.empty())
    f.function = frames.back().function, f.line = e->line;
  return withType(eval(e, f, type), type);
}

Value Evaluator::call(const Function &fn, std::vector<Value> args, std::vector<std::pair<std::string, Value>> keywords,
                      StringRef path) {
  if (halted())
    return {};
  Level one(*this);
  if (!mayNest())
    return {};
  if (args.size() > fn.parameters.size())
    return fail("'" + fn.name + "' takes " + Twine(fn.parameters.size()) + " arguments but is given " +
                Twine(args.size()));
  Frame f;
  f.function = &fn;
  f.line = fn.line;
  f.path = path.empty() && !frames.empty() ? frames.back().path : path.str();
  for (size_t i = 0; i < fn.parameters.size(); ++i) {
    const Parameter &p = fn.parameters[i];
    TypeRef type = p.type ? program.typeOf(p.type) : nullptr;
    if (p.type && !type)
      return fail("");
    if (i < args.size()) {
      f.env[p.name] = withType(std::move(args[i]), type);
      continue;
    }
    auto given = llvm::find_if(keywords, [&](auto &k) { return k.first == p.name; });
    if (given != keywords.end())
      f.env[p.name] = withType(given->second, type);
    else if (p.defaultValue)
      f.env[p.name] = constantExpr(p.defaultValue, type);
    else
      return fail("'" + fn.name + "' lacks its argument '" + p.name + "'");
  }
  frames.push_back(std::move(f));
  Location saved = g.loc;
  run(fn.body, frames.back());
  Value result = std::move(frames.back().result);
  frames.pop_back();
  g.loc = saved;
  return result;
}

Value Evaluator::callMethod(const Value &object, const std::string &name, std::vector<Value> args,
                            std::vector<std::pair<std::string, Value>> keywords) {
  if (halted())
    return {};
  if (!object.is(Value::Kind::Object))
    return fail("calls '" + name + "' of " + torch::toString(*typeOf(object)));
  const ClassInfo &info = *object.object->type;
  auto it = info.methods.find(name);
  if (it == info.methods.end())
    return fail("class '" + info.name + "' has no method '" + name + "'");
  args.insert(args.begin(), object);
  Value result = call(*it->second, std::move(args), std::move(keywords), object.object->path);
  StringRef call = name; // traces have `forward1` for a module's second call
  bool isForward = call.consume_front("forward") && llvm::all_of(call, llvm::isDigit);
  if (isForward && !object.object->path.empty())
    keep(object.object->path, "", result);
  return result;
}

/// Takes a copy: what is kept is what the value was then.
void Evaluator::keep(StringRef path, StringRef name, const Value &v) {
  if (options.keep.empty() || halted())
    return;
  std::string full = (path + (path.empty() || name.empty() ? "" : ".") + name).str();
  if (!llvm::is_contained(options.keep, full))
    return;
  auto &slot = kept[full];
  if (speculating)
    return void(slot.reset());
  std::vector<mlir::Value> parts;
  if (!flatten(v, parts)) { // of an op that is not known, which was told
    if (!halted() && unsupportedOps.empty() && !onnx::hasErrors(problems))
      fail("'" + full + "' has no value to keep");
    return void(kept.erase(full));
  }
  ArrayRef<mlir::Value> in = parts;
  slot = rebuild(v, in);
}

//===-- Statements ---------------------------------------------------------===//

void Evaluator::locate(Frame &f, const Expr *e) {
  f.line = e->line, f.offset = e->offset;
  if (!f.function)
    return;
  auto file = FileLineColLoc::get(g.b.getContext(), f.function->file->path, e->line, 0);
  std::string name = f.path.empty() ? f.function->name : f.path;
  g.loc = NameLoc::get(g.b.getStringAttr(name), file);
}

void Evaluator::run(const std::vector<const Stmt *> &body, Frame &f) {
  for (const Stmt *s : body) {
    if (halted() || f.returned)
      return;
    run(s, f);
  }
}

void Evaluator::run(const Stmt *s, Frame &f) {
  f.line = s->line, f.offset = s->offset;
  Level one(*this);
  if (!spend(1) || !mayNest())
    return;
  switch (s->kind) {
  case Stmt::Kind::Return:
    f.result = s->value
                   ? eval(s->value, f, f.function && f.function->result ? program.typeOf(f.function->result) : nullptr)
                   : Value();
    f.returned = true;
    return;
  case Stmt::Kind::Pass:
    return;
  case Stmt::Kind::Expr:
    eval(s->value, f);
    return;
  case Stmt::Kind::Assign:
    return assign(s, f);
  case Stmt::Kind::If:
    return runIf(s, f);
  case Stmt::Kind::While:
    return runWhile(s, f);
  case Stmt::Kind::For:
    return runFor(s, f);
  case Stmt::Kind::With:
    return runWith(s, f);
  case Stmt::Kind::Def: {
    Value v;
    v.kind = Value::Kind::Function;
    v.function = s->function;
    if (!spend(8 * f.env.size())) // each of them lives on
      return;
    v.captured = std::make_shared<Closure>();
    v.captured->env = f.env;
    f.env[s->name] = v;
    return;
  }
  }
}

void Evaluator::assign(const Stmt *s, Frame &f) {
  TypeRef type = s->type ? program.typeOf(s->type) : nullptr;
  if (s->type && !type)
    return void(fail(""));
  std::vector<Value> values;
  for (const Expr *e : s->values) {
    values.push_back(withType(eval(e, f, type), type));
    if (halted())
      return;
  }
  if (s->unpack && values[0].is(Value::Kind::Tensor) && !space.read(values[0].tensor)) {
    values.resize(s->targets.size(), values[0]); // of an op that is not known, which was told
  } else if (s->unpack) {
    if (!values[0].list)
      return void(fail("unpacks " + torch::toString(*typeOf(values[0]))));
    std::vector<Value> items = values[0].list->items;
    if (items.size() != s->targets.size())
      return void(fail("unpacks " + Twine(items.size()) + " values to " + Twine(s->targets.size()) + " names"));
    values = std::move(items);
  }
  for (size_t i = 0; i < s->targets.size(); ++i) {
    const Expr *target = s->targets[i];
    if (target->is(Expr::Kind::Name)) {
      f.env[target->text] = std::move(values[i]);
      keep(f.path, target->text, f.env[target->text]);
      continue;
    }
    Value base = eval(target->items[0], f);
    if (halted())
      return;
    if (!base.is(Value::Kind::Object))
      return void(fail("sets an attribute of " + torch::toString(*typeOf(base))));
    auto declared = base.object->type->attributes.find(target->text);
    setAttribute(
        base.object, target->text,
        withType(std::move(values[i]), declared == base.object->type->attributes.end() ? nullptr : declared->second));
  }
}

void Evaluator::runWith(const Stmt *s, Frame &f) {
  Value context = eval(s->value, f);
  Value entered = callMethod(context, "__enter__", {});
  if (halted())
    return;
  if (!s->name.empty())
    f.env[s->name] = entered;
  run(s->body, f);
  callMethod(context, "__exit__", {Value(), Value(), Value()});
}

} // namespace wick::compiler::torchscript
