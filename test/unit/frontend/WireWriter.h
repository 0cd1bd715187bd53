// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Builds protobuf messages byte by byte, so that tests can write any model, also
// ones that no ONNX library would write. A Message is its serialized bytes; the
// makers below know the field numbers of onnx.proto.
//
#ifndef WICK_TEST_UNIT_FRONTEND_WIREWRITER_H
#define WICK_TEST_UNIT_FRONTEND_WIREWRITER_H

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace wick::onnx::test {

class Message {
public:
  std::string data;

  Message &varint(uint32_t field, uint64_t value) {
    raw(uint64_t(field) << 3 | 0);
    raw(value);
    return *this;
  }
  Message &bytes(uint32_t field, const std::string &value) {
    raw(uint64_t(field) << 3 | 2);
    raw(value.size());
    data += value;
    return *this;
  }
  Message &add(uint32_t field, const Message &value) { return bytes(field, value.data); }
  Message &fixed32(uint32_t field, float value) {
    raw(uint64_t(field) << 3 | 5);
    data.append(reinterpret_cast<const char *>(&value), 4);
    return *this;
  }
  Message &raw(uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      data += static_cast<char>(value | 0x80);
    data += static_cast<char>(value);
    return *this;
  }
  std::span<const std::byte> span() const { return {reinterpret_cast<const std::byte *>(data.data()), data.size()}; }
};

template <class T>
std::string rawBytes(const std::vector<T> &values) {
  return {reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T)};
}

/// TensorProto without payload.
inline Message tensor(const std::string &name, int32_t dtype, const std::vector<int64_t> &dims) {
  Message m;
  for (int64_t dim : dims)
    m.varint(1, static_cast<uint64_t>(dim));
  return m.varint(2, static_cast<uint64_t>(dtype)).bytes(8, name);
}
template <class T>
Message rawTensor(const std::string &name, int32_t dtype, const std::vector<int64_t> &dims,
                  const std::vector<T> &values) {
  return tensor(name, dtype, dims).bytes(9, rawBytes(values));
}

inline Message attrInt(const std::string &name, int64_t value) {
  return Message().bytes(1, name).varint(3, static_cast<uint64_t>(value)).varint(20, 2);
}
inline Message attrFloat(const std::string &name, float value) {
  return Message().bytes(1, name).fixed32(2, value).varint(20, 1);
}
inline Message attrString(const std::string &name, const std::string &value) {
  return Message().bytes(1, name).bytes(4, value).varint(20, 3);
}
inline Message attrInts(const std::string &name, const std::vector<int64_t> &values) {
  Message m = Message().bytes(1, name);
  for (int64_t value : values)
    m.varint(8, static_cast<uint64_t>(value));
  return m.varint(20, 7);
}
inline Message attrTensor(const std::string &name, const Message &value) {
  return Message().bytes(1, name).add(5, value).varint(20, 4);
}
inline Message attrGraph(const std::string &name, const Message &value) {
  return Message().bytes(1, name).add(6, value).varint(20, 5);
}
inline Message attrRef(const std::string &name, const std::string &source, int type) {
  return Message().bytes(1, name).bytes(21, source).varint(20, static_cast<uint64_t>(type));
}

inline Message node(const std::string &op, std::initializer_list<std::string> inputs,
                    std::initializer_list<std::string> outputs, std::initializer_list<Message> attributes = {},
                    const std::string &name = "", const std::string &domain = "") {
  Message m;
  for (const std::string &input : inputs)
    m.bytes(1, input);
  for (const std::string &output : outputs)
    m.bytes(2, output);
  m.bytes(3, name).bytes(4, op);
  for (const Message &attribute : attributes)
    m.add(5, attribute);
  return m.bytes(7, domain);
}

/// ValueInfoProto of a tensor; dims < 0 stand for a named one.
inline Message valueInfo(const std::string &name, int32_t dtype, const std::vector<int64_t> &dims) {
  Message shape;
  for (int64_t dim : dims)
    shape.add(1, dim < 0 ? Message().bytes(2, "N") : Message().varint(1, static_cast<uint64_t>(dim)));
  Message type = Message().varint(1, static_cast<uint64_t>(dtype)).add(2, shape);
  return Message().bytes(1, name).add(2, Message().add(1, type));
}

/// GraphProto of nodes and initializers.
inline Message graph(std::initializer_list<Message> nodes, std::initializer_list<Message> initializers,
                     std::initializer_list<Message> inputs, std::initializer_list<Message> outputs) {
  Message m;
  for (const Message &n : nodes)
    m.add(1, n);
  m.bytes(2, "g");
  for (const Message &t : initializers)
    m.add(5, t);
  for (const Message &v : inputs)
    m.add(11, v);
  for (const Message &v : outputs)
    m.add(12, v);
  return m;
}

inline Message opset(const std::string &domain, int64_t version) {
  return Message().bytes(1, domain).varint(2, static_cast<uint64_t>(version));
}

/// FunctionProto; `attributes` have no defaults.
inline Message function(const std::string &domain, const std::string &name, std::initializer_list<std::string> inputs,
                        std::initializer_list<std::string> outputs, std::initializer_list<Message> nodes,
                        std::initializer_list<Message> opsets, std::initializer_list<std::string> attributes = {},
                        std::initializer_list<Message> defaults = {}) {
  Message m = Message().bytes(1, name);
  for (const std::string &input : inputs)
    m.bytes(4, input);
  for (const std::string &output : outputs)
    m.bytes(5, output);
  for (const std::string &attribute : attributes)
    m.bytes(6, attribute);
  for (const Message &n : nodes)
    m.add(7, n);
  for (const Message &o : opsets)
    m.add(9, o);
  m.bytes(10, domain);
  for (const Message &attribute : defaults)
    m.add(11, attribute);
  return m;
}

inline Message model(const Message &graph, int64_t version, std::initializer_list<Message> functions = {},
                     std::initializer_list<Message> moreOpsets = {}) {
  Message m = Message().varint(1, 8).add(7, graph).add(8, opset("", version));
  for (const Message &o : moreOpsets)
    m.add(8, o);
  for (const Message &f : functions)
    m.add(25, f);
  return m;
}

} // namespace wick::onnx::test

#endif // WICK_TEST_UNIT_FRONTEND_WIREWRITER_H
