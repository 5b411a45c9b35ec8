// Samples as raw PCM bytes, and back through the decoder of the sources.
#include <cmath>
#include <cstddef>
#include <random>
#include <span>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/capture/PcmDecoder.h"
#include "daemon/client/PcmEncoder.h"

namespace earshot::test {
namespace {

std::vector<int> encoded(SampleFormat format, std::vector<float> samples) {
  PcmEncoder encoder(format);
  const std::span<const float> channel(samples);
  std::vector<int> bytes;
  for (const std::byte byte : encoder.encode({&channel, 1})) bytes.push_back(std::to_integer<int>(byte));
  return bytes;
}

}  // namespace

TEST_CASE("integers are little-endian, rounded to the nearest and clipped") {
  CHECK(encoded(SampleFormat::s16le, {0.5F, -1.0F, 1.0F, -2.0F, NAN}) ==
        std::vector<int>{0x00, 0x40, 0x00, 0x80, 0xFF, 0x7F, 0x00, 0x80, 0, 0});
  CHECK(encoded(SampleFormat::s16le, {1.4F / 32768, -1.6F / 32768}) == std::vector<int>{1, 0, 0xFE, 0xFF});
  CHECK(encoded(SampleFormat::s24le, {0.5F, -1.0F, 1.0F}) ==
        std::vector<int>{0, 0, 0x40, 0, 0, 0x80, 0xFF, 0xFF, 0x7F});
  CHECK(encoded(SampleFormat::s32le, {-0.5F, 1.0F}) ==
        std::vector<int>{0, 0, 0, 0xC0, 0xFF, 0xFF, 0xFF, 0x7F});
  CHECK(encoded(SampleFormat::f32le, {1.0F}) == std::vector<int>{0, 0, 0x80, 0x3F});
}

TEST_CASE("what the encoder wrote, the sources' decoder reads: floats bit for bit, integers to half a step") {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-1.0F, 0.999F);
  std::vector<float> left(500);
  std::vector<float> right(500);
  for (float& sample : left) sample = uniform(random);
  for (float& sample : right) sample = uniform(random);
  const std::vector<std::span<const float>> channels{left, right};
  const auto worst = [&](SampleFormat format, int channel) {
    PcmEncoder encoder(format);
    PcmDecoder decoder({.format = format, .rate_hz = 16000, .channels = 2}, channel);
    const auto samples = decoder.decode(encoder.encode(channels));
    const std::vector<float>& sent = channel == 1 ? left : right;
    REQUIRE(samples.size() == sent.size());
    float difference = 0.0F;
    for (std::size_t i = 0; i < sent.size(); ++i)
      difference = std::max(difference, std::abs(samples[i] - sent[i]));
    return difference;
  };
  CHECK(worst(SampleFormat::f32le, 1) == 0.0F);
  CHECK(worst(SampleFormat::f32le, 2) == 0.0F);
  CHECK(worst(SampleFormat::s32le, 2) == 0.0F);
  CHECK(worst(SampleFormat::s24le, 1) <= 0x1p-24F);
  CHECK(worst(SampleFormat::s16le, 2) <= 0x1p-16F);
}

}  // namespace earshot::test
