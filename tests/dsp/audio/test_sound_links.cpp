// AudioFile over files that hold several streams one behind another, tags and junk around them.
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/dsp/Signals.h"
#include "tests/dsp/audio/SoundBytes.h"

namespace earshot::test {
namespace {

/// ID3v2.4 with `size` bytes of padding.
std::string id3v2(std::size_t size) {
  std::string tag = "ID3\x04";
  tag += std::string(2, '\0');
  for (unsigned part = 4; part-- > 0;) tag += static_cast<char>(size >> (7 * part) & 0x7FU);
  return tag + std::string(size, '\0');
}

std::string id3v1() {
  return "TAG" + std::string(125, ' ');
}

std::string ape_tag() {
  const std::string rest = std::string("\xD0\x07\0\0\x20\0\0\0\0\0\0\0", 12);
  // Of two alike, the first says that it is the header.
  return "APETAGEX" + rest + std::string("\0\0\0\xA0", 4) + std::string(8, '\0') +  //
         "APETAGEX" + rest + std::string("\0\0\0\x80", 4) + std::string(8, '\0');
}

}  // namespace

TEST_CASE("all streams of an Ogg file are heard, one behind another") {
  for (const int format : {kVorbis, kOpus, kOggFlac}) {
    const std::string first = encoded(sine(500, 0.5, 16000, 48000), format);
    const std::string second = encoded(noise(20000, 3), format);
    const std::vector<float> expected =
        joined(joined(hear_bytes(first, ".ogg").samples, hear_bytes(second, ".ogg").samples),
               hear_bytes(first, ".ogg").samples);
    const Heard heard = hear_bytes(first + second + first, ".ogg");
    INFO(format);
    CHECK(heard.samples.size() == expected.size());
    CHECK((heard.samples == expected));
    CHECK(heard.damages.empty());
  }
}

TEST_CASE("a stream at another rate or of other channels is heard at the first one's rate, mixed") {
  const std::string first = encoded(sine(500, 0.5, 16000, 16000), kVorbis, 16000);
  std::vector<float> stereo;
  for (const float sample : sine(500, 0.5, 48000, 96000)) stereo.insert(stereo.end(), {sample, sample});
  const Heard heard = hear_bytes(first + encoded(stereo, kVorbis, 48000, 2), ".ogg");
  REQUIRE(heard.samples.size() == 16000 + 32000);
  CHECK(heard.damages.empty());
  CHECK(distance(heard.samples, sine(500, 0.5, 16000, 48000), 17000, 47000) < 0.05F);
}

TEST_CASE("concatenated MP3 with tags around each is all heard, and tags are no damage") {
  const std::string first = encoded(sine(500, 0.5, 16000, 40000), kMp3);
  const std::string second = encoded(noise(20000, 3), kMp3);
  const std::size_t expected =
      hear_bytes(first, ".mp3").samples.size() + hear_bytes(second, ".mp3").samples.size();
  for (const std::string& bytes :
       {first + second, id3v2(300) + first + id3v1() + id3v2(20) + second + ape_tag() + id3v1()}) {
    const Heard heard = hear_bytes(bytes, ".mp3");
    CHECK(heard.samples.size() == expected);
    CHECK(heard.damages.empty());
  }
}

TEST_CASE("concatenated WAV, FLAC, AIFF, CAF, AU, W64 and RF64 files are all heard") {
  for (const int format : {kWav, kFlac, SF_FORMAT_AIFF | SF_FORMAT_PCM_16, SF_FORMAT_CAF | SF_FORMAT_PCM_16,
                           SF_FORMAT_AU | SF_FORMAT_PCM_16, SF_FORMAT_W64 | SF_FORMAT_PCM_16,
                           SF_FORMAT_RF64 | SF_FORMAT_PCM_16}) {
    const std::string first = encoded(noise(20000, 1), format);
    const std::string second = encoded(noise(9001, 2), format);
    const std::vector<float> one = hear_bytes(first).samples;
    const std::vector<float> two = hear_bytes(second).samples;
    for (const std::string& between : {std::string(), id3v1()}) {
      const Heard heard = hear_bytes(first + between + second + first);
      INFO(format << ' ' << between.size());
      CHECK((heard.samples == joined(joined(one, two), one)));
      CHECK(heard.damages.empty());
    }
  }
}

TEST_CASE("other sound behind a FLAC file is not passed over in silence") {
  const std::string first = encoded(noise(60000, 1), kFlac);
  for (const int format : {kWav, kVorbis}) {
    const Heard heard = hear_bytes(first + encoded(noise(60000, 2), format), ".flac");
    INFO(format);
    CHECK(heard.samples.size() == 60000);
    REQUIRE(heard.damages.size() == 1);
    CHECK(heard.damages[0].position == 60000);
  }
}

TEST_CASE("tags before and behind the sound are no damage") {
  for (const int format : {kVorbis, kOpus, kOggFlac, kFlac, kMp3, kWav}) {
    const std::string bytes = encoded(noise(30000, 1), format);
    const Heard plain = hear_bytes(bytes);
    CHECK(plain.damages.empty());
    INFO(format);
    const Heard behind = hear_bytes(bytes + ape_tag() + id3v1());
    CHECK((behind.samples == plain.samples));
    CHECK(behind.damages.empty());
    const Heard before = hear_bytes(id3v2(5000) + bytes);
    CHECK(before.samples.size() == plain.samples.size());
    CHECK(before.damages.empty());
  }
}

TEST_CASE("sound is found behind leading junk") {
  const std::string junk(777, '\x01');
  for (const int format : {kVorbis, kOpus, kOggFlac, kFlac, kMp3}) {
    const std::string bytes = encoded(noise(30000, 1), format);
    const Heard plain = hear_bytes(bytes);
    const Heard heard = hear_bytes(junk + bytes);
    INFO(format);
    CHECK(heard.samples.size() == plain.samples.size());
    REQUIRE(heard.damages.size() == 1);
    CHECK(heard.damages[0].position == 0);
    CHECK_THAT(heard.damages[0].line, Catch::Contains("777 bytes"));
  }
}

TEST_CASE("MP3 of varying bitrate that does not tell its length is heard to its end") {
  // The note that tells it is the first frame: without it a decoder guesses from the frames that follow.
  const std::vector<float> sound = joined(noise(16000, 3), sine(500, 0.01, 16000, 160'000));
  const std::string noted = encoded(sound, kMp3);
  const std::size_t second = noted.find("\xFF\xF3", 10);
  REQUIRE(second < 2000);
  const Heard heard = hear_bytes(noted.substr(second), ".mp3");
  CHECK(heard.samples.size() >= sound.size());
  CHECK(heard.damages.empty());
}

}  // namespace earshot::test
