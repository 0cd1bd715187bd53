// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lays the entries out, streams their contents while hashing them, and puts the
// table, the manifest and the zip directory behind them: what a load reads lies
// together at the end of the file.
//
#include "runtime/format/PackageWriter.h"

#include "runtime/format/Checksum.h"
#include "runtime/format/Manifest.h"
#include "runtime/format/ProgramView.h"
#include "runtime/format/ProgramWriter.h"
#include "runtime/format/ZipLayout.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace wick::format {

using namespace wick::abi;

EntrySource EntrySource::fromMemory(std::string_view bytes) {
  return {bytes.size(), [bytes](const ByteSink &sink, std::string &) { return sink(bytes.data(), bytes.size()); }};
}

namespace {
/// The file being written. It has no name until `publish` where the file system
/// allows that, so a killed process leaves nothing behind.
class OutputFile {
public:
  OutputFile(const std::string &path) : path(path), temp(path + ".tmp" + std::to_string(getpid())) {}
  ~OutputFile() {
    if (fd >= 0)
      close(fd);
    if (named)
      unlink(temp.c_str());
  }

  bool open(std::string &error) {
    size_t slash = path.rfind('/');
    std::string dir = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    fd = ::open(dir.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
    if (fd < 0) {
      fd = ::open(temp.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
      named = fd >= 0;
    }
    return fd >= 0 || fail("cannot create", error);
  }

  bool write(uint64_t offset, const void *data, size_t size, std::string &error) {
    const char *p = static_cast<const char *>(data);
    while (size) {
      ssize_t n = pwrite(fd, p, size, static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return fail("cannot write", error);
      p += n;
      size -= n;
      offset += n;
    }
    return true;
  }

  bool publish(std::string &error) {
    if (!named) {
      std::string self = "/proc/self/fd/" + std::to_string(fd);
      // Straight to its name where that is free; else by way of a second one,
      // which a process killed just there leaves behind.
      if (!linkat(AT_FDCWD, self.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW))
        return true;
      unlink(temp.c_str());
      if (linkat(AT_FDCWD, self.c_str(), AT_FDCWD, temp.c_str(), AT_SYMLINK_FOLLOW))
        return fail("cannot name", error);
      named = true;
    }
    int closed = close(fd);
    fd = -1;
    if (closed || rename(temp.c_str(), path.c_str()))
      return fail("cannot finish", error);
    named = false;
    return true;
  }

private:
  bool fail(const char *what, std::string &error) {
    error = std::string(what) + " '" + path + "': " + std::strerror(errno);
    return false;
  }

  std::string path, temp;
  int fd = -1;
  bool named = false; ///< `temp` exists and is ours
};

class Writer {
public:
  Writer(const std::string &path, const PackageSpec &spec, std::string &error) : spec(spec), error(error), file(path) {}
  bool run();
  /// Only spec.extra and the manifest's members.
  bool runArchive(std::string_view mimetype);

private:
  bool addEntry(const std::string &name, const EntrySource &source, uint64_t align, BlobInfo &info);
  bool addBytes(const std::string &name, const std::string &bytes) {
    BlobInfo info;
    return addEntry(name, EntrySource::fromMemory(bytes), kEntryAlign, info);
  }
  bool addBlobs();
  bool validate();
  bool finish(const std::string &manifestText);

  const PackageSpec &spec;
  std::string &error;
  OutputFile file;
  uint64_t cursor = 0;
  std::vector<ZipEntry> entries;
  std::vector<ManifestEntry> manifest;
  std::vector<BlobInfo> blobs;
  std::vector<SliceInfo> slices;
};
} // namespace

bool Writer::addEntry(const std::string &name, const EntrySource &source, uint64_t align, BlobInfo &info) {
  for (const ZipEntry &other : entries)
    if (other.name == name) {
      error = "two entries are called '" + name + "'";
      return false;
    }
  ZipEntry entry{name, 0, source.size, 0};
  uint64_t header = zipLocalHeaderSize(name, source.size);
  if (entries.empty()) // mimetype: its content has a fixed place behind its header
    align = 1;
  entry.content = (cursor + header + align - 1) / align * align;
  Sha256 hash;
  uint64_t done = 0;
  ByteSink sink = [&](const void *data, size_t size) {
    if (size > source.size - done || !file.write(entry.content + done, data, size, error))
      return false;
    entry.crc32 = format::crc32(entry.crc32, data, size);
    info.crc32c = format::crc32c(info.crc32c, data, size);
    hash.update(data, size);
    done += size;
    return true;
  };
  bool ok = !source.size || (source.produce && source.produce(sink, error));
  if (!ok || done != source.size) {
    if (error.empty())
      error = "entry '" + name + "' gave " + std::to_string(done) + " of " + std::to_string(source.size) + " bytes";
    return false;
  }
  if (!file.write(entry.content - header, zipLocalHeader(entry).data(), header, error))
    return false;
  info.name = name;
  info.offset = entry.content;
  info.size = source.size;
  info.sha256 = hash.finish();
  auto hex = toHex(info.sha256);
  manifest.push_back({name, source.size, std::string(hex.data(), hex.size())});
  entries.push_back(entry);
  cursor = entry.content + entry.size;
  return true;
}

bool Writer::addBlobs() {
  for (const CodeSlice &slice : spec.code) {
    if (slice.like >= 0) {
      slices.push_back({slice.name, slices[slice.like].blob});
      continue;
    }
    BlobInfo info;
    info.kind = BlobKind::Code;
    if (!addEntry("code/" + slice.name + ".elf", slice.image, kBlobAlign, info))
      return false;
    slices.push_back({slice.name, uint32_t(blobs.size())});
    blobs.push_back(info);
  }
  if (spec.weights.size) {
    BlobInfo info;
    info.kind = BlobKind::Weights;
    uint64_t align = spec.weights.size >= kBigWeights ? kBigWeightsAlign : kBlobAlign;
    if (!addEntry(kWeightsEntry, spec.weights, align, info))
      return false;
    blobs.push_back(info);
  }
  for (const NamedEntry &extra : spec.extra) {
    BlobInfo info;
    if (!addEntry(extra.name, extra.content, kEntryAlign, info))
      return false;
    blobs.push_back(info);
  }
  return true;
}

/// With the sizes alone, before anything is streamed: a wrong program is found
/// at once.
bool Writer::validate() {
  if (!spec.program) {
    error = "a package needs a program";
    return false;
  }
  std::vector<SliceInfo> someSlices;
  std::vector<BlobInfo> someBlobs;
  for (const CodeSlice &slice : spec.code) {
    if (slice.like >= 0) {
      someSlices.push_back({slice.name, someSlices[slice.like].blob});
      continue;
    }
    someSlices.push_back({slice.name, uint32_t(someBlobs.size())});
    someBlobs.push_back({slice.name, BlobKind::Code, 0, 0, slice.image.size, {}});
  }
  if (spec.weights.size)
    someBlobs.push_back({kWeightsEntry, BlobKind::Weights, 0, 0, spec.weights.size, {}});
  std::string program = serializeProgram(*spec.program, someSlices, someBlobs);
  ProgramView view;
  ErrorText problem;
  if (ProgramView::parse({reinterpret_cast<const uint8_t *>(program.data()), program.size()}, view, problem))
    return true;
  error = std::string("the program is not valid: ") + problem.text;
  return false;
}

bool Writer::run() {
  if (!validate() || !file.open(error) || !addBytes(kMimetypeEntry, kMimetype) || !addBlobs() ||
      !addBytes(kProgramEntry, serializeProgram(*spec.program, slices, blobs)))
    return false;
  std::vector<std::string> names;
  for (const CodeSlice &slice : spec.code)
    names.push_back(slice.name);
  return finish(writeManifest(*spec.program, names, manifest, spec.manifestMembers));
}

bool Writer::runArchive(std::string_view mimetype) {
  return file.open(error) && addBytes(kMimetypeEntry, std::string(mimetype)) && addBlobs() &&
         finish("{\n  " + spec.manifestMembers + ",\n  \"entries\": [" + entriesText(manifest) + "]\n}\n");
}

bool Writer::finish(const std::string &manifestText) {
  if (!addBytes(kManifestEntry, manifestText))
    return false;
  std::string directory = zipDirectory(entries, cursor);
  return file.write(cursor, directory.data(), directory.size(), error) && file.publish(error);
}

bool writePackage(const std::string &path, const PackageSpec &spec, std::string &error) {
  error.clear();
  return Writer(path, spec, error).run();
}

bool writeArchive(const std::string &path, std::string_view mimetype, const std::vector<NamedEntry> &entries,
                  const std::string &manifestMembers, std::string &error) {
  error.clear();
  PackageSpec spec;
  spec.extra = entries;
  spec.manifestMembers = manifestMembers;
  return Writer(path, spec, error).runArchive(mimetype);
}

} // namespace wick::format
