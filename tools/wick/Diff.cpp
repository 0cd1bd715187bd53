// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// wick diff: where two ways to run a model part. Outputs first; then, when they
// differ and the model is known, inner values in the order of its nodes; then, on
// request, which step of the compiler is at fault (--bisect) and the fewest nodes
// that show it, as a lit test (--reduce).
//
#include "compiler/frontend/onnx/WireReader.h"
#include "tools/support/NpzIO.h"
#include "tools/wick/Bisect.h"
#include "tools/wick/Cli.h"
#include "tools/wick/DiffSide.h"
#include "tools/wick/OpenedModel.h"
#include "tools/wick/PackageFile.h"
#include "tools/wick/SyntheticInputs.h"

#include <algorithm>
#include <memory>

namespace wick::tools {

namespace {
struct Options {
  std::string a, b, input, reduce;
  std::vector<std::string> dims;
  double tolerance = 1e-3;
  bool all = false, bisect = false, json = false;
};

/// A comparison in progress.
class Diff {
public:
  explicit Diff(const Options &options) : options(options) {}

  int run() {
    if (!DiffSide::parse(options.a, question.a, error) || !DiffSide::parse(options.b, question.b, error))
      return fail(error, kUsage);
    question.tolerance = options.tolerance;
    if (int code = findInputs())
      return fail(error, code);
    if (int code = outputs())
      return fail(error, code);
    if ((differs || options.all) && readModel())
      if (int code = inner())
        return fail(error, code);
    if (differs && options.bisect)
      bisect();
    if (differs && !options.reduce.empty())
      reduce();
    if (options.json)
      printJson(report.add("differs", differs));
    else
      std::printf(differs ? "the two differ\n" : "the two agree\n");
    return differs ? kFailed : kDone;
  }

private:
  void tell(const std::string &line) {
    if (!options.json)
      std::printf("%s\n", line.c_str());
  }

  /// The given .npz, or synthetic inputs as the compiled model wants them.
  int findInputs() {
    question.inputs = options.input;
    if (!options.input.empty())
      return kDone;
    const DiffSide &side = question.a.kind == DiffSide::Kind::Peer ? question.b : question.a;
    OpenedModel opened;
    OpenOptions open;
    open.wantPackage = true;
    DimValues dims;
    for (const std::string &d : options.dims)
      if (!parseDims({d}, dims, error))
        return kUsage;
    std::vector<HostTensor> tensors;
    if (int code = opened.open(side.path, open, error))
      return code;
    question.inputs = scratch.file("inputs.npz");
    bool ok = makeInputs(opened.package->program, dims, tensors, error) && writeNpz(question.inputs, tensors, error);
    return ok ? kDone : kFailed;
  }

  int outputs() {
    TensorMap x, y;
    if (int code = evaluate(question.a, question.inputs, {}, scratch, x, error))
      return code;
    if (int code = evaluate(question.b, question.inputs, {}, scratch, y, error))
      return code;
    Json list = Json::array();
    for (const auto &[name, tensor] : x) {
      auto other = y.find(name);
      if (other == y.end())
        continue;
      Deviation d = compare(tensor, other->second, options.tolerance);
      differs |= d.exceeds;
      tell((d.exceeds ? "differs  " : "agrees   ") + name + ": " + d.text);
      list.push(Json::object().add("output", name).add("differs", d.exceeds).add("relative", d.relative));
    }
    report.add("outputs", std::move(list));
    return kDone;
  }

  bool readModel() {
    for (const DiffSide *side : {&question.a, &question.b})
      if (side->kind != DiffSide::Kind::Package)
        question.model = side->path;
    if (question.model.empty())
      return false;
    onnx::ReadResult read = onnx::readModel(question.model);
    if (read.model)
      nodes = std::move(read.model->graph.nodes);
    return !nodes.empty();
  }

  void told(size_t node, const std::string &value, const Deviation &d) {
    const onnx::Node &n = nodes[node];
    question.node = node;
    found = true;
    tell("first node that deviates: '" + n.displayName() + "' (" + n.qualifiedOp() + "), value '" + value +
         "': " + d.text);
    report.add("first", Json::object()
                            .add("node", n.displayName())
                            .add("op", n.qualifiedOp())
                            .add("value", value)
                            .add("relative", d.relative));
  }

  /// All inner values at once; if they agree, fusion matters, and values are kept one at a time.
  int inner() {
    std::vector<std::string> names;
    for (const onnx::Node &n : nodes)
      for (const std::string &name : n.outputs)
        if (!name.empty())
          names.push_back(name);
    TensorMap x, y;
    if (int code = evaluate(question.a, question.inputs, names, scratch, x, error))
      return code;
    if (int code = evaluate(question.b, question.inputs, names, scratch, y, error))
      return code;
    size_t compared = 0;
    for (size_t i = 0; i < nodes.size() && !found; ++i)
      for (const std::string &name : nodes[i].outputs) {
        auto p = x.find(name), q = y.find(name);
        if (p == x.end() || q == y.end())
          continue;
        ++compared;
        if (Deviation d = compare(p->second, q->second, options.tolerance); d.exceeds && !found)
          told(i, name, d);
      }
    differs |= found;
    tell(std::to_string(compared) + " inner values compared");
    if (!found && differs)
      oneAtATime();
    return kDone;
  }

  void oneAtATime() {
    tell("with all inner values kept the two agree: what fuses matters; keeping one value at a time");
    size_t low = 0, high = nodes.size(); // the first that deviates is in [low, high)
    std::optional<std::pair<std::string, Deviation>> at;
    while (low < high) {
      size_t mid = low + (high - low) / 2;
      TensorMap x, y;
      const std::string &name = nodes[mid].output(0);
      std::string ignored;
      bool ok = !evaluate(question.a, question.inputs, {name}, scratch, x, ignored) &&
                !evaluate(question.b, question.inputs, {name}, scratch, y, ignored) && x.count(name) && y.count(name);
      Deviation d = ok ? compare(x[name], y[name], options.tolerance) : Deviation();
      if (d.exceeds)
        high = mid, at = {name, d};
      else
        low = mid + 1;
    }
    if (at)
      told(high, at->first, at->second);
  }

  void bisect() {
    std::string guilty = guiltyStep(question, scratch, error);
    tell(error.empty() ? guilty : "bisect: " + error);
    report.add("bisect", error.empty() ? guilty : error);
  }

  void reduce() {
    if (!found) {
      tell("reduce: no node of an ONNX model deviates by itself");
      return;
    }
    size_t left = 0;
    bool ok = reduceToTest(question, nodes, options.reduce, scratch, left, error);
    tell(ok ? "reduced to " + std::to_string(left) + " node" + (left == 1 ? "" : "s") + ": " + options.reduce
            : "reduce: " + error);
    report.add("reduced_nodes", static_cast<int64_t>(left));
  }

  const Options &options;
  Question question;
  ScratchFolder scratch;
  std::vector<onnx::Node> nodes;
  std::string error;
  bool differs = false, found = false;
  Json report = Json::object();
};
} // namespace

static const char kFooter[] =
    "Runs a model in two ways on the same inputs and names the first node whose result deviates. A side is\n"
    "  MODEL.onnx                 onnxruntime without optimizations (WICK_PYTHON names a Python that has it)\n"
    "  FILE.wick                  a package\n"
    "  MODEL.onnx@                compiled now, for this machine\n"
    "  MODEL.onnx@target=x86-64-v3,without=fuse    the same with flags; steps as in `wick compile --without`\n"
    "Without --input, inputs are made up. Floats agree within --tolerance of the tensor's largest value, integers\n"
    "when equal.\n"
    "\nExamples:\n"
    "  wick diff model.onnx model.wick --input in.npz\n"
    "  wick diff model.onnx model.onnx@ --bisect --reduce smallest.onnxtxt\n"
    "  wick diff model.onnx@target=x86-64-v3 model.onnx@target=x86-64-v4 --all\n"
    "\nExit status: 0 the two agree, 1 wrong usage, 2 they differ or an error, 3 the model is not supported.";

void addDiff(CLI::App &app, Action &action) {
  auto options = std::make_shared<Options>();
  CLI::App *sub = app.add_subcommand("diff", "Compare two ways to run a model, tensor by tensor");
  sub->footer(kFooter);
  sub->add_option("a", options->a, "The side that is believed")->type_name("SIDE")->required();
  sub->add_option("b", options->b, "The side in question")->type_name("SIDE")->required();
  sub->add_option("-i,--input", options->input, "Inputs by name")->type_name("FILE.npz");
  addRepeated(*sub, "--dim", options->dims, "Value of a named dim for made-up inputs")->type_name("NAME=VALUE");
  sub->add_option("--tolerance", options->tolerance, "Of floats, relative to the largest value (0.001)");
  sub->add_flag("--all", options->all, "Compare inner values even when the outputs agree");
  sub->add_flag("--bisect", options->bisect, "Find the compiler's step at fault");
  sub->add_option("--reduce", options->reduce, "Write the fewest nodes that deviate as a lit test")
      ->type_name("FILE.onnxtxt");
  sub->add_flag("--json", options->json, "Report for machines on stdout");
  sub->callback([options, &action] { action = [options] { return Diff(*options).run(); }; });
}

} // namespace wick::tools
