// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A small JSON value: enough to read manifests and to print results for
// machines. Numbers are kept as their text, so that int64 stays exact.
//
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wick::tools {

class Json {
public:
  enum class Kind { Null, Bool, Number, String, Array, Object };

  Json() = default;
  Json(bool value) : kind(Kind::Bool), flag(value) {}
  Json(int value) : Json(static_cast<int64_t>(value)) {}
  Json(int64_t value) : kind(Kind::Number), text(std::to_string(value)) {}
  Json(uint64_t value) : kind(Kind::Number), text(std::to_string(value)) {}
  Json(double value); ///< NaN and infinities become null
  Json(std::string value) : kind(Kind::String), text(std::move(value)) {}
  Json(const char *value) : Json(std::string(value)) {}
  static Json array() { return Json(Kind::Array); }
  static Json object() { return Json(Kind::Object); }

  /// Parses a whole text; false with `error` set (offset and reason).
  [[nodiscard]] static bool parse(std::string_view text, Json &value, std::string &error);

  Json &add(std::string key, Json value) {
    members.emplace_back(std::move(key), std::move(value));
    return *this;
  }
  Json &push(Json value) {
    items.push_back(std::move(value));
    return *this;
  }
  /// The member of that name, or a null value.
  const Json &operator[](std::string_view key) const;

  bool isNull() const { return kind == Kind::Null; }
  bool asBool() const { return flag; }
  int64_t asInt(int64_t otherwise = 0) const;
  double asDouble() const;
  const std::string &asString() const { return text; }

  /// One line without `indent`; else two spaces a level.
  std::string print(bool indent = true) const;

  Kind kind = Kind::Null;
  bool flag = false;
  std::string text; ///< of a string or number
  std::vector<Json> items;
  std::vector<std::pair<std::string, Json>> members;

private:
  explicit Json(Kind kind) : kind(kind) {}
  void print(std::string &out, bool indent, int level) const;
};

} // namespace wick::tools
