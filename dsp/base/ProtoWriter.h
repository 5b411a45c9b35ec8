// ProtoWriter: one Protocol Buffers message in the making, field by field, without a schema or a library.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace earshot {

/// Appends fields in the order of the calls; the numbers and types are the caller's to get right. What
/// `.proto` calls bool, enum, int32, int64, uint32 and uint64 is an integer here. Source of the encoding:
/// protobuf.dev/programming-guides/encoding.
class ProtoWriter {
 public:
  ProtoWriter& integer(int field, std::int64_t value);
  ProtoWriter& number(int field, float value);
  ProtoWriter& number(int field, double value);
  /// string or bytes.
  ProtoWriter& text(int field, std::string_view value);
  /// A message inside this one.
  ProtoWriter& message(int field, const ProtoWriter& value) { return text(field, value.bytes()); }
  /// Repeated scalars in their packed form, which proto3 readers take for granted.
  ProtoWriter& integers(int field, std::span<const std::int64_t> values);
  ProtoWriter& numbers(int field, std::span<const float> values);
  ProtoWriter& numbers(int field, std::span<const double> values);

  /// Valid until the next call of anything else.
  std::string_view bytes() const noexcept { return bytes_; }
  std::string take() && { return std::move(bytes_); }

 private:
  enum class Wire : unsigned { varint = 0, fixed64 = 1, length = 2, fixed32 = 5 };
  void key(int field, Wire wire);

  std::string bytes_;
};

}  // namespace earshot
