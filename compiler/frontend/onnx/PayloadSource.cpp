// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Maps files read-only and hands out the ranges that tensors name. Ranges were
// checked when the tensor was read; they are checked again here because structs
// can be edited, and a wrong one gives an empty span instead of a crash.
//
#include "compiler/frontend/onnx/PayloadSource.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace wick::onnx {

struct PayloadSource::File {
  std::string path;
  std::vector<std::byte> buffer;
  void *mapping = nullptr;
  size_t size = 0;

  File() = default;
  File(const File &) = delete;
  File &operator=(const File &) = delete;
  ~File() {
    if (mapping)
      munmap(mapping, size);
  }
  std::span<const std::byte> bytes() const {
    if (mapping)
      return {static_cast<const std::byte *>(mapping), size};
    return buffer;
  }
};

PayloadSource::PayloadSource() = default;
PayloadSource::~PayloadSource() = default;
PayloadSource::PayloadSource(PayloadSource &&) noexcept = default;
PayloadSource &PayloadSource::operator=(PayloadSource &&) noexcept = default;

std::span<const std::byte> PayloadSource::bytes(const Tensor &tensor) const {
  if (tensor.isInline())
    return tensor.owned ? std::span<const std::byte>(*tensor.owned) : std::span<const std::byte>();
  auto all = contents(tensor.file);
  if (tensor.offset > all.size() || tensor.length > all.size() - tensor.offset)
    return {};
  return all.subspan(tensor.offset, tensor.length);
}

int32_t PayloadSource::addFile(const std::string &path, std::string &error) {
  for (size_t i = 0; i < files.size(); ++i)
    if (!files[i]->path.empty() && files[i]->path == path)
      return static_cast<int32_t>(i);
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    error = std::string("cannot open: ") + std::strerror(errno);
    return -1;
  }
  struct stat info{};
  auto added = std::make_unique<File>();
  if (fstat(fd, &info) != 0) {
    error = std::string("cannot stat: ") + std::strerror(errno);
  } else if (!S_ISREG(info.st_mode)) {
    error = "is not a regular file";
  } else if (info.st_size > 0) {
    added->size = static_cast<size_t>(info.st_size);
    void *at = mmap(nullptr, added->size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED)
      error = std::string("cannot map: ") + std::strerror(errno);
    else
      added->mapping = at;
  }
  close(fd);
  if (!error.empty())
    return -1;
  added->path = path;
  files.push_back(std::move(added));
  return static_cast<int32_t>(files.size() - 1);
}

int32_t PayloadSource::addBuffer(std::vector<std::byte> bytes) {
  auto added = std::make_unique<File>();
  added->buffer = std::move(bytes);
  files.push_back(std::move(added));
  return static_cast<int32_t>(files.size() - 1);
}

const std::string &PayloadSource::path(int32_t file) const {
  static const std::string none;
  if (file < 0 || static_cast<size_t>(file) >= files.size())
    return none;
  return files[file]->path;
}

std::span<const std::byte> PayloadSource::contents(int32_t file) const {
  if (file < 0 || static_cast<size_t>(file) >= files.size())
    return {};
  return files[file]->bytes();
}

} // namespace wick::onnx
