#include "daemon/capture/PcmSuspicion.h"

#include <algorithm>
#include <utility>

namespace earshot {
namespace {

using namespace std::string_view_literals;

constexpr std::uint32_t kEnoughWords = 2048;
// Exponents of IEEE 754's binary32, biased by 127.
constexpr std::uint32_t kWildExponent = 127 + 40;
constexpr std::uint32_t kQuietExponent = 127 - 32;
constexpr std::uint32_t kLoudExponent = 127;

// What each file format begins with, by its own specification.
std::string_view file_kind(std::string_view front) noexcept {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 13> kSignatures{
      {{"RIFF"sv, "a WAV file"sv},
       {"RF64"sv, "a WAV file"sv},
       {"RIFX"sv, "a WAV file"sv},
       {"riff\x2E\x91\xCF\x11"sv, "a Wave64 file"sv},
       {".snd"sv, "an AU file"sv},
       {"FORM"sv, "an AIFF file"sv},
       {"OggS\0"sv, "an Ogg stream"sv},
       {"fLaC"sv, "a FLAC file"sv},
       {"caff\0"sv, "a CAF file"sv},
       {"\x1A\x45\xDF\xA3"sv, "a Matroska or WebM file"sv},
       {"GET /"sv, "a request for a web page"sv},
       {"PUT /"sv, "a request of HTTP"sv},
       {"POST /"sv, "a request of HTTP"sv}}};
  for (const auto& [signature, kind] : kSignatures) {
    if (front.starts_with(signature)) return kind;
  }
  if (front.starts_with("ID3") && front[3] >= 2 && front[3] <= 4 && front[4] == 0) return "an MP3 file";
  if (front.substr(4).starts_with("ftyp")) return "an MP4 file";
  return {};
}

// Infinity and NaN as arithmetic makes them, of either sign: a sender of floats may well send them.
bool is_mark(std::uint32_t word) noexcept {
  const std::uint32_t magnitude = word & 0x7FFFFFFFU;
  return magnitude == 0x7F800000U || magnitude == 0x7FC00000U;
}

}  // namespace

std::string_view PcmSuspicion::look(std::span<const std::byte> bytes) noexcept {
  for (const std::byte byte : bytes) {
    if (done_) return {};
    word_ = word_ >> 8U | std::to_integer<std::uint32_t>(byte) << 24U;
    ++bytes_;
    if (front_bytes_ < kFront) {
      front_[front_bytes_++] = static_cast<char>(byte);
      if (front_bytes_ == kFront) {
        if (const std::string_view kind = judge_front(); !kind.empty()) return kind;
      }
    }
    if (bytes_ % 4 != 0 || word_ == 0) continue;
    count(word_);
    if (words_ == kEnoughWords) return judge_words();
  }
  return {};
}

std::string_view PcmSuspicion::judge_front() noexcept {
  const std::string_view kind = file_kind({front_.data(), front_.size()});
  done_ = !kind.empty();
  return kind;
}

void PcmSuspicion::count(std::uint32_t word) noexcept {
  ++words_;
  const std::uint32_t exponent = word >> 23U & 0xFFU;
  if (exponent >= kWildExponent) {
    if (!is_mark(word)) ++wild_;
  } else if (exponent >= kQuietExponent && exponent <= kLoudExponent) {
    ++(word >> 31U ? negative_ : positive_);
  }
}

// As a float, the upper half of an integer is sign and exponent: half of all sounds' samples lie where no
// sound as float lies, the quiet ones below zero at NaN, the loud ones above it beyond 2^40. Floats, on the
// other hand, have an upper half of few values, 0x2F80 to 0x3FFF and the same with the sign set: as integers,
// all loud, on both sides of zero and none between.
std::string_view PcmSuspicion::judge_words() noexcept {
  done_ = true;
  if (format_ == SampleFormat::f32le) {
    return wild_ * 8 >= words_ ? "whole numbers (s16le, s24le or s32le)"sv : ""sv;
  }
  const bool floats = (positive_ + negative_) * 20 >= words_ * 19;
  return floats && std::min(positive_, negative_) * 20 >= words_ ? "f32le"sv : ""sv;
}

}  // namespace earshot
