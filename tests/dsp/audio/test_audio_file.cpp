// AudioFile and load_clip: mixing, channels, errors, bad samples.
#include "dsp/audio/AudioFile.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <limits>
#include <string>

#include <unistd.h>

#include <catch2/catch.hpp>

#include "dsp/audio/Resampler.h"
#include "dsp/base/Error.h"
#include "tests/dsp/Signals.h"
#include "tests/support/AllocationGuard.h"

namespace earshot::test {
namespace {

/// A file that goes when the test does.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& contents)
      : path_(std::filesystem::temp_directory_path() /
              ("earshot-audio-" + std::to_string(::getpid()) + ".wav")) {
    std::ofstream(path_, std::ios::binary) << contents;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string little_endian(std::uint32_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}

/// RIFF WAVE, 32-bit float; `samples` are frames x channels.
std::string float_wav(const std::vector<float>& samples, std::uint32_t channels, std::uint32_t rate_hz) {
  const auto bytes = static_cast<std::uint32_t>(samples.size() * sizeof(float));
  std::string wav = "RIFF" + little_endian(36 + bytes, 4) + "WAVEfmt " + little_endian(16, 4) +
                    little_endian(3, 2) + little_endian(channels, 2) + little_endian(rate_hz, 4) +
                    little_endian(rate_hz * channels * 4, 4) + little_endian(channels * 4, 2) +
                    little_endian(32, 2) + "data" + little_endian(bytes, 4);
  for (const float sample : samples) wav += little_endian(std::bit_cast<std::uint32_t>(sample), 4);
  return wav;
}

}  // namespace

TEST_CASE("channels are mixed to their mean, or read one by one") {
  std::vector<float> frames;
  for (int i = 0; i < 10000; ++i) {
    const float value = static_cast<float>(i) / 16384.0f;
    frames.insert(frames.end(), {value, -0.5f * value, 0.25f});
  }
  const TemporaryFile file(float_wav(frames, 3, 32000));
  AudioFile mixed(file.path());
  CHECK(mixed.rate_hz() == 32000);
  CHECK(mixed.channels() == 3);
  CHECK(mixed.frames() == 10000);
  std::vector<float> out(12000);
  REQUIRE(mixed.read_mono(std::span(out).first(777)) == 777);
  REQUIRE(mixed.read_mono(std::span(out).subspan(777)) == 10000 - 777);
  CHECK(mixed.read_mono(out) == 0);

  std::vector<float> second(10000);
  AudioFile single(file.path());
  REQUIRE(single.read_channel(1, second) == 10000);
  CHECK(second[1000] == frames[3001]);
  CHECK_THROWS_AS(single.read_channel(3, second), Error);
}

TEST_CASE("the mean of the channels has librosa's bits") {
  const TemporaryFile file(float_wav({0.1f, 0.2f, 0.4f, -0.3f, 0.7f, 0.6f}, 3, 44100));
  AudioFile mixed(file.path());
  std::vector<float> out(2);
  REQUIRE(mixed.read_mono(out) == 2);
  CHECK(out[0] == (0.1f + 0.2f + 0.4f) / 3.0f);
  CHECK(out[1] == (-0.3f + 0.7f + 0.6f) / 3.0f);
}

TEST_CASE("a clip at another rate is resampled as a stream is") {
  const std::vector<float> samples = noise(16000, 1);
  const TemporaryFile file(float_wav(samples, 1, 16000));
  CHECK(load_clip(file.path(), 44100).samples == resample(samples, 16000, 44100));
  CHECK(load_clip(file.path(), 16000).samples == samples);
}

TEST_CASE("NaN and infinite samples become 0 and are counted") {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const TemporaryFile file(
      float_wav({0.5f, std::numeric_limits<float>::quiet_NaN(), kInfinity, -kInfinity, -0.5f}, 1, 44100));
  const Clip clip = load_clip(file.path(), 44100);
  CHECK(clip.bad_samples == 3);
  CHECK(clip.samples == std::vector<float>{0.5f, 0.0f, 0.0f, 0.0f, -0.5f});

  // In one channel they leave the other one alone.
  const TemporaryFile stereo(float_wav({0.5f, kInfinity, -0.25f, 0.75f}, 2, 44100));
  const Clip mixed = load_clip(stereo.path(), 44100);
  CHECK(mixed.samples == std::vector<float>{0.25f, 0.25f});
  CHECK(mixed.bad_samples == 1);

  std::vector<float> samples(1000, kInfinity);
  const AllocationGuard guard;
  const std::size_t bad = replace_bad_samples(samples);
  const std::size_t allocations = guard.allocations();
  CHECK(bad == 1000);
  CHECK(allocations == 0);
}

TEST_CASE("samples louder than any sound become 0 and are counted, alone and in a mean") {
  const TemporaryFile file(float_wav({0.5f, 3e38f, -3e38f, 2e6f, -32768.0f, 1e6f}, 1, 44100));
  const Clip clip = load_clip(file.path(), 44100);
  CHECK(clip.bad_samples == 3);
  CHECK(clip.samples == std::vector<float>{0.5f, 0.0f, 0.0f, 0.0f, -32768.0f, 1e6f});
  const TemporaryFile stereo(float_wav({0.5f, 3e38f, 3e38f, 3e38f}, 2, 44100));
  const Clip mixed = load_clip(stereo.path(), 16000);
  CHECK(mixed.bad_samples == 3);
  for (const float sample : mixed.samples) CHECK(std::abs(sample) < 1.0f);
}

TEST_CASE("a rate that nothing can be resampled from is bad data, with the file's name") {
  for (const int rate_hz : {500, 1'000'000}) {
    const TemporaryFile file(float_wav({0.0f, 0.5f}, 1, rate_hz));
    try {
      load_clip(file.path(), 44100);
      FAIL("was accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::bad_data);
      CHECK_THAT(error.what(), Catch::StartsWith(file.path().string() + ": ") &&
                                   Catch::Contains(std::to_string(rate_hz) + " Hz"));
    }
  }
}

TEST_CASE("a text file named .wav is bad data, with libsndfile's reason") {
  const TemporaryFile file("this is no audio\n");
  try {
    AudioFile audio(file.path());
    FAIL("was accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::bad_data);
    CHECK_THAT(error.what(), Catch::StartsWith(file.path().string() + ": "));
    CHECK_THAT(error.what(), Catch::Contains("ormat"));
    CHECK_THAT(error.what(), !Catch::Contains("\n"));
  }
}

TEST_CASE("a missing file and a directory are missing input") {
  for (const std::filesystem::path& path :
       {std::filesystem::path("/nonexistent/clip.wav"), std::filesystem::temp_directory_path()}) {
    try {
      AudioFile audio(path);
      FAIL("was accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::no_input);
      CHECK_THAT(error.what(), Catch::StartsWith(path.string() + ": "));
    }
  }
}

}  // namespace earshot::test
