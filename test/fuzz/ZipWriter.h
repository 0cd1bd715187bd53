// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A zip file of stored records in memory, as PyTorch's archives are.
//
#ifndef WICK_TEST_FUZZ_ZIPWRITER_H
#define WICK_TEST_FUZZ_ZIPWRITER_H

#include <cstdint>
#include <string>
#include <utility>
#include <vector>
#include <zlib.h>

inline std::string writeZip(const std::vector<std::pair<std::string, std::string>> &records) {
  std::string out, directory;
  auto put = [](std::string &s, uint64_t v, int bytes) {
    for (int i = 0; i < bytes; ++i)
      s += char(v >> (8 * i));
  };
  for (const auto &[name, content] : records) {
    uint32_t crc = uint32_t(crc32(0, reinterpret_cast<const Bytef *>(content.data()), uInt(content.size())));
    size_t at = out.size();
    for (bool central : {false, true}) {
      std::string &s = central ? directory : out;
      put(s, central ? 0x02014b50 : 0x04034b50, 4);
      if (central)
        put(s, 20, 2);
      put(s, 20, 2), put(s, 0, 2), put(s, 0, 2), put(s, 0, 4), put(s, crc, 4);
      put(s, content.size(), 4), put(s, content.size(), 4), put(s, name.size(), 2), put(s, 0, 2);
      if (central)
        put(s, 0, 2), put(s, 0, 2), put(s, 0, 2), put(s, 0, 4), put(s, at, 4);
      s += name;
      if (!central)
        s += content;
    }
  }
  size_t start = out.size();
  out += directory;
  put(out, 0x06054b50, 4), put(out, 0, 4), put(out, records.size(), 2), put(out, records.size(), 2);
  put(out, directory.size(), 4), put(out, start, 4), put(out, 0, 2);
  return out;
}

#endif // WICK_TEST_FUZZ_ZIPWRITER_H
