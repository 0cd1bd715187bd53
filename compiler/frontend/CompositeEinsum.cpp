// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Einsum as a chain of pairwise products: each pair becomes one matmul (labels in
// both and in the result are batch dims, labels in both only are contracted), or a
// broadcast product where nothing is contracted.
//
#include "compiler/frontend/Composites.h"

using namespace mlir;
namespace wick::compiler {

namespace {
/// A letter, or -k for the k-th dim of the ellipsis from its end.
using Labels = SmallVector<int>;
struct Term {
  Value value;
  Labels labels;
};
struct Equation {
  SmallVector<Labels> inputs;
  Labels output;
};
} // namespace

static bool parseTerm(StringRef text, int64_t rank, Labels &out) {
  size_t at = text.find("...");
  bool dots = at != StringRef::npos;
  int64_t letters = int64_t(text.size()) - (dots ? 3 : 0);
  if (letters > rank || (!dots && letters != rank))
    return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (dots && i == at) {
      for (int64_t k = rank - letters; k > 0; --k)
        out.push_back(-int(k));
      i += 2;
    } else if (isalpha(text[i])) {
      out.push_back(text[i]);
    } else {
      return false;
    }
  }
  return true;
}

static bool parse(GraphBuilder &g, StringRef equation, ArrayRef<Value> operands, Equation &eq) {
  std::string text;
  for (char c : equation)
    if (c != ' ')
      text += c;
  auto [left, right] = StringRef(text).split("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  if (terms.size() != operands.size())
    return false;
  int64_t dots = 0;
  for (auto [i, term] : llvm::enumerate(terms)) {
    if (!parseTerm(term, g.rank(operands[i]), eq.inputs.emplace_back()))
      return false;
    dots = std::max<int64_t>(dots, llvm::count_if(eq.inputs.back(), [](int l) { return l < 0; }));
  }
  if (text.find("->") != std::string::npos)
    return parseTerm(
        right, int64_t(right.size()) - (right.contains("...") ? 3 : 0) + (right.contains("...") ? dots : 0), eq.output);
  // Implicit: the ellipsis, then the letters that occur once, in alphabetical order.
  for (int64_t k = dots; k > 0; --k)
    eq.output.push_back(-int(k));
  for (int c = 0; c < 128; ++c)
    if (isalpha(c) && std::count(left.begin(), left.end(), char(c)) == 1)
      eq.output.push_back(c);
  return true;
}

/// Keeps the diagonal over dims with the same label.
static void takeDiagonals(GraphBuilder &g, Term &t) {
  for (size_t i = 0; t.value && i < t.labels.size(); ++i)
    for (size_t j = i + 1; t.value && j < t.labels.size();) {
      if (t.labels[i] != t.labels[j]) {
        ++j;
        continue;
      }
      Type i64 = g.b.getI64Type();
      auto along = [&](size_t d) {
        Exprs shape(t.labels.size(), g.expr(1));
        shape[d] = g.dim(t.value, d);
        return g.reshape(g.iota(i64, shape[d]), shape);
      };
      Value on = g.create<graph::EqualOp>({along(i), along(j)});
      Value kept = g.where(on, t.value, g.scalarLike(t.value, 0));
      t.value = g.squeeze(g.reduce(kept, graph::ReduceKind::Sum, {int64_t(j)}), {int64_t(j)});
      t.labels.erase(t.labels.begin() + j);
    }
}

/// Sums over the labels that `keep` refuses.
static void sumOut(GraphBuilder &g, Term &t, function_ref<bool(int)> keep) {
  SmallVector<int64_t> axes;
  Labels left;
  for (auto [i, l] : llvm::enumerate(t.labels))
    keep(l) ? left.push_back(l) : axes.push_back(i);
  t.value = g.squeeze(g.reduce(t.value, graph::ReduceKind::Sum, axes), axes);
  t.labels = left;
}

/// Dims in the order of `labels`; those that t lacks have size 1.
static Value arrange(GraphBuilder &g, const Term &t, ArrayRef<int> labels) {
  SmallVector<int64_t> perm;
  Exprs shape;
  for (int l : labels) {
    auto it = llvm::find(t.labels, l);
    shape.push_back(it == t.labels.end() ? g.expr(1) : g.dim(t.value, it - t.labels.begin()));
    if (it != t.labels.end())
      perm.push_back(it - t.labels.begin());
  }
  return g.reshape(g.transpose(t.value, perm), shape);
}

static Term multiply(GraphBuilder &g, Term a, Term c, function_ref<bool(int)> needed) {
  auto in = [](const Term &t, int l) { return llvm::is_contained(t.labels, l); };
  sumOut(g, a, [&](int l) { return needed(l) || in(c, l); });
  sumOut(g, c, [&](int l) { return needed(l) || in(a, l); });
  if (!a.value || !c.value)
    return {};
  Labels batch, freeA, freeC, inner;
  for (int l : a.labels)
    (in(c, l) ? (needed(l) ? batch : inner) : freeA).push_back(l);
  for (int l : c.labels)
    if (!in(a, l))
      freeC.push_back(l);
  Term out;
  llvm::append_range(out.labels, batch), llvm::append_range(out.labels, freeA), llvm::append_range(out.labels, freeC);
  if (inner.empty()) {
    out.value = g.mul(arrange(g, a, out.labels), arrange(g, c, out.labels));
    return out;
  }
  auto order = [](Labels x, const Labels &y, const Labels &z) {
    llvm::append_range(x, y), llvm::append_range(x, z);
    return x;
  };
  Value va = arrange(g, a, order(batch, freeA, inner)), vc = arrange(g, c, order(batch, inner, freeC));
  if (!va || !vc)
    return {};
  Exprs da = g.dims(va), dc = g.dims(vc);
  size_t nb = batch.size();
  auto part = [&](const Exprs &d, size_t from, size_t count) { return g.count(ArrayRef(d).slice(from, count)); };
  Exprs sa(da.begin(), da.begin() + nb), sc(dc.begin(), dc.begin() + nb);
  sa.append({part(da, nb, freeA.size()), part(da, nb + freeA.size(), inner.size())});
  sc.append({part(dc, nb, inner.size()), part(dc, nb + inner.size(), freeC.size())});
  Value v = g.matmul(g.reshape(va, sa), g.reshape(vc, sc));
  if (!v)
    return {};
  Exprs shape = g.dims(v);
  shape.resize(nb);
  shape.append(da.begin() + nb, da.begin() + nb + freeA.size());
  shape.append(dc.begin() + nb + inner.size(), dc.end());
  out.value = g.reshape(v, shape);
  return out;
}

Value einsum(GraphBuilder &g, StringRef equation, ArrayRef<Value> operands) {
  Equation eq;
  if (operands.empty() || llvm::any_of(operands, [](Value v) { return !v; }) || !parse(g, equation, operands, eq))
    return g.fail("equation '" + equation + "' does not fit the operands");
  SmallVector<Term> terms;
  for (auto [i, labels] : llvm::enumerate(eq.inputs)) {
    terms.push_back({operands[i], labels});
    takeDiagonals(g, terms.back());
  }
  Term acc = terms[0];
  for (size_t i = 1; i < terms.size() && acc.value; ++i)
    acc = multiply(g, acc, terms[i], [&](int l) {
      return llvm::is_contained(eq.output, l) || std::any_of(terms.begin() + i + 1, terms.end(), [&](const Term &t) {
               return llvm::is_contained(t.labels, l);
             });
    });
  if (!acc.value)
    return {};
  sumOut(g, acc, [&](int l) { return llvm::is_contained(eq.output, l); });
  return acc.value ? arrange(g, acc, eq.output) : Value();
}

} // namespace wick::compiler
