// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Between tensors in files and the C interface.
//
#include "tools/support/ModelRunner.h"

#include "tools/support/NpyIO.h"
#include "tools/support/NpzIO.h"

#include <algorithm>
#include <cstdio>

namespace wick::tools {

std::string describe(const wick_error &error) {
  return std::string(wick_status_name(error.status)) + ": " + error.message;
}

/// What stands for an absent optional or an empty sequence: zeros of the input's type,
/// open dims 0.
static void fillEmpty(const wick_model *model, uint32_t index, const wick_value_info &value, HostTensor &tensor) {
  size_t bytes = wick_dtype_size(value.dtype);
  tensor.dtype = value.dtype;
  tensor.dims.clear();
  for (uint32_t d = 0; d < value.rank; ++d) {
    wick_dim_info dim{};
    dim.struct_size = sizeof(dim);
    (void)wick_model_input_dim(model, index, d, &dim);
    tensor.dims.push_back(dim.value < 0 ? 0 : dim.value);
    bytes *= static_cast<size_t>(tensor.dims.back());
  }
  tensor.bytes.assign(bytes, 0);
}

bool orderInputs(const wick_model *model, std::vector<HostTensor> given, std::vector<HostTensor> &ordered,
                 std::string &error) {
  wick_model_info info{};
  info.struct_size = sizeof(info);
  (void)wick_model_get_info(model, &info);
  std::vector<bool> used(given.size(), false);
  ordered.clear();
  for (uint32_t i = 0; i < info.inputs; ++i) {
    wick_value_info value{};
    value.struct_size = sizeof(value);
    (void)wick_model_input_info(model, i, &value);
    size_t found = given.size();
    for (const std::string &name : {std::string(value.name), "in" + std::to_string(i)})
      for (size_t j = 0; j < given.size() && found == given.size(); ++j)
        if (!used[j] && given[j].name == name)
          found = j;
    if (found == given.size()) {
      error = "input '" + std::string(value.name) + "' (number " + std::to_string(i) + ") is missing";
      const char *between = "; given and not used so far: '";
      for (size_t j = 0; j < given.size(); ++j)
        if (!used[j]) {
          error += between + given[j].name + "'";
          between = ", '";
        }
      return false;
    }
    used[found] = true;
    // Files know no bf16 or fp8: raw bits become what the model wants.
    if (given[found].dtype)
      (void)retype(given[found], value.dtype);
    else
      fillEmpty(model, i, value, given[found]);
    ordered.push_back(std::move(given[found]));
    ordered.back().name = value.name;
  }
  for (size_t j = 0; j < used.size(); ++j)
    if (!used[j] && !given[j].isOptional) {
      error = "the model has no input '" + given[j].name + "'";
      return false;
    }
  return true;
}

bool readInputArgument(const std::string &argument, std::vector<HostTensor> &tensors, std::string &error) {
  if (argument.ends_with(".npz"))
    return readNpz(argument, tensors, error);
  size_t equals = argument.find('=');
  HostTensor tensor;
  if (!readNpy(equals == argument.npos ? argument : argument.substr(equals + 1), tensor, error))
    return false;
  tensor.name = equals == argument.npos ? "in" + std::to_string(tensors.size()) : argument.substr(0, equals);
  tensors.push_back(std::move(tensor));
  return true;
}

std::vector<wick_value> toValues(std::vector<HostTensor> &tensors) {
  std::vector<wick_value> values(tensors.size(), wick_value{});
  for (size_t i = 0; i < tensors.size(); ++i) {
    values[i].struct_size = sizeof(wick_value);
    values[i].dtype = tensors[i].dtype;
    values[i].rank = static_cast<uint32_t>(tensors[i].dims.size());
    values[i].dims = tensors[i].dims.data();
    values[i].data = tensors[i].bytes.data();
    values[i].capacity = tensors[i].bytes.size();
  }
  return values;
}

bool fetchOutputs(wick_session *session, const wick_model *model, std::vector<HostTensor> &outputs,
                  std::string &error) {
  wick_model_info info{};
  info.struct_size = sizeof(info);
  (void)wick_model_get_info(model, &info);
  outputs.clear();
  for (uint32_t i = 0; i < info.outputs; ++i) {
    wick_value_info value{};
    value.struct_size = sizeof(value);
    (void)wick_model_output_info(model, i, &value);
    wick_value view{};
    view.struct_size = sizeof(view);
    if (wick_status status = wick_session_output(session, i, &view)) {
      error = "output '" + std::string(value.name) + "': " + wick_status_text(status);
      return false;
    }
    HostTensor t{value.name, view.dtype, {view.dims, view.dims + view.rank}, {}};
    size_t bytes = wick_dtype_size(view.dtype);
    for (int64_t d : t.dims)
      bytes *= static_cast<size_t>(d);
    const auto *data = static_cast<const uint8_t *>(view.data);
    t.bytes.assign(data, data + bytes);
    outputs.push_back(std::move(t));
  }
  return true;
}

std::string profileText(const wick_session *session, size_t most) {
  std::vector<wick_profile_entry> entries;
  wick_profile_entry entry{};
  entry.struct_size = sizeof(entry);
  uint64_t total = 0;
  for (uint32_t i = 0; wick_session_profile(session, i, &entry) == WICK_STATUS_OK; ++i) {
    entries.push_back(entry);
    total += entry.nanoseconds;
  }
  std::sort(entries.begin(), entries.end(), [](const auto &a, const auto &b) { return a.nanoseconds > b.nanoseconds; });
  std::string out = "     us/call  share  tasks  kernel  nodes\n";
  for (size_t i = 0; i < entries.size() && i < most; ++i) {
    const wick_profile_entry &e = entries[i];
    double calls = static_cast<double>(std::max<uint64_t>(1, e.calls));
    char line[64];
    std::snprintf(line, sizeof(line), "%12.2f %5.1f%% %6.1f  ", static_cast<double>(e.nanoseconds) / 1000 / calls,
                  100.0 * static_cast<double>(e.nanoseconds) / static_cast<double>(std::max<uint64_t>(1, total)),
                  static_cast<double>(e.tasks) / calls);
    out += line + std::string(e.kernel) + "  " + std::string(e.node).substr(0, 100) + "\n";
  }
  return out;
}

} // namespace wick::tools
