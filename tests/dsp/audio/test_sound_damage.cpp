// AudioFile over files with holes, files cut short, files that are none.
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/dsp/Signals.h"
#include "tests/dsp/audio/SoundBytes.h"

namespace earshot::test {
namespace {

constexpr std::size_t kSamples = 160'000;

std::vector<float> test_sound() {
  return joined(sine(500, 0.5, 16000, kSamples / 2), noise(kSamples / 2, 7));
}

}  // namespace

TEST_CASE("what lies behind a hole keeps its position, and the hole is named with its length") {
  for (const int format : {kVorbis, kOpus, kOggFlac, kFlac, kMp3}) {
    const std::string whole = encoded(test_sound(), format);
    const std::vector<float> expected = hear_bytes(whole).samples;
    const std::size_t middle = whole.size() / 2;
    std::string zeros = whole;
    zeros.replace(middle, whole.size() / 10, whole.size() / 10, '\0');
    std::string flipped = whole;
    flipped[middle] = static_cast<char>(flipped[middle] ^ 0x55);
    std::string removed = whole;
    removed.erase(middle, whole.size() / 10);
    const std::vector<std::pair<std::string, std::string>> kinds{
        {"zeros", zeros}, {"flipped", flipped}, {"removed", removed}};
    for (const auto& [what, bytes] : kinds) {
      // An MP3 frame has no checksum; of one whose bytes are gone nobody can know.
      if (format == kMp3 && bytes != zeros) continue;
      INFO(std::hex << format << ' ' << what);
      const Heard heard = hear_bytes(bytes);
      REQUIRE(heard.damages.size() == 1);
      const SoundDamage& damage = heard.damages[0];
      REQUIRE(damage.samples);
      INFO(damage.line);
      CHECK(*damage.samples > 0);
      CHECK(*damage.samples < 5 * kSamples / 16);
      CHECK(damage.position > kSamples / 8);
      CHECK_THAT(damage.line, Catch::Matches(".*: [0-9.]+ s after 0:00:0[0-9.]+ could not be read: .*"));
      const bool exact = format != kMp3;
      CHECK(heard.samples.size() + (exact ? 0 : 1152) >= expected.size());
      CHECK(heard.samples.size() <= expected.size() + (exact ? 0 : 1152));
      const std::size_t length = std::min(expected.size(), heard.samples.size());
      const std::size_t sound = static_cast<std::size_t>(damage.position + *damage.samples) + 8000;
      if (sound + 8000 < length && exact) {
        CHECK(distance(heard.samples, expected, sound, length - 2000) < (format == kOpus ? 0.05F : 1e-4F));
      }
      CHECK(distance(heard.samples, expected, 0, static_cast<std::size_t>(damage.position)) < 0.05F);
    }
  }
}

TEST_CASE("a file cut short is heard to where it ends, and what is missing is named") {
  const std::vector<int> formats{kVorbis,
                                 kOpus,
                                 kOggFlac,
                                 kFlac,
                                 kMp3,
                                 kWav,
                                 SF_FORMAT_AIFF | SF_FORMAT_PCM_16,
                                 SF_FORMAT_CAF | SF_FORMAT_PCM_16,
                                 SF_FORMAT_W64 | SF_FORMAT_PCM_16,
                                 SF_FORMAT_RF64 | SF_FORMAT_PCM_16,
                                 SF_FORMAT_AU | SF_FORMAT_PCM_16};
  for (const int format : formats) {
    const std::string whole = encoded(test_sound(), format);
    const Heard all = hear_bytes(whole);
    INFO(std::hex << format);
    CHECK(all.damages.empty());
    const Heard cut = hear_bytes(std::string_view(whole).substr(0, whole.size() * 6 / 10 + 1));
    REQUIRE(cut.damages.size() == 1);
    INFO(cut.damages[0].line);
    CHECK(cut.damages[0].position > kSamples / 3);
    CHECK(cut.damages[0].position < kSamples);
    CHECK_THAT(cut.damages[0].line, Catch::Contains(" could not be read: "));
    const auto there = static_cast<std::size_t>(cut.damages[0].position);
    CHECK(distance(cut.samples, all.samples, 0, there - 1200) < 0.05F);
    if (format != kVorbis && format != kOpus) {  // those do not tell how long they should be
      REQUIRE(cut.damages[0].samples);
      CHECK(there + *cut.damages[0].samples == all.samples.size());
    }
  }
}

TEST_CASE("several holes are named one by one") {
  std::string bytes = encoded(noise(kSamples, 1), kVorbis);
  for (const std::size_t at : {3, 5, 7}) {
    const std::size_t begin = bytes.size() * at / 10;
    bytes.replace(begin, 100, 100, '\xFF');
  }
  const Heard heard = hear_bytes(bytes);
  CHECK(heard.damages.size() >= 2);
  CHECK(heard.samples.size() == kSamples);
  for (std::size_t i = 1; i < heard.damages.size(); ++i) {
    CHECK(heard.damages[i].position > heard.damages[i - 1].position + *heard.damages[i - 1].samples);
  }
}

TEST_CASE("a file made of beginnings of FLAC frames is not looked through once for each of them") {
  const std::string whole = encoded(noise(50000, 1), kFlac);
  const std::string begin("\xFF\xF9\x10\x00\x01\x39", 6);  // variable size, 192 samples, number 1, CRC-8
  REQUIRE(flac_frame_at(begin, {}));
  std::string bytes = whole.substr(0, 4 + 4 + kFlacStreamInfoBytes);
  bytes[4] = static_cast<char>(0x80);             // no other metadata
  bytes.replace(8 + 7, 3, std::string(3, '\0'));  // longest frame: not told
  while (bytes.size() < 500'000) bytes += begin;
  const SoundFile file(bytes, ".flac");
  CHECK(hearing_failure_of(file.path()).has_value());  // minutes, more than a test has, if each were followed
}

TEST_CASE("who does not ask for damage gets what can be read") {
  std::string bytes = encoded(noise(50000, 1), kFlac);
  bytes.replace(bytes.size() / 2, 3000, 3000, '\0');
  const SoundFile file(bytes, ".flac");
  const Clip clip = load_clip(file.path(), 16000);
  REQUIRE(clip.damages.size() == 1);
  CHECK(clip.samples.size() + *clip.damages[0].samples == 50000);
  AudioFile unasked(file.path());
  std::vector<float> block(50000);
  std::size_t read = 0;
  while (const std::size_t got = unasked.read_mono(block)) read += got;
  CHECK(read == clip.samples.size());
}

TEST_CASE("a decoder's own words do not reach standard error") {
  std::string bytes = encoded(test_sound(), kMp3);
  // Frames stay where they are; what is in them is not what a decoder expects.
  for (std::size_t i = 5000; i + 40 < bytes.size(); i += 97) bytes[i] = static_cast<char>(i * 31);
  const SoundFile broken(bytes, ".mp3");
  const SoundFile text("\xFF\xFB\x90\x64 no sound at all, but it begins like a frame of MPEG audio", ".mp3");
  const SoundFile said("");
  const int kept = ::dup(STDERR_FILENO);
  const int file = ::open(said.path().c_str(), O_WRONLY | O_TRUNC);
  ::dup2(file, STDERR_FILENO);
  (void)hearing_failure_of(broken.path());
  (void)hearing_failure_of(text.path());
  ::dup2(kept, STDERR_FILENO);
  ::close(kept);
  ::close(file);
  std::ifstream words(said.path());
  CHECK(std::string(std::istreambuf_iterator<char>(words), {}).empty());
}

TEST_CASE("nothing but a regular file is opened") {
  const SoundFile place("");
  const std::filesystem::path pipe = place.path().string() + ".fifo";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(hearing_failure_of(pipe) == ExitCode::no_input);  // and does not wait for a writer
  std::filesystem::remove(pipe);
  CHECK(hearing_failure_of("/dev/zero") == ExitCode::no_input);
  CHECK(hearing_failure_of("/nonexistent.wav") == ExitCode::no_input);
  CHECK(hearing_failure_of(std::filesystem::temp_directory_path()) == ExitCode::no_input);
}

}  // namespace earshot::test
