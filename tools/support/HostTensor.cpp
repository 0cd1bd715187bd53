// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files and type names.
//
#include "tools/support/HostTensor.h"

#include "wick/wick.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

namespace wick::tools {

bool readFile(const std::string &path, std::vector<uint8_t> &bytes, std::string &error) {
  std::FILE *file = std::fopen(path.c_str(), "rb");
  struct stat info;
  if (!file || fstat(fileno(file), &info) || !S_ISREG(info.st_mode)) {
    error = "cannot read '" + path + "': " + (file ? "not a regular file" : std::strerror(errno));
    if (file)
      std::fclose(file);
    return false;
  }
  bytes.resize(static_cast<size_t>(info.st_size));
  size_t got = bytes.empty() ? 0 : std::fread(bytes.data(), 1, bytes.size(), file);
  std::fclose(file);
  if (got != bytes.size())
    error = "cannot read all of '" + path + "'";
  return got == bytes.size();
}

bool writeFile(const std::string &path, const std::vector<std::string> &pieces, std::string &error) {
  std::string temp = path + ".tmp" + std::to_string(getpid());
  std::FILE *file = std::fopen(temp.c_str(), "wb");
  bool ok = file != nullptr;
  for (size_t i = 0; ok && i < pieces.size(); ++i)
    ok = pieces[i].empty() || std::fwrite(pieces[i].data(), pieces[i].size(), 1, file) == 1;
  int code = errno;
  if (file && std::fclose(file) && ok) {
    ok = false;
    code = errno;
  }
  if (ok && std::rename(temp.c_str(), path.c_str())) {
    ok = false;
    code = errno;
  }
  if (!ok) {
    if (file)
      std::remove(temp.c_str());
    error = "cannot write '" + path + "': " + std::strerror(code);
  }
  return ok;
}

namespace {
struct TypeName {
  uint32_t dtype;
  const char *onnx;
};
constexpr TypeName kTypes[] = {
    {WICK_DTYPE_F32, "FLOAT"},
    {WICK_DTYPE_F64, "DOUBLE"},
    {WICK_DTYPE_F16, "FLOAT16"},
    {WICK_DTYPE_BF16, "BFLOAT16"},
    {WICK_DTYPE_I8, "INT8"},
    {WICK_DTYPE_I16, "INT16"},
    {WICK_DTYPE_I32, "INT32"},
    {WICK_DTYPE_I64, "INT64"},
    {WICK_DTYPE_U8, "UINT8"},
    {WICK_DTYPE_U16, "UINT16"},
    {WICK_DTYPE_U32, "UINT32"},
    {WICK_DTYPE_U64, "UINT64"},
    {WICK_DTYPE_BOOL, "BOOL"},
    {WICK_DTYPE_F8E4M3FN, "FLOAT8E4M3FN"},
    {WICK_DTYPE_F8E4M3FNUZ, "FLOAT8E4M3FNUZ"},
    {WICK_DTYPE_F8E5M2, "FLOAT8E5M2"},
    {WICK_DTYPE_F8E5M2FNUZ, "FLOAT8E5M2FNUZ"},
    {WICK_DTYPE_I4, "INT4"},
    {WICK_DTYPE_U4, "UINT4"},
    {WICK_DTYPE_C64, "COMPLEX64"},
    {WICK_DTYPE_C128, "COMPLEX128"},
    {WICK_DTYPE_F8E8M0, "FLOAT8E8M0"},
    {WICK_DTYPE_F4E2M1, "FLOAT4E2M1"},
    {WICK_DTYPE_I2, "INT2"},
    {WICK_DTYPE_U2, "UINT2"},
};
} // namespace

std::string typeText(const HostTensor &tensor) {
  std::string text = std::string(wick_dtype_name(tensor.dtype)) + "[";
  for (size_t i = 0; i < tensor.dims.size(); ++i)
    text += (i ? ", " : "") + std::to_string(tensor.dims[i]);
  return text + "]";
}

std::string onnxTypeName(uint32_t dtype) {
  for (const TypeName &t : kTypes)
    if (t.dtype == dtype)
      return t.onnx;
  return "";
}

uint32_t onnxTypeCode(const std::string &name) {
  for (const TypeName &t : kTypes)
    if (t.onnx == name)
      return t.dtype;
  return 0;
}

} // namespace wick::tools
