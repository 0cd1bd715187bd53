// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Modules of nn.h and the loading of their parameters; Layers.cpp has the layers.
//
#include "compiler/frontend/torch/archive/StateDict.h"
#include "compiler/frontend/trace/TraceState.h"

namespace wick {
namespace torch = compiler::torch;

//===-- State dicts --------------------------------------------------------===//

static const torch::StateDict *dictOf(const std::shared_ptr<const void> &state) {
  return static_cast<const torch::StateDict *>(state.get());
}

StateDict StateDict::open(const std::string &path) {
  StateDict out;
  auto read = torch::StateDict::open(path);
  if (read)
    out.state = std::make_shared<torch::StateDict>(std::move(*read));
  else
    out.problem = llvm::toString(read.takeError());
  return out;
}

std::vector<std::string> StateDict::names() const {
  std::vector<std::string> out;
  if (state)
    for (const auto &[name, tensor] : dictOf(state)->tensors())
      out.push_back(name);
  return out;
}

bool StateDict::contains(const std::string &name) const { return state && dictOf(state)->find(name); }

std::vector<int64_t> StateDict::shape(const std::string &name) const {
  const torch::TensorData *t = state ? dictOf(state)->find(name) : nullptr;
  return t ? std::vector<int64_t>(t->sizes().begin(), t->sizes().end()) : std::vector<int64_t>();
}

namespace nn {

//===-- Modules ------------------------------------------------------------===//

Parameter &Module::parameter(std::string parameterName, std::vector<int64_t> shape) {
  parameters.push_back(std::make_unique<Parameter>());
  Parameter &p = *parameters.back();
  p.name = std::move(parameterName), p.shape = std::move(shape);
  return p;
}

void Module::child(std::string childName, Module &module) {
  module.name = childName, module.parent = this;
  children.push_back({std::move(childName), &module});
}

std::string Module::path() const {
  std::string above = parent ? parent->path() : "";
  return above.empty() ? name : above + "." + name;
}

static std::string shapeText(llvm::ArrayRef<int64_t> shape) {
  std::string out = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    out += (i ? ", " : "") + std::to_string(shape[i]);
  return out + "]";
}

void Module::loadInto(const StateDict &dict, const std::string &prefix, std::vector<std::string> &problems) {
  for (auto &p : parameters) {
    p->fullName = prefix + p->name;
    const torch::TensorData *found = dict.state ? dictOf(dict.state)->find(p->fullName) : nullptr;
    p->problem.clear();
    if (!dict.error().empty())
      p->problem = dict.error();
    else if (!found)
      p->problem = "there is no '" + p->fullName + "'";
    else if (found->sizes() != llvm::ArrayRef<int64_t>(p->shape))
      p->problem = "'" + p->fullName + "' is " + shapeText(found->sizes()) + ", expected " + shapeText(p->shape);
    else
      p->data = std::make_shared<torch::TensorData>(*found);
    if (!p->problem.empty())
      problems.push_back(p->problem);
  }
  for (auto &[childName, module] : children)
    module->loadInto(dict, prefix + childName + ".", problems);
}

std::vector<std::string> Module::load(const StateDict &dict, const std::string &prefix) {
  std::vector<std::string> problems;
  loadInto(dict, prefix, problems);
  return dict.error().empty() ? problems : std::vector{dict.error()};
}

void Module::collect(const std::string &prefix, std::vector<std::string> &names) const {
  for (const auto &p : parameters)
    names.push_back(prefix + p->name);
  for (const auto &[childName, module] : children)
    module->collect(prefix + childName + ".", names);
}

std::vector<std::string> Module::parameterNames() const {
  std::vector<std::string> out;
  collect("", out);
  return out;
}

Tensor Module::on(const Tensor &near, Parameter &p, Where where) {
  if (!near.given())
    return {};
  trace::GraphState &s = *near.state->graph;
  if (s.used) // the op that takes it tells
    return {};
  Tensor &known = s.parameters[&p];
  if (known.given())
    return known;
  auto data = static_cast<const torch::TensorData *>(p.data.get());
  std::string name = p.fullName.empty() ? p.name : p.fullName;
  auto fail = [&](const std::string &why) {
    if (s.told.insert(why).second) // a file that cannot be read is told once
      s.note("parameter", where, why);
    return known = s.wrap(s.space->make({}));
  };
  if (!data)
    return fail(!p.problem.empty() ? p.problem : "'" + name + "' has no elements; load it before the module is called");
  mlir::Type elem = torch::elementType(data->dtype(), s.context.get());
  if (!elem)
    return fail("dtype " + torch::dtypeName(data->dtype()).str() + " is not supported");
  auto bytes = data->dense();
  if (!bytes)
    return fail(llvm::toString(bytes.takeError()));
  return known = s.constant(elem, data->sizes(), bytes->data, bytes->owner, name, where);
}

Scope::Scope(const Tensor &near, const Module &module) {
  if (!near.given())
    return;
  graph = near.state->graph;
  before = std::exchange(graph->path, module.path());
}

Scope::~Scope() {
  if (graph)
    graph->path = std::move(before);
}

} // namespace nn
} // namespace wick
