// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A cursor over one protobuf message: yields its fields one by one, each range
// checked against the message that holds it. The first error stops every
// cursor that shares the error state, so parsers need no check after each step;
// they end by themselves and the caller looks at the state once.
//
#ifndef WICK_COMPILER_FRONTEND_ONNX_WIRE_H
#define WICK_COMPILER_FRONTEND_ONNX_WIRE_H

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace wick::onnx::wire {

enum class WireType : uint8_t { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

/// The first error met, shared by all cursors of one parse.
struct ErrorState {
  const std::byte *base = nullptr; ///< start of the buffer, for offsets
  bool failed = false;
  std::string message;
  void fail(const std::byte *at, const char *messageType, const std::string &what) {
    if (failed)
      return;
    failed = true;
    message = "damaged protobuf at byte " + std::to_string(at - base) + ", in " + messageType + ": " + what;
  }
};

/// One field. `scalar` holds varints and fixed values as bits, `body` the range
/// of length-delimited ones.
struct Field {
  uint32_t number = 0;
  WireType type = WireType::Varint;
  uint64_t scalar = 0;
  std::span<const std::byte> body;
};

class Cursor {
public:
  /// Protobuf's own default; three levels a nested subgraph.
  static constexpr unsigned MaxDepth = 100;

  Cursor(std::span<const std::byte> body, const char *messageType, ErrorState &errors, unsigned depth = 0)
      : at(body.data()), end(body.data() + body.size()), messageType(messageType), errors(errors), depth(depth) {
    if (depth > MaxDepth)
      fail("messages are nested deeper than " + std::to_string(MaxDepth));
  }

  /// Reads the next field; false at the end or after an error.
  bool next(Field &field) {
    if (errors.failed || at == end)
      return false;
    fieldStart = at;
    uint64_t tag = 0;
    if (!varint(tag))
      return false;
    if (tag > UINT32_MAX || (tag >> 3) == 0)
      return fail("invalid tag " + std::to_string(tag));
    field.number = static_cast<uint32_t>(tag >> 3);
    field.body = {};
    field.scalar = 0;
    switch (tag & 7) {
    case 0:
      field.type = WireType::Varint;
      return varint(field.scalar);
    case 1:
      field.type = WireType::Fixed64;
      return fixed(field.scalar, 8);
    case 2: {
      field.type = WireType::Bytes;
      uint64_t length = 0;
      if (!varint(length))
        return false;
      if (length > static_cast<uint64_t>(end - at))
        return fail("field " + std::to_string(field.number) + " of " + std::to_string(length) +
                    " bytes runs past the end, " + std::to_string(end - at) + " bytes are left");
      field.body = {at, static_cast<size_t>(length)};
      at += length;
      return true;
    }
    case 5:
      field.type = WireType::Fixed32;
      return fixed(field.scalar, 4);
    default:
      return fail("field " + std::to_string(field.number) + " has unsupported wire type " + std::to_string(tag & 7));
    }
  }

  /// A cursor over a nested message.
  Cursor enter(const Field &field, const char *nestedType) {
    expect(field, WireType::Bytes);
    return Cursor(field.body, nestedType, errors, depth + 1);
  }
  std::string string(const Field &field) {
    if (!expect(field, WireType::Bytes))
      return {};
    return {reinterpret_cast<const char *>(field.body.data()), field.body.size()};
  }
  int64_t integer(const Field &field) {
    return expect(field, WireType::Varint) ? static_cast<int64_t>(field.scalar) : 0;
  }
  bool expect(const Field &field, WireType type) {
    if (field.type == type)
      return true;
    return fail("field " + std::to_string(field.number) + " has wire type " +
                std::to_string(static_cast<unsigned>(field.type)) + ", expected " +
                std::to_string(static_cast<unsigned>(type)));
  }

  /// Reads the elements of a repeated varint field, packed or not.
  template <class Fn>
  void varints(const Field &field, Fn &&fn) {
    if (field.type == WireType::Varint) {
      fn(field.scalar);
      return;
    }
    if (!expect(field, WireType::Bytes))
      return;
    Cursor packed(field.body, messageType, errors, depth);
    uint64_t value = 0;
    while (!errors.failed && packed.at != packed.end && packed.varint(value))
      fn(value);
  }

  bool fail(const std::string &what) {
    errors.fail(fieldStart ? fieldStart : at, messageType, what);
    return false;
  }

private:
  bool varint(uint64_t &value) {
    value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
      if (at == end)
        return fail("a number is cut off");
      auto byte = static_cast<uint8_t>(*at++);
      if (shift < 64)
        value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80)
        return true;
    }
    return fail("a number has more than 10 bytes");
  }
  bool fixed(uint64_t &value, unsigned bytes) {
    if (static_cast<uint64_t>(end - at) < bytes)
      return fail("a number is cut off");
    value = 0;
    for (unsigned i = 0; i < bytes; ++i)
      value |= static_cast<uint64_t>(static_cast<uint8_t>(at[i])) << (8 * i);
    at += bytes;
    return true;
  }

  const std::byte *at;
  const std::byte *end;
  const std::byte *fieldStart = nullptr;
  const char *messageType;
  ErrorState &errors;
  unsigned depth;
};

} // namespace wick::onnx::wire

#endif // WICK_COMPILER_FRONTEND_ONNX_WIRE_H
