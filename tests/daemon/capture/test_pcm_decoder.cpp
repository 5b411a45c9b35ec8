// PcmDecoder: every format, any cut, no misalignment.
#include <cmath>
#include <cstring>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/capture/PcmDecoder.h"

namespace earshot::test {
namespace {

std::vector<std::byte> bytes_of(std::initializer_list<unsigned> values) {
  std::vector<std::byte> bytes;
  for (const unsigned value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

std::vector<float> decode(const PcmSettings& settings, const std::vector<std::byte>& bytes,
                          std::optional<int> channel = std::nullopt) {
  PcmDecoder decoder(settings, channel);
  const std::span<const float> samples = decoder.decode(bytes);
  return {samples.begin(), samples.end()};
}

}  // namespace

TEST_CASE("integers are scaled by their largest negative value, floats are taken as they are") {
  const auto s16 = bytes_of({0x00, 0x80, 0xFF, 0x7F, 0x01, 0x00, 0x00, 0x00});
  CHECK(decode({SampleFormat::s16le, 16000, 1}, s16) ==
        std::vector<float>{-1.0F, 32767.0F / 32768.0F, 1.0F / 32768.0F, 0.0F});
  const auto s24 = bytes_of({0x00, 0x00, 0x80, 0xFF, 0xFF, 0x7F, 0x01, 0x00, 0x00});
  CHECK(decode({SampleFormat::s24le, 16000, 1}, s24) ==
        std::vector<float>{-1.0F, 8388607.0F / 8388608.0F, 1.0F / 8388608.0F});
  const auto s32 = bytes_of({0x00, 0x00, 0x00, 0x80, 0x00, 0x00, 0x00, 0x40});
  CHECK(decode({SampleFormat::s32le, 16000, 1}, s32) == std::vector<float>{-1.0F, 0.5F});
  const auto f32 = bytes_of({0x00, 0x00, 0x00, 0x40, 0x00, 0x00, 0xC0, 0x7F});
  const std::vector<float> floats = decode({SampleFormat::f32le, 16000, 1}, f32);
  CHECK(floats[0] == 2.0F);
  CHECK(floats[1] == 0.0F);  // a NaN
  PcmDecoder stereo({SampleFormat::f32le, 16000, 2}, std::nullopt);
  CHECK(stereo.decode(f32)[0] == 1.0F);  // silences its own channel only
  CHECK(stereo.take_bad_samples() == 1);
  CHECK(stereo.take_bad_samples() == 0);
}

TEST_CASE("channels are mixed, or one is taken") {
  const auto stereo = bytes_of({0x00, 0x40, 0x00, 0xC0, 0x00, 0x20, 0x00, 0x20});
  const PcmSettings settings{SampleFormat::s16le, 16000, 2};
  CHECK(decode(settings, stereo) == std::vector<float>{0.0F, 0.25F});
  CHECK(decode(settings, stereo, 1) == std::vector<float>{0.5F, 0.25F});
  CHECK(decode(settings, stereo, 2) == std::vector<float>{-0.5F, 0.25F});
}

TEST_CASE("the cut of the bytes changes nothing, and a rest stays pending") {
  std::vector<std::byte> bytes;
  for (unsigned i = 0; i < 6 * 40 + 5; ++i) bytes.push_back(static_cast<std::byte>(i * 37));
  const PcmSettings settings{SampleFormat::s24le, 16000, 2};
  const std::vector<float> whole = decode(settings, bytes);
  CHECK(whole.size() == 40);
  for (std::size_t cut = 1; cut <= 13; ++cut) {
    PcmDecoder decoder(settings, std::nullopt);
    std::vector<float> pieces;
    for (std::size_t at = 0; at < bytes.size(); at += cut) {
      const auto part = std::span(bytes).subspan(at, std::min(cut, bytes.size() - at));
      const std::span<const float> samples = decoder.decode(part);
      pieces.insert(pieces.end(), samples.begin(), samples.end());
    }
    CHECK(pieces == whole);
    CHECK(decoder.pending_bytes() == 5);
    decoder.reset();
    CHECK(decoder.pending_bytes() == 0);
  }
}

}  // namespace earshot::test
