#include "daemon/client/PcmEncoder.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace earshot {
namespace {

/// `sample` as a two's complement integer of `bits` bits, full scale 2^(bits - 1).
std::uint32_t quantised(float sample, int bits) noexcept {
  if (std::isnan(sample)) return 0;
  const double scale = std::ldexp(1.0, bits - 1);
  const double value = std::clamp(std::nearbyint(static_cast<double>(sample) * scale), -scale, scale - 1.0);
  return static_cast<std::uint32_t>(static_cast<std::int32_t>(value));
}

}  // namespace

std::span<const std::byte> PcmEncoder::encode(std::span<const std::span<const float>> channels) {
  bytes_.clear();
  for (std::size_t frame = 0; frame < channels.front().size(); ++frame) {
    for (const std::span<const float> channel : channels) append(channel[frame]);
  }
  return bytes_;
}

void PcmEncoder::append(float sample) {
  switch (format_) {
    case SampleFormat::s16le:
      return append_bytes(quantised(sample, 16), 2);
    case SampleFormat::s24le:
      return append_bytes(quantised(sample, 24), 3);
    case SampleFormat::s32le:
      return append_bytes(quantised(sample, 32), 4);
    case SampleFormat::f32le:
      return append_bytes(std::bit_cast<std::uint32_t>(sample), 4);
  }
}

void PcmEncoder::append_bytes(std::uint32_t bits, int count) {
  for (int i = 0; i < count; ++i) bytes_.push_back(static_cast<std::byte>(bits >> (8 * i) & 0xFFU));
}

}  // namespace earshot
