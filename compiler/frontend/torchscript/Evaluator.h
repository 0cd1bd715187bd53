// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Import by partial evaluation: a method is run on the syntax tree with host values
// known and tensors standing for graph values, so that calls, containers, attribute
// access, shape arithmetic and decided branches leave nothing behind. What only the
// running program can decide becomes wick.if, wick.loop and wick.assert.
//
// An error sticks (`stopped`) and ends the evaluation; an op without an
// implementation does not: its results are tensors without value, so that one run
// tells all of them. Private to this folder.
//
#ifndef WICK_COMPILER_FRONTEND_TORCHSCRIPT_EVALUATOR_H
#define WICK_COMPILER_FRONTEND_TORCHSCRIPT_EVALUATOR_H

#include "compiler/frontend/OpLimit.h"
#include "compiler/frontend/onnx/Model.h"
#include "compiler/frontend/torch/Schema.h"
#include "compiler/frontend/torchscript/Program.h"
#include "compiler/frontend/torchscript/Value.h"

#include <set>

namespace wick::compiler::torchscript {

using torch::Schema;
using torch::TypeRef;

struct EvalOptions {
  uint64_t maxUnroll = 4096;        ///< trips of one loop that are written out (--max-unroll)
  uint64_t maxSteps = 20'000'000;   ///< evaluated expressions, and work of that size (--max-steps)
  uint64_t maxOps = 1'000'000;      ///< ops that are made (--max-ops)
  uint64_t maxElements = 4'000'000; ///< elements of all lists and dicts, characters of one string (--max-elements)
  unsigned maxNesting = 500;        ///< levels of calls, statements and expressions at one time (--max-nesting)
  bool gradEnabled = true;          ///< what is_grad_enabled says: scripted code then takes the path of plain ops
  bool dropAsserts = false;         ///< --assume-no-raise
  torch::QuantizedEngine engine = torch::QuantizedEngine::X86;
  /// Conditions on data whose branch is chosen, by the place of their statement; the running program checks it.
  std::map<std::string, bool> settled;
  std::string modelName = "model.pt";
  std::vector<std::string> keep; ///< --keep: what `kept` collects
  /// The original Python line of an offset in a code file; "" when not known.
  std::function<std::string(const std::string &path, uint32_t offset)> origin;
};

/// A mutable place other than a variable: contents of a list or dict, an attribute.
struct Cell {
  std::shared_ptr<ListData> list;
  std::shared_ptr<DictData> dict;
  std::shared_ptr<ObjectData> object;
  std::string attribute;
  Value get() const; ///< a copy of the contents
  bool operator==(const Cell &o) const;
};

class Evaluator {
public:
  Evaluator(GraphBuilder &g, torch::TensorSpace &space, Program &program, const EvalOptions &options)
      : g(g), space(space), program(program), options(options), ops(g, options.maxOps) {}
  ~Evaluator();
  Evaluator(const Evaluator &) = delete;
  Evaluator &operator=(const Evaluator &) = delete;

  GraphBuilder &g;
  torch::TensorSpace &space;
  Program &program;
  const EvalOptions &options;
  std::vector<Value> constants; ///< CONSTANTS.cN

  //===-- Problems -----------------------------------------------------------===//
  std::vector<onnx::Problem> problems;
  struct Unsupported {
    std::string op, why, where;
  };
  std::vector<Unsupported> unsupportedOps;
  bool stopped = false; ///< an error ended the evaluation
  bool raised = false;  ///< the program raised
  std::string raiseMessage;
  bool halted() const { return stopped || raised; }
  /// The condition whose branches leave values that fit no common type, one of which was read; "" when none was.
  std::string unsettled;
  /// Notes an error at the current line; gives None.
  Value fail(const llvm::Twine &why, llvm::StringRef op = "");
  void noteUnsupported(llvm::StringRef op, const llvm::Twine &why);
  /// "layer1.conv (code/__torch__/net.py:12)"
  std::string place() const;

  //===-- Limits ---------------------------------------------------------------===//
  /// Counts work as so many steps; false, and stopped, beyond a limit.
  bool spend(uint64_t n);
  /// Accounts for what a container holds now; false beyond maxElements.
  bool weigh(const std::shared_ptr<ListData> &list);
  bool weigh(const std::shared_ptr<DictData> &dict);
  /// Whether `n` elements more may be made.
  bool mayGrow(uint64_t n);
  /// A string of bounded length.
  Value text(std::string v);
  /// False, and stopped, when putting `v` into a container would make it hold itself.
  bool mayHold(const void *container, const Value &v);
  /// Depth of values that are walked by recursion.
  static constexpr unsigned maxValueDepth = 64;

  //===-- Calls --------------------------------------------------------------===//
  Value call(const Function &f, std::vector<Value> args, std::vector<std::pair<std::string, Value>> keywords = {},
             llvm::StringRef path = "");
  Value callMethod(const Value &object, const std::string &name, std::vector<Value> args,
                   std::vector<std::pair<std::string, Value>> keywords = {});
  /// A constant expression of the source (parameter defaults, class constants).
  Value constantExpr(const Expr *e, TypeRef type);

  //===-- Values (Numbers.cpp) -------------------------------------------------===//
  TypeRef typeOf(const Value &v, unsigned depth = 0);
  bool holdsTensor(const Value &v, unsigned depth = 0);
  /// The graph's value of a tensor; null (and stopped) when it has none.
  mlir::Value read(const Value &tensor);
  Value makeTensor(mlir::Value v) { return tensorValue(space.make(v)); }
  /// A number as a rank-0 graph value: i1, i64 or f64.
  mlir::Value scalarOf(const Value &number);
  Value toInt(const Value &v);
  Value toFloat(const Value &v);
  Value toBool(const Value &v);
  Value item(const Value &tensor, torch::Type::Kind wanted);
  Value arithmetic(llvm::StringRef op, const Value &a, const Value &b);
  Value compare(llvm::StringRef op, const Value &a, const Value &b);
  Value logicalNot(const Value &v);
  /// Equality of host values: known, or a boolean of the running program.
  Value equals(const Value &a, const Value &b, unsigned depth = 0);
  std::optional<int64_t> knownInt(const Value &v);
  /// An integer that the import must know; fails naming `what`.
  std::optional<int64_t> needInt(const Value &v, const llvm::Twine &what);
  /// An integer as an expression; a number of the running program becomes a runtime symbol.
  mlir::AffineExpr integerExpr(const Value &v, int64_t min = INT64_MIN / 4, int64_t max = INT64_MAX / 4);
  /// As Python prints it; parts beyond some 4000 characters are left out.
  std::string format(const Value &v, unsigned depth = 0);

  //===-- Ops (Ops.cpp, HostOps*.cpp) --------------------------------------------===//
  Value op(const std::string &name, std::vector<Value> args, std::vector<std::pair<std::string, Value>> keywords);
  using HostFn = Value (*)(Evaluator &, const Schema &, std::vector<Value> &);

  //===-- Writes that branches take back (Control.cpp) ---------------------------===//
  void touch(const std::shared_ptr<ListData> &list);
  void touch(const std::shared_ptr<DictData> &dict);
  void setAttribute(const std::shared_ptr<ObjectData> &object, const std::string &name, Value v);
  /// Attributes of archive objects that were assigned, in order of their first write.
  std::vector<std::pair<std::shared_ptr<ObjectData>, std::string>> writtenAttributes;

  //===-- Values that become outputs as well (--keep) ----------------------------===//
  /// By name: a variable of the method, or the result of a module's forward ("layer1.conv") or a variable of its
  /// method ("layer1.y"); as last set. Empty where that was only within branches and loops of the running program.
  std::map<std::string, std::optional<Value>> kept;

private:
  void keep(llvm::StringRef path, llvm::StringRef name, const Value &v);
  struct Frame {
    const Function *function = nullptr;
    Environment env;
    Value result;
    bool returned = false;
    uint32_t line = 0, offset = 0;
    std::string path; ///< of the module whose method runs
  };
  // Statements (Evaluator.cpp)
  void run(const std::vector<const Stmt *> &body, Frame &f);
  void run(const Stmt *s, Frame &f);
  void assign(const Stmt *s, Frame &f);
  void runWith(const Stmt *s, Frame &f);
  void locate(Frame &f, const Expr *e);

  // Expressions (Expressions.cpp)
  Value eval(const Expr *e, Frame &f, TypeRef hint = nullptr);
  Value evalSelect(const Expr *e, Frame &f);
  Value evalIndex(const Expr *e, Frame &f);
  Value evalCall(const Expr *e, Frame &f, TypeRef hint);
  Value callBuiltin(const Expr *e, Frame &f);
  Value callGlobal(const Expr *e, const std::string &name, Frame &f);
  Value callOp(const Expr *e, const std::string &name, Frame &f);
  Value newObject(const std::string &cls);
  Value attribute(const Value &base, const std::string &name);
  Value annotate(const Expr *e, Frame &f);
  Value isInstance(const Expr *e, Frame &f);
  Value withType(Value v, const TypeRef &t);
  bool evalArgs(const Expr *call, Frame &f, std::vector<Value> &args,
                std::vector<std::pair<std::string, Value>> &keywords);

  // Ops
  Value defaultOf(const torch::SchemaArg &arg);
  Value adapt(Value v, const torch::SchemaArg &arg);
  Value tensorOp(const Schema &s, std::vector<Value> &args);

  // Control flow (Control.cpp, Loops.cpp)
  struct Change {
    std::shared_ptr<ListData> list;
    std::vector<Value> items;
    std::shared_ptr<DictData> dict;
    std::vector<std::pair<Value, Value>> entries;
    std::shared_ptr<ObjectData> object;
    std::string attribute;
    Value old;
    bool had = false;
  };
  struct Mark {
    size_t changes, written, writes, problems, unsupported;
  };
  struct Branch;
  struct Join;
  Mark mark();
  void rollback(const Mark &m, bool problemsToo);
  void runIf(const Stmt *s, Frame &f);
  void runBranch(const std::vector<const Stmt *> &body, const std::set<std::string> &names, Frame &f,
                 mlir::Block *block, Branch &out);
  std::vector<Cell> cellsSince(const Mark &m);
  void setCell(const Cell &c, const Value &v);
  mlir::Value readStorage(const std::shared_ptr<torch::Storage> &s);
  void readAll(const Value &v, std::map<torch::TensorRef *, mlir::Value> &reads, unsigned depth = 0);
  void runFor(const Stmt *s, Frame &f);
  void runWhile(const Stmt *s, Frame &f);
  struct Loop;
  bool decide(Value &cond);
  void emitLoop(const Stmt *s, Frame &f, mlir::Value trip, mlir::Value cond);
  bool runLoopBody(Loop &loop, Frame &f, mlir::Block *block);
  bool flatten(const Value &v, std::vector<mlir::Value> &out, unsigned depth = 0);
  Value rebuild(const Value &like, llvm::ArrayRef<mlir::Value> &in);
  /// Tells why `what`, a variable or attribute, cannot be read.
  Value failUnset(const std::string &what, const Value &v);
  void emitAssert(mlir::Value holds, const std::string &message);
  static void assignedNames(const std::vector<const Stmt *> &body, std::set<std::string> &names);

  /// Counts a level while it lives.
  struct Level {
    explicit Level(Evaluator &ev) : ev(ev) { ++ev.level; }
    ~Level() { --ev.level; }
    Evaluator &ev;
  };
  /// False, and stopped, when there are too many levels.
  bool mayNest();

  std::deque<Frame> frames;
  std::vector<Change> changes;
  std::map<std::string, std::string> mismatches; ///< why a value is unset: key of the condition that settles it
  unsigned speculating = 0;                      ///< > 0: changes are kept
  unsigned trial = 0, trials = 0;                ///< number of the branch or trial run now, and of all so far
  unsigned level = 0;
  uint64_t steps = 0;
  OpLimit ops;
  std::shared_ptr<uint64_t> elements = std::make_shared<uint64_t>(0);
  std::vector<std::weak_ptr<ObjectData>> objects; ///< that the program made: they may hold each other
};

/// The host op of a name, or null.
Evaluator::HostFn findHostOp(llvm::StringRef name);
/// Ops on containers and tensors' properties that are host ops whatever they are given.
bool isAlwaysHost(llvm::StringRef name);

} // namespace wick::compiler::torchscript

#endif // WICK_COMPILER_FRONTEND_TORCHSCRIPT_EVALUATOR_H
