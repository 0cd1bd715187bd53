// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes manifest.json by hand: a handful of fields do not need a JSON library.
//
#include "runtime/format/Manifest.h"

#include "runtime/abi/PackageFormat.h"
#include "runtime/format/DType.h"
#include "runtime/format/ProgramWriter.h"

#include <cstdio>

namespace wick::format {

std::string jsonQuote(const std::string &text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof(escape), "\\u%04x", c);
      out += escape;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

static std::string dimText(const Program &p, const Dim &d) {
  if (d.value >= 0)
    return std::to_string(d.value);
  if (d.symbol < p.symbols.size())
    return jsonQuote(p.symbols[d.symbol].name);
  return "null";
}

static std::string valuesText(const Program &p, const std::vector<ValueInfo> &values) {
  std::string out;
  for (const ValueInfo &v : values) {
    out += out.empty() ? "\n" : ",\n";
    out += "    {\"name\": " + jsonQuote(v.name) + ", \"dtype\": \"" + dtypeName(v.dtype) + "\", \"dims\": [";
    for (size_t i = 0; i < v.dims.size(); ++i)
      out += (i ? ", " : "") + dimText(p, v.dims[i]);
    out += "]}";
  }
  return out;
}

/// The dims that each variant fixes; nothing for a program without variants.
static std::string variantsText(const Program &p) {
  std::string out;
  for (const Program &v : p.variants) {
    out += out.empty() ? "],\n  \"variants\": [{" : ", {";
    size_t count = 0;
    for (const auto &[name, value] : fixedDims(p, v))
      out += (count++ ? ", " : "") + jsonQuote(name) + ": " + std::to_string(value);
    out += "}";
  }
  return out;
}

std::string writeManifest(const Program &p, const std::vector<std::string> &slices,
                          const std::vector<ManifestEntry> &entries, const std::string &members) {
  std::string out =
      "{\n  \"format\": \"wick " + std::to_string(abi::kFormatMajor) + "." + std::to_string(abi::kFormatMinor) + "\"";
  if (!members.empty())
    out += ",\n  " + members;
  out += ",\n  \"inputs\": [" + valuesText(p, p.inputs) + "],\n  \"outputs\": [" + valuesText(p, p.outputs) +
         "],\n  \"dims\": [";
  for (size_t i = 0; i < p.symbols.size(); ++i) {
    const Symbol &s = p.symbols[i];
    out += (i ? ", " : "") + ("{\"name\": " + jsonQuote(s.name)) + ", \"min\": " + std::to_string(s.min);
    if (s.max != INT64_MAX)
      out += ", \"max\": " + std::to_string(s.max);
    out += "}";
  }
  out += variantsText(p) + "],\n  \"slices\": [";
  for (size_t i = 0; i < slices.size(); ++i)
    out += (i ? ", " : "") + jsonQuote(slices[i]);
  return out + "],\n  \"entries\": [" + entriesText(entries) + "]\n}\n";
}

std::string entriesText(const std::vector<ManifestEntry> &entries) {
  std::string out;
  for (size_t i = 0; i < entries.size(); ++i)
    out += (i ? ",\n    " : "\n    ") + ("{\"name\": " + jsonQuote(entries[i].name)) +
           ", \"size\": " + std::to_string(entries[i].size) + ", \"sha256\": \"" + entries[i].sha256 + "\"}";
  return out;
}

} // namespace wick::format
