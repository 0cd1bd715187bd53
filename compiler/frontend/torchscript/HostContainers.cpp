// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Host ops on lists, dicts and strings. Arguments have been matched to a schema, so
// their kinds hold; values of the running program may stand for numbers and bools.
//
#include "compiler/frontend/torchscript/HostOps.h"

#include <algorithm>

using namespace mlir;
namespace wick::compiler::torchscript {

using Args = std::vector<Value>;
using K = Value::Kind;

/// A list's index in [0, size), or none (and an error).
static std::optional<size_t> indexOf(Evaluator &ev, const Value &v, size_t size, bool end = false) {
  auto i = ev.needInt(v, "an index of a list");
  if (!i)
    return std::nullopt;
  int64_t n = int64_t(size), k = *i < 0 ? *i + n : *i;
  if (end)
    return size_t(std::clamp<int64_t>(k, 0, n));
  if (k < 0 || k >= n) {
    ev.fail("index " + Twine(*i) + " of a list of " + Twine(n));
    return std::nullopt;
  }
  return size_t(k);
}

static Value counted(Evaluator &ev, Value list) { return !list.list || ev.weigh(list.list) ? list : Value(); }

static Value ints(Evaluator &ev, size_t n) { return valueOf(ev.g.expr(int64_t(n))); }

/// The entry of a key; -1 when it is not there.
static int64_t findKey(Evaluator &ev, const DictData &d, const Value &key) {
  for (size_t i = 0; i < d.entries.size() && !ev.halted(); ++i) {
    Value same = ev.equals(d.entries[i].first, key);
    if (ev.halted())
      return -1;
    if (!same.isKnown())
      return ev.fail("the key of a dict must be known when importing"), -1;
    if (same.boolean)
      return int64_t(i);
  }
  return -1;
}

static Value getItem(Evaluator &ev, const Schema &, Args &a) {
  if (a[0].is(K::Dict)) {
    int64_t i = findKey(ev, *a[0].dict, a[1]);
    return i < 0 ? ev.fail("there is no key " + ev.format(a[1])) : a[0].dict->entries[i].second;
  }
  if (a[0].is(K::Str)) {
    auto i = indexOf(ev, a[1], a[0].text.size());
    return i ? textValue(a[0].text.substr(*i, 1)) : Value();
  }
  auto i = indexOf(ev, a[1], a[0].list->items.size());
  return i ? a[0].list->items[*i] : Value();
}

static Value setItem(Evaluator &ev, const Schema &, Args &a) {
  if (a[0].is(K::Dict)) {
    int64_t i = findKey(ev, *a[0].dict, a[1]);
    if (ev.halted())
      return {};
    if (!ev.mayHold(a[0].dict.get(), a[1]) || !ev.mayHold(a[0].dict.get(), a[2]))
      return {};
    ev.touch(a[0].dict);
    if (i < 0)
      a[0].dict->entries.push_back({a[1], a[2]});
    else
      a[0].dict->entries[i].second = a[2];
    ev.weigh(a[0].dict);
    return {};
  }
  if (auto i = indexOf(ev, a[1], a[0].list->items.size()); i && ev.mayHold(a[0].list.get(), a[2])) {
    ev.touch(a[0].list);
    a[0].list->items[*i] = a[2];
  }
  return a[0];
}

static Value append(Evaluator &ev, const Schema &, Args &a) {
  if (!ev.mayHold(a[0].list.get(), a[1]))
    return {};
  ev.touch(a[0].list);
  a[0].list->items.push_back(a[1]);
  return ev.weigh(a[0].list) ? a[0] : Value();
}

static Value insert(Evaluator &ev, const Schema &, Args &a) {
  auto i = indexOf(ev, a[1], a[0].list->items.size(), true);
  if (!i || !ev.mayHold(a[0].list.get(), a[2]) || !ev.spend(a[0].list->items.size() / 4))
    return {};
  ev.touch(a[0].list);
  a[0].list->items.insert(a[0].list->items.begin() + *i, a[2]);
  ev.weigh(a[0].list);
  return {};
}

static Value pop(Evaluator &ev, const Schema &, Args &a) {
  if (a[0].is(K::Dict)) {
    int64_t i = findKey(ev, *a[0].dict, a[1]);
    if (i < 0)
      return ev.fail("there is no key " + ev.format(a[1]));
    ev.touch(a[0].dict);
    Value v = a[0].dict->entries[i].second;
    a[0].dict->entries.erase(a[0].dict->entries.begin() + i);
    return v;
  }
  auto i = indexOf(ev, a[1], a[0].list->items.size());
  if (!i || !ev.spend((a[0].list->items.size() - *i) / 4))
    return {};
  ev.touch(a[0].list);
  Value v = a[0].list->items[*i];
  a[0].list->items.erase(a[0].list->items.begin() + *i);
  return v;
}

static Value removeItem(Evaluator &ev, const Schema &, Args &a) {
  if (a[0].is(K::Dict)) { // Delete of a dict's entry
    int64_t i = findKey(ev, *a[0].dict, a[1]);
    if (i < 0)
      return ev.fail("there is no key " + ev.format(a[1]));
    ev.touch(a[0].dict);
    a[0].dict->entries.erase(a[0].dict->entries.begin() + i);
    return {};
  }
  auto i = indexOf(ev, a[1], a[0].list->items.size());
  if (!i || !ev.spend((a[0].list->items.size() - *i) / 4))
    return {};
  ev.touch(a[0].list);
  a[0].list->items.erase(a[0].list->items.begin() + *i);
  return {};
}

static Value extend(Evaluator &ev, const Schema &, Args &a) {
  std::vector<Value> more = a[1].list->items;
  if (!ev.mayGrow(more.size()))
    return {};
  for (const Value &v : more)
    if (!ev.mayHold(a[0].list.get(), v))
      return {};
  ev.touch(a[0].list);
  a[0].list->items.insert(a[0].list->items.end(), more.begin(), more.end());
  ev.weigh(a[0].list);
  return {};
}

static Value reverse(Evaluator &ev, const Schema &, Args &a) {
  ev.touch(a[0].list);
  ev.spend(a[0].list->items.size() / 4);
  std::reverse(a[0].list->items.begin(), a[0].list->items.end());
  return {};
}

static Value clear(Evaluator &ev, const Schema &, Args &a) {
  if (a[0].is(K::Dict))
    ev.touch(a[0].dict), a[0].dict->entries.clear();
  else
    ev.touch(a[0].list), a[0].list->items.clear();
  return {};
}

static Value length(Evaluator &ev, const Schema &, Args &a) {
  switch (a[0].kind) {
  case K::Dict:
    return ints(ev, a[0].dict->entries.size());
  case K::Str:
    return ints(ev, a[0].text.size());
  case K::Tensor: {
    mlir::Value v = ev.read(a[0]);
    if (!v)
      return {};
    return ev.g.rank(v) > int64_t(a[0].tensor->isComplex) ? valueOf(ev.g.dim(v, 0))
                                                          : ev.fail("a tensor of rank 0 has no length");
  }
  default:
    return a[0].list ? ints(ev, a[0].list->items.size()) : ev.fail("len of " + ev.format(a[0]));
  }
}

static Value contains(Evaluator &ev, const Schema &, Args &a) {
  if (a[0].is(K::Dict))
    return valueOf(findKey(ev, *a[0].dict, a[1]) >= 0);
  if (a[0].is(K::Str))
    return valueOf(a[0].text.find(a[1].text) != std::string::npos);
  Value any = valueOf(false);
  for (const Value &x : a[0].list->items) {
    Value same = ev.equals(x, a[1]);
    if (ev.halted() || (same.isKnown() && same.boolean))
      return same;
    if (!same.isKnown())
      any = any.isKnown() ? same : scalarValue(K::Bool, ev.g.create<graph::OrOp>({any.scalar, same.scalar}));
  }
  return any;
}

static Value keys(Evaluator &ev, const Schema &, Args &a) {
  std::vector<Value> out;
  if (!ev.mayGrow(a[0].dict->entries.size()))
    return {};
  for (auto &[key, value] : a[0].dict->entries)
    out.push_back(key);
  return counted(ev, listValue(std::move(out), a[0].dict->type ? a[0].dict->type->args[0] : nullptr));
}
static Value values(Evaluator &ev, const Schema &, Args &a) {
  std::vector<Value> out;
  if (!a[0].is(K::Dict)) // sparse tensors have values too
    return ev.fail("values of " + ev.format(a[0]));
  if (!ev.mayGrow(a[0].dict->entries.size()))
    return {};
  for (auto &[key, value] : a[0].dict->entries)
    out.push_back(value);
  return counted(ev, listValue(std::move(out), a[0].dict->type ? a[0].dict->type->args[1] : nullptr));
}
static Value items(Evaluator &ev, const Schema &, Args &a) {
  std::vector<Value> out;
  if (!ev.mayGrow(3 * a[0].dict->entries.size()))
    return {};
  for (auto &[key, value] : a[0].dict->entries)
    out.push_back(counted(ev, tupleValue({key, value})));
  return counted(ev, listValue(std::move(out)));
}

static Value getOr(Evaluator &ev, const Schema &, Args &a) {
  int64_t i = findKey(ev, *a[0].dict, a[1]);
  if (ev.halted())
    return {};
  return i >= 0 ? a[0].dict->entries[i].second : a.size() > 2 ? a[2] : Value();
}

static Value update(Evaluator &ev, const Schema &s, Args &a) {
  for (auto &[key, value] : std::vector(a[1].dict->entries)) {
    Args one{a[0], key, value};
    setItem(ev, s, one);
    if (ev.halted())
      return {};
  }
  return {};
}

static Value dict(Evaluator &ev, const Schema &s, Args &a) {
  Value v;
  v.kind = K::Dict;
  v.dict = std::make_shared<DictData>();
  if (a.empty())
    return v;
  if (a[0].is(K::Dict)) {
    if (!ev.mayGrow(2 * a[0].dict->entries.size()))
      return {};
    *v.dict = *a[0].dict;
    return ev.weigh(v.dict) ? v : Value();
  }
  for (const Value &pair : a[0].list->items) {
    if (ev.halted() || !pair.list || pair.list->items.size() != 2)
      return ev.fail("makes a dict of " + ev.format(pair));
    Args one{v, pair.list->items[0], pair.list->items[1]};
    setItem(ev, s, one);
  }
  return v;
}

/// list(), and copy() of lists and dicts.
static Value list(Evaluator &ev, const Schema &s, Args &a) {
  if (a[0].is(K::Dict))
    return dict(ev, s, a);
  std::vector<Value> out;
  if (!ev.mayGrow(a[0].is(K::Str) ? a[0].text.size() : a[0].list->items.size()))
    return {};
  if (a[0].is(K::Str)) {
    for (char c : a[0].text)
      out.push_back(textValue(std::string(1, c)));
    return counted(ev, listValue(std::move(out), torch::scalarType("str")));
  }
  return counted(ev, listValue(a[0].list->items, a[0].list->elem));
}

static Value slice(Evaluator &ev, const Schema &, Args &a) {
  int64_t n = a[0].is(K::Str) ? int64_t(a[0].text.size()) : int64_t(a[0].list->items.size());
  auto step = ev.needInt(a[3], "the step of a slice");
  if (!step || *step == 0)
    return ev.fail("a slice has step 0");
  int64_t bounds[2] = {*step > 0 ? 0 : n - 1, *step > 0 ? n : -1};
  for (int k = 0; k < 2; ++k) {
    if (a[1 + k].isNone())
      continue;
    auto v = ev.needInt(a[1 + k], "a bound of a slice");
    if (!v)
      return {};
    bounds[k] = *v < 0 ? *v + n : *v;
    bounds[k] = *step > 0 ? std::clamp<int64_t>(bounds[k], 0, n) : std::clamp<int64_t>(bounds[k], -1, n - 1);
  }
  Value out = a[0].is(K::Str) ? textValue("") : listValue({}, a[0].list->elem);
  int64_t by = std::clamp(*step, -n - 1, n + 1); // longer steps go as far
  if (!ev.mayGrow(n))
    return {};
  for (int64_t i = bounds[0]; by > 0 ? i < bounds[1] : i > bounds[1]; i += by)
    if (a[0].is(K::Str))
      out.text += a[0].text[size_t(i)];
    else
      out.list->items.push_back(a[0].list->items[size_t(i)]);
  return counted(ev, out);
}

static Value find(Evaluator &ev, const Schema &, Args &a) {
  if (a[0].is(K::Str))
    return valueOf(ev.g.expr(int64_t(StringRef(a[0].text).find(a[1].text))));
  for (size_t i = 0; i < a[0].list->items.size(); ++i) {
    Value same = ev.equals(a[0].list->items[i], a[1]);
    if (ev.halted())
      return {};
    if (same.isKnown() && same.boolean)
      return ints(ev, i);
  }
  return ev.fail(ev.format(a[1]) + " is not in the list");
}

static Value sorted(Evaluator &ev, const Schema &, Args &a) {
  std::vector<Value> items = a[0].list->items;
  bool reverse = a.size() > 1 && a[1].is(K::Bool) && a[1].boolean;
  auto less = [&](const Value &x, const Value &y) {
    if (!ev.spend(1))
      return false;
    Value v = ev.compare(reverse ? "gt" : "lt", x, y);
    if (!v.isKnown())
      ev.fail("sorts a list whose elements are not known");
    return v.boolean && v.isKnown();
  };
  for (size_t i = 1; i < items.size() && !ev.halted(); ++i) // insertion: stable, and safe with any `less`
    for (size_t k = i; k > 0 && less(items[k], items[k - 1]); --k)
      std::swap(items[k], items[k - 1]);
  return counted(ev, listValue(std::move(items), a[0].list->elem));
}

static Value sortInPlace(Evaluator &ev, const Schema &s, Args &a) {
  Value v = sorted(ev, s, a);
  if (ev.halted())
    return {};
  ev.touch(a[0].list);
  a[0].list->items = v.list->items;
  return {};
}

static Value wait(Evaluator &, const Schema &, Args &a) { return a[0]; }

void addContainerOps(HostTable &t) {
  for (auto [name, fn] : std::initializer_list<std::pair<const char *, Evaluator::HostFn>>{{"__getitem__", getItem},
                                                                                           {"_set_item", setItem},
                                                                                           {"append", append},
                                                                                           {"insert", insert},
                                                                                           {"pop", pop},
                                                                                           {"Delete", removeItem},
                                                                                           {"extend", extend},
                                                                                           {"reverse", reverse},
                                                                                           {"clear", clear},
                                                                                           {"len", length},
                                                                                           {"__contains__", contains},
                                                                                           {"keys", keys},
                                                                                           {"values", values},
                                                                                           {"items", items},
                                                                                           {"get", getOr},
                                                                                           {"update", update},
                                                                                           {"dict", dict},
                                                                                           {"list", list},
                                                                                           {"sorted", sorted},
                                                                                           {"wait", wait}})
    t["aten::" + std::string(name)] = {fn, true};
  for (auto [name, fn] : std::initializer_list<std::pair<const char *, Evaluator::HostFn>>{
           {"slice", slice}, {"copy", list}, {"index", find}, {"find", find}, {"sort", sortInPlace}})
    t["aten::" + std::string(name)] = {fn, false};
}

//===-- Strings ------------------------------------------------------------===//

static Value format(Evaluator &ev, const Schema &, Args &a) {
  std::string out;
  StringRef rest(a[0].text);
  for (size_t i = 1;; ++i) {
    auto [head, tail] = rest.split("{}");
    out += head;
    if (head.size() == rest.size())
      break;
    out += i < a.size() ? a[i].is(K::Str) ? a[i].text : ev.format(a[i]) : "{}";
    rest = tail;
    if (!ev.spend(1) || out.size() > ev.options.maxElements)
      return ev.text(out);
  }
  return ev.text(out);
}

static Value join(Evaluator &ev, const Schema &, Args &a) {
  std::string out;
  for (size_t i = 0; i < a[1].list->items.size() && out.size() <= ev.options.maxElements; ++i)
    out += (i ? a[0].text : "") + a[1].list->items[i].text;
  return ev.text(out);
}

static Value split(Evaluator &ev, const Schema &, Args &a) {
  if (a.size() < 2 || (!a[1].isNone() && a[1].text.empty()))
    return ev.fail("splits a string by nothing");
  SmallVector<StringRef> parts;
  StringRef(a[0].text).split(parts, a[1].isNone() ? StringRef(" ") : StringRef(a[1].text), -1, !a[1].isNone());
  if (!ev.mayGrow(parts.size()))
    return {};
  std::vector<Value> out;
  for (StringRef p : parts)
    out.push_back(textValue(p.str()));
  return counted(ev, listValue(std::move(out), torch::scalarType("str")));
}

static Value replace(Evaluator &ev, const Schema &, Args &a) {
  std::string out;
  StringRef rest(a[0].text);
  while (!a[1].text.empty() && rest.contains(a[1].text)) {
    auto [head, tail] = rest.split(a[1].text);
    out += head.str() + a[2].text;
    rest = tail;
    if (!ev.spend(1) || out.size() > ev.options.maxElements)
      return ev.text(out);
  }
  return ev.text(out + rest.str());
}

static Value startsWith(Evaluator &, const Schema &, Args &a) {
  return valueOf(StringRef(a[0].text).starts_with(a[1].text));
}
static Value endsWith(Evaluator &, const Schema &, Args &a) {
  return valueOf(StringRef(a[0].text).ends_with(a[1].text));
}
static Value lower(Evaluator &, const Schema &, Args &a) { return textValue(StringRef(a[0].text).lower()); }
static Value upper(Evaluator &, const Schema &, Args &a) { return textValue(StringRef(a[0].text).upper()); }
static Value strip(Evaluator &, const Schema &, Args &a) { return textValue(StringRef(a[0].text).trim().str()); }
static Value text(Evaluator &ev, const Schema &, Args &a) { return ev.text(ev.format(a[0])); }

static Value device(Evaluator &, const Schema &, Args &) { return textValue("cpu", K::Device); }
static Value deviceType(Evaluator &, const Schema &, Args &) { return textValue("cpu"); }
static Value drop(Evaluator &, const Schema &, Args &) { return {}; }
static Value gradEnabled(Evaluator &ev, const Schema &, Args &) { return valueOf(ev.options.gradEnabled); }
static Value no(Evaluator &, const Schema &, Args &) { return valueOf(false); }
static Value yes(Evaluator &, const Schema &, Args &) { return valueOf(true); }

static Value raise(Evaluator &ev, const Schema &, Args &a) {
  if (!ev.halted()) {
    ev.raised = true;
    ev.raiseMessage = a[0].text;
  }
  return {};
}

static Value is(Evaluator &ev, const Schema &, Args &a) {
  if (a[0].isNone() || a[1].isNone())
    return valueOf(a[0].isNone() && a[1].isNone());
  return ev.equals(a[0], a[1]);
}
static Value isNot(Evaluator &ev, const Schema &s, Args &a) { return ev.logicalNot(is(ev, s, a)); }

void addTextOps(HostTable &t) {
  for (auto [name, fn] :
       std::initializer_list<std::pair<const char *, Evaluator::HostFn>>{{"format", format},
                                                                         {"join", join},
                                                                         {"replace", replace},
                                                                         {"startswith", startsWith},
                                                                         {"endswith", endsWith},
                                                                         {"lower", lower},
                                                                         {"upper", upper},
                                                                         {"strip", strip},
                                                                         {"str", text},
                                                                         {"device", device},
                                                                         {"warn", drop},
                                                                         {"is_grad_enabled", gradEnabled},
                                                                         {"set_grad_enabled", drop},
                                                                         {"is_autocast_enabled", no},
                                                                         {"is_autocast_cpu_enabled", no},
                                                                         {"is_scripting", yes},
                                                                         {"__is__", is},
                                                                         {"__isnot__", isNot},
                                                                         {"manual_seed", drop},
                                                                         {"_assert_tensor_metadata", drop}})
    t["aten::" + std::string(name)] = {fn, true};
  t["aten::split"] = {split, false};
  t["prim::RaiseException"] = {raise, true};
  t["prim::type"] = {deviceType, true};
}

} // namespace wick::compiler::torchscript
