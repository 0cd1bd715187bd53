// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads the header as the Python literal that numpy writes: three keys in any
// order. Sizes are checked against the file before anything is allocated.
//
#include "tools/support/NpyIO.h"

#include "wick/wick.h"

#include <cstring>

namespace wick::tools {

static constexpr char kMagic[] = "\x93NUMPY";

namespace {
struct NumpyType {
  uint32_t dtype;
  const char *descr; ///< without the byte order
};
// The first with a dtype is written; reading takes any.
constexpr NumpyType kTypes[] = {
    {WICK_DTYPE_F32, "f4"}, {WICK_DTYPE_F64, "f8"},   {WICK_DTYPE_F16, "f2"}, {WICK_DTYPE_I8, "i1"},
    {WICK_DTYPE_I16, "i2"}, {WICK_DTYPE_I32, "i4"},   {WICK_DTYPE_I64, "i8"}, {WICK_DTYPE_U8, "u1"},
    {WICK_DTYPE_U16, "u2"}, {WICK_DTYPE_U32, "u4"},   {WICK_DTYPE_U64, "u8"}, {WICK_DTYPE_BOOL, "b1"},
    {WICK_DTYPE_C64, "c8"}, {WICK_DTYPE_C128, "c16"},
};
} // namespace

/// The text after `'key':`, or empty.
static std::string_view valueOf(std::string_view header, const char *key) {
  size_t at = header.find("'" + std::string(key) + "'");
  if (at == header.npos)
    return {};
  at = header.find(':', at);
  return at == header.npos ? std::string_view() : header.substr(header.find_first_not_of(" :", at));
}

static bool parseShape(std::string_view text, std::vector<int64_t> &dims) {
  if (text.empty() || text[0] != '(')
    return false;
  text.remove_prefix(1);
  while (true) {
    size_t skip = text.find_first_not_of(", ");
    if (skip == text.npos)
      return false;
    text.remove_prefix(skip);
    if (text[0] == ')')
      return true;
    int64_t value = 0;
    size_t digits = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits)
      if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, text[digits] - '0', &value))
        return false;
    if (!digits)
      return false;
    text.remove_prefix(digits);
    dims.push_back(value);
  }
}

/// Column-major bytes to row-major.
static std::vector<uint8_t> fromFortran(std::span<const uint8_t> data, const std::vector<int64_t> &dims, size_t size) {
  std::vector<uint8_t> out(data.size());
  std::vector<int64_t> index(dims.size(), 0);
  for (size_t at = 0; at < out.size(); at += size) {
    size_t source = 0, stride = 1;
    for (size_t d = 0; d < dims.size(); ++d) {
      source += static_cast<size_t>(index[d]) * stride;
      stride *= static_cast<size_t>(dims[d]);
    }
    std::memcpy(out.data() + at, data.data() + source * size, size);
    for (size_t d = dims.size(); d-- > 0 && ++index[d] == dims[d];)
      index[d] = 0;
  }
  return out;
}

bool parseNpy(std::span<const uint8_t> file, HostTensor &tensor, std::string &error) {
  error = "not a .npy file";
  if (file.size() < 12 || std::memcmp(file.data(), kMagic, 6))
    return false;
  bool isLong = file[6] >= 2;
  size_t start = isLong ? 12 : 10, size = file[8] | file[9] << 8;
  if (isLong)
    size |= size_t(file[10]) << 16 | size_t(file[11]) << 24;
  if (file[6] > 3 || size > file.size() - start)
    return false;
  std::string_view header(reinterpret_cast<const char *>(file.data()) + start, size);
  std::string_view descr = valueOf(header, "descr"), order = valueOf(header, "fortran_order");
  tensor.dims.clear();
  if (descr.size() < 4 || order.empty() || !parseShape(valueOf(header, "shape"), tensor.dims))
    return false;
  std::string type(descr.substr(1, descr.find(descr[0], 1) - 1));
  tensor.dtype = 0;
  for (const NumpyType &t : kTypes)
    if (type.size() > 1 && type.substr(1) == t.descr)
      tensor.dtype = t.dtype;
  size_t element = wick_dtype_size(tensor.dtype);
  if (!element || (type[0] == '>' && element > 1)) {
    error = "numpy type '" + type + "' is not supported";
    return false;
  }
  uint64_t bytes = element;
  for (int64_t d : tensor.dims)
    if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(d), &bytes))
      return false;
  auto data = file.subspan(start + size);
  if (data.size() != bytes) {
    error = "the array has " + std::to_string(data.size()) + " bytes of data, its shape needs " + std::to_string(bytes);
    return false;
  }
  tensor.bytes.assign(data.begin(), data.end());
  if (order.substr(0, 4) == "True" && tensor.dims.size() > 1)
    tensor.bytes = fromFortran(data, tensor.dims, element);
  error.clear();
  return true;
}

bool readNpy(const std::string &path, HostTensor &tensor, std::string &error) {
  std::vector<uint8_t> file;
  if (!readFile(path, file, error))
    return false;
  if (!parseNpy(file, tensor, error)) {
    error = "'" + path + "': " + error;
    return false;
  }
  return true;
}

std::string npyHeader(const HostTensor &tensor) {
  size_t element = wick_dtype_size(tensor.dtype);
  std::string descr = element == 2 ? "<u2" : "|u1"; // raw bits
  for (const NumpyType &t : kTypes)
    if (t.dtype == tensor.dtype)
      descr = (element == 1 ? "|" : "<") + std::string(t.descr);
  std::string text = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (";
  for (size_t d = 0; d < tensor.dims.size(); ++d)
    text += (d ? ", " : "") + std::to_string(tensor.dims[d]);
  text += tensor.dims.size() == 1 ? ",), }" : "), }";
  size_t size = (10 + text.size() + 1 + 63) / 64 * 64 - 10;
  text.resize(size - 1, ' ');
  std::string out(kMagic, 6);
  out += '\x01';
  out += '\x00';
  out += static_cast<char>(size & 0xff);
  out += static_cast<char>(size >> 8);
  return out + text + "\n";
}

bool writeNpy(const std::string &path, const HostTensor &tensor, std::string &error) {
  std::string data(reinterpret_cast<const char *>(tensor.bytes.data()), tensor.bytes.size());
  return writeFile(path, {npyHeader(tensor), std::move(data)}, error);
}

bool retype(HostTensor &tensor, uint32_t dtype) {
  if (wick_dtype_size(tensor.dtype) != wick_dtype_size(dtype))
    return false;
  bool isRaw = tensor.dtype == WICK_DTYPE_U16 || tensor.dtype == WICK_DTYPE_U8;
  if (!isRaw && tensor.dtype != dtype)
    return false;
  tensor.dtype = dtype;
  return true;
}

} // namespace wick::tools
