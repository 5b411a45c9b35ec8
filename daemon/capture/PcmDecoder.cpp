#include "daemon/capture/PcmDecoder.h"

#include <bit>
#include <cstdint>

namespace earshot {
namespace {

std::size_t bytes_of(SampleFormat format) {
  switch (format) {
    case SampleFormat::s16le:
      return 2;
    case SampleFormat::s24le:
      return 3;
    case SampleFormat::s32le:
    case SampleFormat::f32le:
      return 4;
  }
  return 0;
}

}  // namespace

PcmDecoder::PcmDecoder(const PcmSettings& settings, std::optional<int> channel)
    : format_(settings.format),
      sample_bytes_(bytes_of(settings.format)),
      mixer_(channel ? std::optional(static_cast<std::size_t>(*channel - 1)) : std::nullopt),
      frame_(static_cast<std::size_t>(settings.channels)) {}

std::span<const float> PcmDecoder::decode(std::span<const std::byte> bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  const std::size_t frame_bytes = sample_bytes_ * frame_.size();
  const std::size_t frames = bytes_.size() / frame_bytes;
  samples_.resize(frames);
  for (std::size_t i = 0; i < frames; ++i) {
    for (std::size_t c = 0; c < frame_.size(); ++c)
      frame_[c] = sample_at(i * frame_bytes + c * sample_bytes_);
    samples_[i] = mixer_(frame_);
  }
  bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(frames * frame_bytes));
  return samples_;
}

float PcmDecoder::sample_at(std::size_t offset) const noexcept {
  // The sample's bytes at the top of the word: the sign comes out right, and every integer is scaled by 2^31.
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < sample_bytes_; ++i) {
    word |= std::to_integer<std::uint32_t>(bytes_[offset + i]) << (8 * (i + 4 - sample_bytes_));
  }
  if (format_ == SampleFormat::f32le) return std::bit_cast<float>(word);
  return static_cast<float>(std::bit_cast<std::int32_t>(word)) * 0x1p-31F;
}

}  // namespace earshot
