// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Queries of the ONNX C++ library. The only file that includes its headers;
// built with exceptions and RTTI, and no exception leaves it.
//
#include "compiler/frontend/onnx/OnnxLib.h"
#include "onnx/defs/function.h"
#include "onnx/defs/schema.h"
#include <algorithm>
#include <exception>
#include <limits>
#include <set>

namespace wick::onnx {

using ::onnx::FunctionProto;
using ::onnx::OpSchema;
using ::onnx::OpSchemaRegistry;

static const OpSchema *lookUp(const std::string &opType, const std::string &domain, int64_t opsetVersion) {
  int64_t limit = std::numeric_limits<int>::max();
  return OpSchemaRegistry::Schema(opType, static_cast<int>(std::clamp<int64_t>(opsetVersion, 0, limit)), domain);
}

int64_t newestOpset() {
  const auto &ranges = OpSchemaRegistry::DomainToVersionRange::Instance().Map();
  auto it = ranges.find("");
  return it == ranges.end() ? 0 : it->second.second;
}

static std::vector<FormalParameter> parameters(const std::vector<OpSchema::FormalParameter> &formal) {
  std::vector<FormalParameter> out;
  for (const OpSchema::FormalParameter &parameter : formal) {
    using Option = FormalParameter::Option;
    Option option = parameter.GetOption() == OpSchema::Optional   ? Option::Optional
                    : parameter.GetOption() == OpSchema::Variadic ? Option::Variadic
                                                                  : Option::Single;
    out.push_back({parameter.GetName(), option});
  }
  return out;
}

std::optional<Schema> findSchema(const std::string &opType, const std::string &domain, int64_t opsetVersion) {
  try {
    const OpSchema *found = lookUp(opType, domain, opsetVersion);
    if (!found)
      return std::nullopt;
    Schema schema;
    schema.sinceVersion = found->SinceVersion();
    schema.deprecated = found->Deprecated();
    schema.hasFunctionBody = found->HasFunction() || found->HasContextDependentFunction();
    schema.inputs = parameters(found->inputs());
    schema.outputs = parameters(found->outputs());
    for (const auto &[name, attribute] : found->attributes()) {
      AttributeSchema &added = schema.attributes.emplace_back();
      added.name = name;
      added.required = attribute.required;
      if (attribute.default_value.has_name())
        attribute.default_value.SerializeToString(&added.defaultValue);
    }
    return schema;
  } catch (const std::exception &) {
    return std::nullopt;
  }
}

std::vector<std::string> opNames(const std::string &domain) {
  std::set<std::string> names;
  for (const OpSchema &schema : OpSchemaRegistry::get_all_schemas_with_history())
    if (schema.domain() == domain)
      names.insert(schema.Name());
  return {names.begin(), names.end()};
}

/// The largest version that is at most `limit`, 0 when there is none.
static int newestUpTo(const std::vector<int> &versions, int64_t limit) {
  int best = 0;
  for (int version : versions)
    if (version <= limit)
      best = std::max(best, version);
  return best;
}

std::optional<std::string> functionBody(const std::string &opType, const std::string &domain, int64_t opsetVersion,
                                        const std::string &node, const std::vector<std::string> &inputTypes,
                                        std::string &error) {
  try {
    const OpSchema *schema = lookUp(opType, domain, opsetVersion);
    if (!schema)
      return std::nullopt;
    int fixed = newestUpTo(schema->function_opset_versions(), opsetVersion);
    int dependent = newestUpTo(schema->context_dependent_function_opset_versions(), opsetVersion);
    FunctionProto function;
    if (fixed && fixed >= dependent) {
      const FunctionProto *body = schema->GetFunction(fixed);
      if (!body)
        return std::nullopt;
      function = *body;
    } else if (dependent) {
      ::onnx::NodeProto nodeProto;
      if (!nodeProto.ParseFromString(node)) {
        error = "the node cannot be parsed";
        return std::nullopt;
      }
      std::vector<::onnx::TypeProto> types(inputTypes.size());
      for (size_t i = 0; i < types.size(); ++i)
        if (!inputTypes[i].empty() && !types[i].ParseFromString(inputTypes[i])) {
          error = "the type of input " + std::to_string(i) + " cannot be parsed";
          return std::nullopt;
        }
      // A version asked for is written into the body's imports, so ask for the
      // one that the body was written for.
      ::onnx::FunctionBodyBuildContextImpl context(nodeProto, types);
      if (!schema->BuildContextDependentFunction(context, function, dependent))
        return std::nullopt;
    } else {
      return std::nullopt;
    }
    std::string out;
    function.SerializeToString(&out);
    return out;
  } catch (const std::exception &exception) {
    error = exception.what();
    return std::nullopt;
  }
}

} // namespace wick::onnx
