#include "dsp/base/ProtoWriter.h"

#include <bit>

#include "dsp/base/LittleEndian.h"

namespace earshot {
namespace {

// Seven bits a byte, the lowest first; the top bit says that more follow.
void append_varint(std::string& bytes, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  bytes += static_cast<char>(value);
}

}  // namespace

void ProtoWriter::key(int field, Wire wire) {
  append_varint(bytes_, static_cast<std::uint64_t>(field) << 3 | static_cast<unsigned>(wire));
}

ProtoWriter& ProtoWriter::integer(int field, std::int64_t value) {
  key(field, Wire::varint);
  append_varint(bytes_, static_cast<std::uint64_t>(value));
  return *this;
}

ProtoWriter& ProtoWriter::number(int field, float value) {
  key(field, Wire::fixed32);
  append_little_endian(bytes_, std::bit_cast<std::uint32_t>(value));
  return *this;
}

ProtoWriter& ProtoWriter::number(int field, double value) {
  key(field, Wire::fixed64);
  append_little_endian(bytes_, std::bit_cast<std::uint64_t>(value));
  return *this;
}

ProtoWriter& ProtoWriter::text(int field, std::string_view value) {
  key(field, Wire::length);
  append_varint(bytes_, value.size());
  bytes_ += value;
  return *this;
}

ProtoWriter& ProtoWriter::integers(int field, std::span<const std::int64_t> values) {
  std::string packed;
  for (const std::int64_t value : values) append_varint(packed, static_cast<std::uint64_t>(value));
  return text(field, packed);
}

ProtoWriter& ProtoWriter::numbers(int field, std::span<const float> values) {
  std::string packed;
  for (const float value : values) append_little_endian(packed, std::bit_cast<std::uint32_t>(value));
  return text(field, packed);
}

ProtoWriter& ProtoWriter::numbers(int field, std::span<const double> values) {
  std::string packed;
  for (const double value : values) append_little_endian(packed, std::bit_cast<std::uint64_t>(value));
  return text(field, packed);
}

}  // namespace earshot
