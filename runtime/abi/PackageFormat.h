// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The bytes of a `.wick` file. The file is a zip archive of stored entries; the
// runtime reads one of them, `program.bin`, in place: a header, a table of
// sections, and arrays of the fixed-size little-endian records below. Everything
// here is written once by format/ProgramWriter and read by format/ProgramView;
// records never change inside a major version, new data comes as new sections.
//
#pragma once

#include <cstdint>

namespace wick::abi {

constexpr char kProgramMagic[8] = {'W', 'I', 'C', 'K', 'P', 'R', 'G', '\0'};
constexpr uint16_t kFormatMajor = 1; ///< a runtime reads its own major version only
constexpr uint16_t kFormatMinor = 1; ///< 1: variants

/// Names of the fixed zip entries.
constexpr char kManifestEntry[] = "manifest.json";
constexpr char kProgramEntry[] = "program.bin";
constexpr char kWeightsEntry[] = "weights.bin";
constexpr char kGraphEntry[] = "graph.mlirbc";
// Code images are "code/<slice>.elf".

/// Alignment of entries in the file, in bytes.
constexpr uint64_t kBlobAlign = 4096;                  ///< code and weights: x86-64's page
constexpr uint64_t kBigWeights = 64 * 1024 * 1024;     ///< from here on the gap below costs at most 3 %
constexpr uint64_t kBigWeightsAlign = 2 * 1024 * 1024; ///< of such weights, for large pages
constexpr uint64_t kEntryAlign = 64;                   ///< everything else

/// Feature bits of a program. A runtime refuses unknown required bits by number.
constexpr uint64_t kKnownRequiredFeatures = 0;

struct ProgramHeader {
  char magic[8];
  uint16_t major, minor;
  uint32_t crc32c; ///< of the whole entry with this field as zero
  uint64_t requiredFeatures, optionalFeatures;
  uint64_t totalBytes;   ///< of the entry
  uint32_t sectionCount; ///< SectionRecords that follow the header
  uint32_t prologueEnd;
  uint32_t numRegs, numSegments;
  uint64_t splitThresholdNs;
};
static_assert(sizeof(ProgramHeader) == 64);

enum class SectionKind : uint32_t {
  Chars = 1,     ///< text that StringRecord points into; each ends with a NUL that its size does not count
  Symbols,       ///< SymbolRecord
  Inputs,        ///< ValueRecord
  Outputs,       ///< ValueRecord
  Dims,          ///< DimRecord, ranges of it belong to values
  Buffers,       ///< BufferRecord
  Kernels,       ///< KernelRecord
  KernelEntries, ///< uint64_t, kernels x slices, slice fastest: offset of the entry in the code image
  Instrs,        ///< InstrRecord
  Words,         ///< uint32_t
  Pool64,        ///< int64_t
  Strings,       ///< StringRecord
  Nodes,         ///< StringRecord
  Slices,        ///< SliceRecord
  Blobs,         ///< BlobRecord
  Variants,      ///< VariantRecord; since 1.1
  VariantWords,  ///< uint64_t: the bytes of the variants; since 1.1
};
constexpr uint32_t kMaxSectionKind = 17;

struct SectionRecord {
  uint32_t kind;
  uint32_t recordBytes;
  uint64_t offset; ///< from the start of program.bin, a multiple of 8
  uint64_t count;  ///< records
};
static_assert(sizeof(SectionRecord) == 24);

struct StringRecord {
  uint32_t offset, size;
};

struct SymbolRecord {
  StringRecord name;
  int64_t min, max;
  uint32_t reg, reserved;
};
static_assert(sizeof(SymbolRecord) == 32);

struct DimRecord {
  int64_t value;
  uint32_t reg, symbol;
};
static_assert(sizeof(DimRecord) == 16);

struct ValueRecord {
  StringRecord name;
  uint32_t dtype, firstDim, rank, buffer, aliasInput, reserved;
};
static_assert(sizeof(ValueRecord) == 32);

struct BufferRecord {
  uint8_t kind, dtype;
  uint16_t reserved;
  uint32_t index, segment, sizeReg, offsetReg, firstUse, lastUse, node;
  uint64_t offset, size;
};
static_assert(sizeof(BufferRecord) == 48);

struct KernelRecord {
  StringRecord name;
  uint32_t strategy, reserved;
};
static_assert(sizeof(KernelRecord) == 16);

struct InstrRecord {
  uint16_t op, flags;
  uint32_t a, b, c, cost, node;
};
static_assert(sizeof(InstrRecord) == 24);

/// What a CPU must have is said by the slice's name: a base ("x86-64-v3") and
/// "+" extensions; cpu/CpuFeatures is the one place that knows them.
struct SliceRecord {
  StringRecord name;
  uint32_t blob;      ///< index of the code image in Blobs
  uint32_t kernelAbi; ///< kKernelAbiVersion it was compiled for
};
constexpr uint32_t kKernelAbiVersion = 1;

enum class BlobKind : uint32_t { Weights = 1, Code = 2, Other = 3 };

struct BlobRecord {  ///< a zip entry with large content
  StringRecord name; ///< of the zip entry
  uint32_t kind;
  uint32_t crc32c; ///< of the content
  uint64_t offset; ///< of the content from the start of the file
  uint64_t size;
  uint8_t sha256[32];
};
static_assert(sizeof(BlobRecord) == 64);

/// The program compiled with some dims fixed: a whole program as described here,
/// without sections of its own for slices, blobs and variants; those of the
/// program that holds it apply. Its inputs and outputs are those of that program
/// in names, types and ranks. A run whose inputs have the constant dims of a
/// variant uses the first such variant. A runtime of 1.0 passes over both
/// sections and runs the general program at all sizes.
struct VariantRecord {
  uint64_t firstWord, words; ///< range of VariantWords
};
static_assert(sizeof(VariantRecord) == 16);

} // namespace wick::abi
