#include "daemon/capture/PcmDecoder.h"

#include <bit>
#include <cstdint>

namespace earshot {
namespace {

constexpr std::size_t bytes_of(SampleFormat format) {
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

// The bytes at the top of a word: the sign comes out right, and every integer is scaled by 2^31.
template <std::size_t Bytes>
std::uint32_t word_at(const std::byte* bytes) noexcept {
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < Bytes; ++i) word |= std::to_integer<std::uint32_t>(bytes[i]) << (8 * (i + 4 - Bytes));
  return word;
}

template <SampleFormat Format>
float sample_at(const std::byte* bytes) noexcept {
  constexpr std::size_t kBytes = bytes_of(Format);
  if constexpr (Format == SampleFormat::f32le) return std::bit_cast<float>(word_at<kBytes>(bytes));
  return static_cast<float>(std::bit_cast<std::int32_t>(word_at<kBytes>(bytes))) * 0x1p-31F;
}

// `frame` is as long as a frame.
template <SampleFormat Format>
void decode_frames(const std::byte* bytes, std::span<float> frame, FrameMixer& mixer, std::span<float> samples) {
  for (float& sample : samples) {
    for (float& value : frame) {
      value = sample_at<Format>(bytes);
      bytes += bytes_of(Format);
    }
    sample = mixer(frame);
  }
}

}  // namespace

std::size_t frame_bytes(const PcmSettings& settings) noexcept {
  return bytes_of(settings.format) * static_cast<std::size_t>(settings.channels);
}

PcmDecoder::PcmDecoder(const PcmSettings& settings, std::optional<int> channel)
    : format_(settings.format),
      frame_bytes_(frame_bytes(settings)),
      mixer_(channel ? std::optional(static_cast<std::size_t>(*channel - 1)) : std::nullopt),
      frame_(static_cast<std::size_t>(settings.channels)) {}

std::span<const float> PcmDecoder::decode(std::span<const std::byte> bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  const std::size_t frames = bytes_.size() / frame_bytes_;
  samples_.resize(frames);
  switch (format_) {
    case SampleFormat::s16le:
      decode_frames<SampleFormat::s16le>(bytes_.data(), frame_, mixer_, samples_);
      break;
    case SampleFormat::s24le:
      decode_frames<SampleFormat::s24le>(bytes_.data(), frame_, mixer_, samples_);
      break;
    case SampleFormat::s32le:
      decode_frames<SampleFormat::s32le>(bytes_.data(), frame_, mixer_, samples_);
      break;
    case SampleFormat::f32le:
      decode_frames<SampleFormat::f32le>(bytes_.data(), frame_, mixer_, samples_);
      break;
  }
  bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(frames * frame_bytes_));
  return samples_;
}

}  // namespace earshot
