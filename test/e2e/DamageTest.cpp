// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Damaged copies of a compiled package: cut at every byte of its first 4 KB and
// of what lies behind the weights, and with random bits flipped. `verify` sees
// every change; opening and running ends in a status or in a normal run, never
// in a signal or a hang.
//
#include "runtime/format/PackageReader.h"
#include "runtime/format/PackageVerify.h"
#include "test/e2e/E2e.h"

#include <cstring>
#include <random>
#include <sys/wait.h>

using namespace wick::test;

static const char *const kModels[] = {"mlp_small", "variants", "lstm", "magika"};

/// 0 opened and ran, 1 refused with a message, 2 refused without one.
static int openAndRun(const std::string &bytes, const std::vector<wick_value> &values) {
  wick_source source{};
  source.struct_size = sizeof(source);
  source.kind = WICK_SOURCE_MEMORY;
  source.data = bytes.data();
  source.length = bytes.size();
  Loaded m;
  if (!wick_model_open(&source, nullptr, &m.model, &m.error) &&
      !wick_session_create(m.model, nullptr, &m.session, &m.error)) {
    m.values = values;
    if (!m.run())
      return (void)m.results(), 0;
  }
  return m.error.status && m.error.message[0] ? 1 : 2;
}

static bool verifies(const std::string &bytes) {
  return wick::format::verifyPackage({reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()}).empty();
}

TEST(Damage, CutAtEveryByteOfHeadersAndTables) {
  for (const char *name : kModels) {
    std::string path = packageOf(name);
    if (path.empty())
      continue;
    Loaded whole;
    ASSERT_EQ(whole.open(path), WICK_STATUS_OK) << whole.error.message;
    ASSERT_TRUE(whole.readInputs(path)) << whole.error.message;
    std::string bytes = readAll(path);
    ASSERT_TRUE(verifies(bytes)) << name;
    wick::format::PackageReader reader;
    wick::format::ErrorText text;
    ASSERT_TRUE(wick::format::PackageReader::open({reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()},
                                                  reader, text));
    wick::format::PackageEntry program;
    ASSERT_TRUE(reader.find("program.bin", program));
    size_t tail = program.offset - 64, cuts = 0;
    // One child for all: a signal there names no byte, but there is none.
    int status = inChild(240, [&] {
      for (size_t size = 0; size < bytes.size();
           size += size < 4096 || size >= tail ? 1 : std::min<size_t>(tail - size, 65521)) {
        // In memory of that size alone, so that a sanitizer sees a read behind it.
        std::string cut(bytes.data(), size);
        if (verifies(cut))
          return std::printf("%s cut at %zu verifies\n", name, size), 3;
        int result = openAndRun(cut, whole.values);
        if (result != 1)
          return std::printf("%s cut at %zu: %d\n", name, size, result), 4;
        ++cuts;
      }
      std::printf("%s: %zu cuts, all refused\n", name, cuts);
      return 0;
    });
    EXPECT_EQ(status, 0) << name;
  }
}

TEST(Damage, RandomFlips) {
  for (const char *name : kModels) {
    std::string path = packageOf(name);
    if (path.empty())
      continue;
    Loaded whole;
    ASSERT_EQ(whole.open(path), WICK_STATUS_OK) << whole.error.message;
    ASSERT_TRUE(whole.readInputs(path)) << whole.error.message;
    const std::string bytes = readAll(path);
    std::mt19937 random(17);
    int refused = 0, ran = 0;
    for (int i = 0; i < 200; ++i) {
      // Every other one behind the weights, where the structures lie.
      size_t at = i % 2 ? bytes.size() - 1 - random() % 16000 : random() % bytes.size();
      std::string flipped = bytes;
      flipped[at] = char(flipped[at] ^ 1 << random() % 8);
      EXPECT_FALSE(verifies(flipped)) << name << " at " << at;
      int status = inChild(30, [&] { return openAndRun(flipped, whole.values); });
      EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) < 2) << name << " at " << at << ": status " << status;
      ++(WIFEXITED(status) && WEXITSTATUS(status) == 1 ? refused : ran);
    }
    std::printf("%s: 200 flips found by verify; %d refused when opened, %d ran\n", name, refused, ran);
  }
}
