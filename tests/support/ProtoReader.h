// Protocol Buffers read field by field, as any reader without a schema would.
#pragma once

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace earshot::test {

struct ProtoField {
  int number = 0;
  std::uint64_t integer = 0;  ///< of a varint, or the bits of a fixed32 or fixed64
  std::string_view bytes;     ///< of what has a length

  float as_float() const {
    const auto bits = static_cast<std::uint32_t>(integer);
    float value = 0.0F;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }
};

/// The fields of a message in their order; `bytes` points into it. Throws std::runtime_error for what is
/// none.
inline std::vector<ProtoField> proto_fields(std::string_view message) {
  std::size_t at = 0;
  const auto take = [&](std::size_t n) {
    if (n > message.size() - at) throw std::runtime_error("a protobuf field runs past its message");
    at += n;
    return message.substr(at - n, n);
  };
  const auto varint = [&] {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if (byte < 0x80) return value;
    }
    throw std::runtime_error("a protobuf varint is longer than ten bytes");
  };
  const auto fixed = [&](std::size_t n) {
    std::uint64_t value = 0;
    const std::string_view bytes = take(n);
    for (std::size_t i = 0; i < n; ++i)
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    return value;
  };
  std::vector<ProtoField> fields;
  while (at < message.size()) {
    const std::uint64_t key = varint();
    ProtoField field;
    field.number = static_cast<int>(key >> 3);
    switch (key & 7) {
      case 0:
        field.integer = varint();
        break;
      case 1:
        field.integer = fixed(8);
        break;
      case 2:
        field.bytes = take(varint());
        break;
      case 5:
        field.integer = fixed(4);
        break;
      default:
        throw std::runtime_error("a protobuf field has an unknown wire type");
    }
    fields.push_back(field);
  }
  return fields;
}

/// The first field of that number. Throws std::runtime_error if there is none.
inline ProtoField proto_field(std::string_view message, int number) {
  for (const ProtoField& field : proto_fields(message)) {
    if (field.number == number) return field;
  }
  throw std::runtime_error("a protobuf message lacks field " + std::to_string(number));
}

}  // namespace earshot::test
