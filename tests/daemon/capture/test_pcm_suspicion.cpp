// PcmSuspicion: what is no raw PCM of the agreed format is named, and no sound that is ever is.
#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/capture/PcmSuspicion.h"
#include "dsp/base/KeyedRandom.h"
#include "dsp/base/LittleEndian.h"

namespace earshot::test {
namespace {

using namespace std::string_view_literals;

std::string as(SampleFormat format, const std::vector<float>& samples) {
  std::string bytes;
  for (const float sample : samples) {
    const auto whole = [&](double scale) {
      return static_cast<std::uint32_t>(static_cast<std::int32_t>(
          std::lrint(std::clamp(static_cast<double>(sample) * scale, -scale, scale - 1.0))));
    };
    switch (format) {
      case SampleFormat::s16le:
        append_little_endian(bytes, static_cast<std::uint16_t>(whole(0x1p15)));
        break;
      case SampleFormat::s24le: {
        std::string word;
        append_little_endian(word, whole(0x1p23));
        bytes += word.substr(0, 3);
        break;
      }
      case SampleFormat::s32le:
        append_little_endian(bytes, whole(0x1p31));
        break;
      case SampleFormat::f32le:
        append_little_endian(bytes, std::bit_cast<std::uint32_t>(sample));
        break;
    }
  }
  return bytes;
}

// In cuts of `cut` bytes; all that was said, which is once at most.
std::string suspicion(SampleFormat agreed, std::string_view bytes, std::size_t cut = 1000) {
  PcmSuspicion suspicion(agreed);
  std::string said;
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, cut);
    said += suspicion.look(std::as_bytes(std::span(part)));
    bytes.remove_prefix(part.size());
  }
  return said;
}

constexpr std::size_t kSamples = 20'000;

// What is heard out there, each with a peak of 1.
std::vector<std::pair<std::string, std::vector<float>>> sounds() {
  std::vector<std::pair<std::string, std::vector<float>>> all;
  KeyedRandom random(3);
  const auto add = [&](const std::string& name, const auto& sample_at) {
    std::vector<float> samples(kSamples);
    for (std::size_t i = 0; i < kSamples; ++i) samples[i] = static_cast<float>(sample_at(static_cast<double>(i)));
    all.emplace_back(name, std::move(samples));
  };
  const auto sine = [](double i, double period) { return std::sin(2.0 * std::numbers::pi * i / period); };
  add("a sine", [&](double i) { return sine(i, 36.4); });
  add("a low sine", [&](double i) { return sine(i, 3'021.0); });
  add("noise", [&](double) { return random.uniform(-1.0, 1.0); });
  add("a chord that fades", [&](double i) {
    return (sine(i, 100.3) + sine(i, 126.1) + sine(i, 150.7)) / 3.0 * std::exp(-i / 6'000.0);
  });
  add("clicks", [&](double i) { return std::fmod(i, 500.0) < 3.0 ? 1.0 : 0.0; });
  add("a clipped sine", [&](double i) { return std::clamp(3.0 * sine(i, 80.0), -1.0, 1.0); });
  add("left and right apart", [&](double i) { return std::fmod(i, 2.0) < 1.0 ? sine(i, 90.0) : 0.3 * sine(i, 61.0); });
  return all;
}

std::vector<float> scaled(std::vector<float> samples, double factor) {
  for (float& sample : samples) sample *= static_cast<float>(factor);
  return samples;
}

constexpr SampleFormat kFormats[] = {SampleFormat::s16le, SampleFormat::s24le, SampleFormat::s32le,
                                     SampleFormat::f32le};

}  // namespace

TEST_CASE("sound in the format that was agreed is never suspected, at any level") {
  for (const auto& [name, samples] : sounds()) {
    for (double level_db = 0.0; level_db >= -120.0; level_db -= 3.0) {
      const std::vector<float> quieter = scaled(samples, std::pow(10.0, level_db / 20.0));
      for (const SampleFormat format : kFormats) {
        INFO(name << " at " << level_db << " dB as " << to_string(format));
        CHECK(suspicion(format, as(format, quieter)).empty());
      }
    }
  }
  for (const SampleFormat format : kFormats) {
    CHECK(suspicion(format, std::string(100'000, '\0')).empty());
    // As whole numbers, the loudest there are.
    CHECK(suspicion(format, as(format, std::vector<float>(kSamples, 1.0F))).empty());
  }
  CHECK(suspicion(SampleFormat::f32le, as(SampleFormat::f32le, std::vector<float>(kSamples, std::nanf("")))).empty());
  CHECK(suspicion(SampleFormat::f32le, as(SampleFormat::f32le, scaled(sounds()[2].second, 0x1p31))).empty());
}

TEST_CASE("whole numbers read as floats are named, at every level but silence") {
  for (const auto& [name, samples] : sounds()) {
    if (name == "clicks") continue;  // mostly silence
    for (const double level_db : {0.0, -3.0, -6.0, -12.0, -20.0, -40.0, -60.0, -70.0}) {
      // As floats its two values are 1.7 and -2.2: nothing is strange about those.
      if (name == "a clipped sine" && level_db == -6.0) continue;
      const std::vector<float> quieter = scaled(samples, std::pow(10.0, level_db / 20.0));
      for (const SampleFormat sent : {SampleFormat::s16le, SampleFormat::s32le}) {
        INFO(name << " at " << level_db << " dB as " << to_string(sent));
        CHECK(suspicion(SampleFormat::f32le, as(sent, quieter)) == "whole numbers (s16le, s24le or s32le)");
      }
    }
  }
  CHECK(suspicion(SampleFormat::f32le, as(SampleFormat::s24le, sounds()[0].second)) ==
        "whole numbers (s16le, s24le or s32le)");
}

TEST_CASE("floats read as whole numbers are named, at every level") {
  for (const auto& [name, samples] : sounds()) {
    if (name == "clicks") continue;
    for (const double level_db : {0.0, -6.0, -40.0, -80.0, -120.0}) {
      const std::string bytes = as(SampleFormat::f32le, scaled(samples, std::pow(10.0, level_db / 20.0)));
      for (const SampleFormat agreed : {SampleFormat::s16le, SampleFormat::s24le, SampleFormat::s32le}) {
        INFO(name << " at " << level_db << " dB as " << to_string(agreed));
        CHECK(suspicion(agreed, bytes) == "f32le");
      }
    }
  }
}

TEST_CASE("silence first hides nothing") {
  const std::string silence(50'000, '\0');
  CHECK(suspicion(SampleFormat::f32le, silence + as(SampleFormat::s16le, sounds()[0].second)) ==
        "whole numbers (s16le, s24le or s32le)");
  CHECK(suspicion(SampleFormat::s16le, silence + as(SampleFormat::f32le, sounds()[0].second)) == "f32le");
}

TEST_CASE("a file is known by what it begins with, in any cut, once, whatever the format") {
  const std::vector<std::pair<std::string_view, std::string_view>> table = {
      {"RIFF\x24\0\0\0WAVEfmt "sv, "a WAV file"},
      {"RF64\xFF\xFF\xFF\xFFWAVE"sv, "a WAV file"},
      {"FORM\0\0\1\0AIFF"sv, "an AIFF file"},
      {"OggS\0\2\0\0\0\0\0\0\0\0"sv, "an Ogg stream"},
      {"fLaC\0\0\0\x22\x10\0\x10\0"sv, "a FLAC file"},
      {"ID3\4\0\0\0\0\0\x23TSSE"sv, "an MP3 file"},
      {"\0\0\0\x20"
       "ftypM4A "sv,
       "an MP4 file"},
      {"\x1A\x45\xDF\xA3\x9F\x42\x86\x81\1\x42\xF7\x81"sv, "a Matroska or WebM file"},
      {"GET / HTTP/1.1\r\n"sv, "a request for a web page"},
  };
  const std::string noise = as(SampleFormat::s16le, sounds()[2].second);
  for (const auto& [front, kind] : table) {
    for (const std::size_t cut : {1UL, 5UL, 1000UL}) {
      for (const SampleFormat format : kFormats) CHECK(suspicion(format, std::string(front) + noise, cut) == kind);
    }
    CHECK(suspicion(SampleFormat::s16le, "xx" + std::string(front) + noise).empty());  // not in the middle
  }
}

}  // namespace earshot::test
