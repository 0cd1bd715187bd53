// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Contents against zip CRC, table and manifest; headers and directory against
// what the writer derives from the entries; gaps against zero.
//
#include "runtime/format/PackageVerify.h"

#include "runtime/format/Checksum.h"
#include "runtime/format/Manifest.h"
#include "runtime/format/PackageReader.h"
#include "runtime/format/ProgramWriter.h"
#include "runtime/format/ZipLayout.h"

#include <algorithm>
#include <cstring>

namespace wick::format {

namespace {
class Verifier {
public:
  Verifier(std::span<const uint8_t> file) : file(file) {}
  std::vector<std::string> run();

private:
  void problem(std::string text) { problems.push_back(std::move(text)); }
  void checkStructure();
  void checkContents();
  void checkTable();
  bool isZero(uint64_t begin, uint64_t end) const;
  bool isEqual(uint64_t at, const std::string &bytes) const {
    return at <= file.size() && bytes.size() <= file.size() - at &&
           !std::memcmp(file.data() + at, bytes.data(), bytes.size());
  }

  std::span<const uint8_t> file;
  PackageReader reader;
  std::vector<ZipEntry> entries;
  std::vector<std::string> hashes; ///< sha256 of the entries, hex
  std::vector<std::string> problems;
};
} // namespace

bool Verifier::isZero(uint64_t begin, uint64_t end) const {
  return begin <= end && std::all_of(file.begin() + begin, file.begin() + end, [](uint8_t b) { return b == 0; });
}

void Verifier::checkStructure() {
  uint64_t end = 0;
  for (const ZipEntry &e : entries) {
    std::string header = zipLocalHeader(e);
    uint64_t start = e.content - std::min<uint64_t>(e.content, header.size());
    if (!isEqual(start, header))
      problem("the local header of '" + e.name + "' is damaged");
    if (!isZero(end, start))
      problem("the padding before '" + e.name + "' is not zero, or entries overlap");
    end = e.content + e.size;
  }
  std::string directory = zipDirectory(entries, reader.directory);
  if (end != reader.directory || !isEqual(reader.directory, directory) ||
      reader.directory + directory.size() != file.size())
    problem("the archive directory is damaged");
  if (entries.empty() || entries[0].name != kMimetypeEntry)
    problem("the first entry is not '" + std::string(kMimetypeEntry) + "'");
}

void Verifier::checkContents() {
  for (const ZipEntry &e : entries) {
    const uint8_t *data = file.data() + e.content;
    if (crc32(0, data, e.size) != e.crc32)
      problem("entry '" + e.name + "' is damaged (CRC-32)");
    auto hex = toHex(Sha256::of(data, e.size));
    hashes.emplace_back(hex.data(), hex.size());
  }
}

void Verifier::checkTable() {
  PackageEntry program, manifest;
  if (!reader.find(abi::kProgramEntry, program) || !reader.find(abi::kManifestEntry, manifest))
    return problem("there is no program or no manifest");
  auto bytes = reader.content(program);
  std::vector<uint64_t> aligned((bytes.size() + 7) / 8);
  std::memcpy(aligned.data(), bytes.data(), bytes.size());
  ProgramView view;
  ErrorText text;
  if (!reader.readProgram({reinterpret_cast<const uint8_t *>(aligned.data()), bytes.size()}, view, text))
    return problem(text.text);
  for (const abi::BlobRecord &blob : view.blobs) {
    auto content = file.subspan(blob.offset, blob.size);
    auto hash = Sha256::of(content.data(), content.size());
    if (crc32c(0, content.data(), content.size()) != blob.crc32c || std::memcmp(hash.data(), blob.sha256, 32))
      problem("entry '" + std::string(view.text(blob.name)) + "' differs from the program's table");
  }
  auto content = reader.content(manifest);
  std::string_view json(reinterpret_cast<const char *>(content.data()), content.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].name == abi::kManifestEntry)
      continue;
    std::string line = "{\"name\": " + jsonQuote(entries[i].name) + ", \"size\": " + std::to_string(entries[i].size) +
                       ", \"sha256\": \"" + hashes[i] + "\"}";
    if (json.find(line) == std::string_view::npos)
      problem("entry '" + entries[i].name + "' differs from the manifest");
  }
}

std::vector<std::string> Verifier::run() {
  ErrorText text;
  if (!PackageReader::open(file, reader, text)) {
    problem(text.text);
    return problems;
  }
  PackageEntry entry;
  for (uint64_t cursor = 0; reader.next(cursor, entry);)
    entries.push_back({std::string(entry.name), entry.crc32, entry.size, entry.offset});
  checkStructure();
  checkContents();
  checkTable();
  return problems;
}

std::vector<std::string> verifyPackage(std::span<const uint8_t> file) { return Verifier(file).run(); }

} // namespace wick::format
