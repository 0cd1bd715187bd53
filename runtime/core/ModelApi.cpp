// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The model functions of wick.h.
//
#include "runtime/core/Model.h"

using namespace wick;
using namespace wick::runtime;

wick_status wick_model_open(const wick_source *source, const wick_model_options *given, wick_model **model,
                            wick_error *error) {
  Failure fail(error);
  wick_source from;
  wick_model_options options;
  if (!model || !source || !readOptions(source, from) || !readOptions(given, options))
    return fail(WICK_STATUS_INVALID_ARGUMENT, "source, model or a struct_size is missing");
  *model = nullptr;
  Allocator allocator(options.allocator);
  wick_model *m = allocator.create<wick_model>(allocator);
  if (!m)
    return fail(WICK_STATUS_OUT_OF_MEMORY, "no memory for a model");
  if (wick_status status = m->open(from, options, fail)) {
    allocator.destroy(m);
    return status;
  }
  *model = m;
  return WICK_STATUS_OK;
}

wick_status wick_model_open_path(const char *path, wick_model **model, wick_error *error) {
  wick_source source{};
  source.struct_size = sizeof(source);
  source.path = path;
  return wick_model_open(&source, nullptr, model, error);
}

void wick_model_retain(wick_model *model) {
  if (model)
    model->references.fetch_add(1, std::memory_order_relaxed);
}

void wick_model_release(wick_model *model) {
  if (!model || model->references.fetch_sub(1, std::memory_order_acq_rel) != 1)
    return;
  Allocator allocator = model->allocator;
  allocator.destroy(model);
}

wick_status wick_compatible(const char *path, wick_error *error) {
  wick_source source{};
  source.struct_size = sizeof(source);
  source.path = path;
  wick_model_options options{};
  options.struct_size = sizeof(options);
  options.code = WICK_CODE_NONE;
  wick_model *model = nullptr;
  wick_status status = wick_model_open(&source, &options, &model, error);
  wick_model_release(model);
  return status;
}

wick_status wick_model_get_info(const wick_model *model, wick_model_info *info) {
  if (!model)
    return WICK_STATUS_INVALID_ARGUMENT;
  const format::ProgramView &p = model->program;
  wick_model_info result{};
  result.inputs = uint32_t(p.inputs.size());
  result.outputs = uint32_t(p.outputs.size());
  result.symbols = uint32_t(p.symbols.size());
  result.kernels = uint32_t(p.kernels.size());
  result.instructions = uint32_t(p.instrs.size());
  result.variants = uint32_t(p.variants.size());
  result.code = model->code.mappedAs();
  result.weights_bytes = p.weights() ? p.weights()->size : 0;
  result.file_bytes = model->package.bytes.size();
  result.slice = "";
  if (model->slice != format::kNone) {
    const abi::SliceRecord &slice = p.slices[model->slice];
    result.slice = p.text(slice.name).data();
    result.code_bytes = p.blobs[slice.blob].size;
  }
  return writeResult(result, info) ? WICK_STATUS_OK : WICK_STATUS_INVALID_ARGUMENT;
}

static wick_status valueInfo(const wick_model *model, std::span<const abi::ValueRecord> values, uint32_t index,
                             wick_value_info *info) {
  if (index >= values.size())
    return WICK_STATUS_INVALID_ARGUMENT;
  const abi::ValueRecord &v = values[index];
  wick_value_info result{};
  result.dtype = v.dtype;
  result.rank = v.rank;
  result.alias_input = v.aliasInput == format::kNone ? -1 : int32_t(v.aliasInput);
  result.name = model->program.text(v.name).data();
  return writeResult(result, info) ? WICK_STATUS_OK : WICK_STATUS_INVALID_ARGUMENT;
}

static wick_status dimInfo(const wick_model *model, std::span<const abi::ValueRecord> values, uint32_t index,
                           uint32_t dim, wick_dim_info *info) {
  if (index >= values.size() || dim >= values[index].rank)
    return WICK_STATUS_INVALID_ARGUMENT;
  const format::ProgramView &p = model->program;
  const abi::DimRecord &d = p.dimsOf(values[index])[dim];
  wick_dim_info result{};
  result.value = d.value >= 0 ? d.value : -1;
  result.min = d.value >= 0 ? d.value : 0;
  result.max = d.value >= 0 ? d.value : INT64_MAX;
  result.name = "";
  if (d.value < 0 && d.symbol != format::kNone) {
    const abi::SymbolRecord &s = p.symbols[d.symbol];
    result.name = p.text(s.name).data();
    result.min = s.min;
    result.max = s.max;
  }
  return writeResult(result, info) ? WICK_STATUS_OK : WICK_STATUS_INVALID_ARGUMENT;
}

wick_status wick_model_input_info(const wick_model *model, uint32_t index, wick_value_info *info) {
  return model ? valueInfo(model, model->program.inputs, index, info) : WICK_STATUS_INVALID_ARGUMENT;
}
wick_status wick_model_output_info(const wick_model *model, uint32_t index, wick_value_info *info) {
  return model ? valueInfo(model, model->program.outputs, index, info) : WICK_STATUS_INVALID_ARGUMENT;
}
wick_status wick_model_input_dim(const wick_model *model, uint32_t index, uint32_t dim, wick_dim_info *info) {
  return model ? dimInfo(model, model->program.inputs, index, dim, info) : WICK_STATUS_INVALID_ARGUMENT;
}
wick_status wick_model_output_dim(const wick_model *model, uint32_t index, uint32_t dim, wick_dim_info *info) {
  return model ? dimInfo(model, model->program.outputs, index, dim, info) : WICK_STATUS_INVALID_ARGUMENT;
}

static wick_status findValue(const wick_model *model, std::span<const abi::ValueRecord> values, const char *what,
                             const char *name, uint32_t *index, const Failure &fail) {
  if (!name || !index)
    return fail(WICK_STATUS_INVALID_ARGUMENT, "name or index is missing");
  char known[384];
  size_t used = 0;
  for (uint32_t i = 0; i < values.size(); ++i) {
    std::string_view text = model->program.text(values[i].name);
    if (text == name) {
      *index = i;
      return WICK_STATUS_OK;
    }
    if (used < sizeof(known))
      used += size_t(std::snprintf(known + used, sizeof(known) - used, "%s'%s'", i ? ", " : "", text.data()));
  }
  return fail(WICK_STATUS_UNKNOWN_NAME, "the model has no %s '%.80s'; it has: %s", what, name, used ? known : "none");
}

wick_status wick_model_find_input(const wick_model *model, const char *name, uint32_t *index, wick_error *error) {
  Failure fail(error);
  return model ? findValue(model, model->program.inputs, "input", name, index, fail)
               : fail(WICK_STATUS_INVALID_ARGUMENT, "no model");
}
wick_status wick_model_find_output(const wick_model *model, const char *name, uint32_t *index, wick_error *error) {
  Failure fail(error);
  return model ? findValue(model, model->program.outputs, "output", name, index, fail)
               : fail(WICK_STATUS_INVALID_ARGUMENT, "no model");
}
