// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Archives written by torch 2.15 (data/README.md) and small ones made here.
//
#pragma once

#include "compiler/frontend/torch/archive/TorchArchive.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include <gtest/gtest.h>
#include <zlib.h>

namespace wick::compiler::torch {

inline std::string samplePath(llvm::StringRef name) { return (WICK_ARCHIVE_DATA "/" + name).str(); }

inline std::vector<std::string> sampleNames() {
  return {"dtypes.script.pt", "hooks.script.pt",  "lang.script.pt", "promote.trace.pt",
          "qembbag.trace.pt", "sample_inputs.pt", "sharedw.pt2"};
}

inline std::string readSample(llvm::StringRef name) {
  auto file = mapFile(samplePath(name));
  EXPECT_TRUE(bool(file));
  return file ? file->text().str() : std::string();
}

/// The text of an error; "" for success.
template <typename T>
std::string errorOf(llvm::Expected<T> result) {
  return result ? std::string() : llvm::toString(result.takeError());
}

/// Writes stored entries as plain zip, without zip64 and descriptors.
class ZipWriter {
public:
  void add(std::string name, std::string data) {
    std::string header = fields(name, data);
    directory += number(0x02014b50, 4) + number(0, 2) + header + number(0, 10) + number(out.size(), 4) + name;
    out += number(0x04034b50, 4) + header + name + data;
    ++count;
  }
  std::string finish() const {
    return out + directory + number(0x06054b50, 4) + number(0, 4) + number(count, 2) + number(count, 2) +
           number(directory.size(), 4) + number(out.size(), 4) + number(0, 2);
  }
  static std::string number(uint64_t value, unsigned bytes) {
    std::string text;
    for (unsigned i = 0; i < bytes; ++i)
      text += i < 8 ? char(value >> (8 * i)) : char(0);
    return text;
  }

private:
  static std::string fields(const std::string &name, const std::string &data) {
    auto crc = crc32_z(0, reinterpret_cast<const Bytef *>(data.data()), data.size());
    return number(0, 2) + number(0x800, 2) + number(0, 2) + number(0, 4) + number(crc, 4) + number(data.size(), 4) +
           number(data.size(), 4) + number(name.size(), 2) + number(0, 2);
  }
  std::string out, directory;
  unsigned count = 0;
};

} // namespace wick::compiler::torch
