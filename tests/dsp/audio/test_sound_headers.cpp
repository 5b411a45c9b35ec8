// AudioFile over WAV and its like whose header says other than what is there.
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/dsp/Signals.h"
#include "tests/dsp/audio/SoundBytes.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {
namespace {

std::string with_number(std::string bytes, std::size_t at, std::uint64_t value, std::size_t count = 4) {
  for (std::size_t i = 0; i < count; ++i) bytes[at + i] = static_cast<char>(value >> (8 * i) & 0xFFU);
  return bytes;
}

constexpr std::size_t kRiffSize = 4;

/// Where the size of the sound's chunk stands.
std::size_t size_at(const std::string& bytes, const std::string& id = "data") {
  return bytes.find(id) + id.size();
}

}  // namespace

TEST_CASE("a WAV whose writer could not come back to its header is heard to its end") {
  for (const int format : {kWav, SF_FORMAT_WAV | SF_FORMAT_FLOAT, SF_FORMAT_WAVEX | SF_FORMAT_PCM_24}) {
    const std::string whole = encoded(noise(20000, 1), format);
    const std::vector<float> expected = hear_bytes(whole).samples;
    for (const std::uint32_t size : {0U, 0xFFFFFFFFU, 0x7FFFFFFFU, 0x7FFFF000U, 0x80000000U}) {
      for (const std::uint32_t riff_size : {0U, 8U, 0xFFFFFFFFU, size + 36}) {
        const std::string bytes = with_number(with_number(whole, kRiffSize, riff_size), size_at(whole), size);
        INFO(std::hex << format << ' ' << size << ' ' << riff_size);
        const Heard heard = hear_bytes(bytes);
        CHECK((heard.samples == expected));
        CHECK(heard.damages.empty());
      }
    }
  }
}

TEST_CASE("a size of 0 with sound behind is read on in W64, RF64, AIFF, CAF and AU, too") {
  const std::vector<float> sound = noise(20000, 1);
  const auto check = [](const std::string& whole, const std::string& piped) {
    const Heard heard = hear_bytes(piped);
    CHECK((heard.samples == hear_bytes(whole).samples));
    CHECK(heard.damages.empty());
  };
  const std::string w64 = encoded(sound, SF_FORMAT_W64 | SF_FORMAT_PCM_16);
  check(w64, with_number(w64, w64.find("data") + 16, 24, 8));
  const std::string aiff = encoded(sound, SF_FORMAT_AIFF | SF_FORMAT_PCM_16);
  check(aiff, with_number(with_number(aiff, size_at(aiff, "SSND"), 0), aiff.find("COMM") + 10, 0));
  const std::string caf = encoded(sound, SF_FORMAT_CAF | SF_FORMAT_PCM_16);
  check(caf, with_number(caf, size_at(caf), 0, 8));
  const std::string au = encoded(sound, SF_FORMAT_AU | SF_FORMAT_PCM_16);
  check(au, with_number(au, 8, 0));
  const std::string rf64 = encoded(sound, SF_FORMAT_RF64 | SF_FORMAT_PCM_16);
  check(rf64, with_number(rf64, rf64.find("ds64") + 16, 0, 8));
}

TEST_CASE("sound of no size ends where another file begins") {
  const std::vector<float> sound = noise(20000, 1);
  struct Kind {
    int format;
    std::size_t size_at;
  };
  const std::string wav = encoded(sound, kWav);
  for (const Kind kind : {Kind{kWav, size_at(wav)}, Kind{SF_FORMAT_AU | SF_FORMAT_PCM_16, 8}}) {
    const std::string whole = encoded(sound, kind.format);
    const std::string other = encoded(noise(9000, 2), kind.format);
    for (const std::uint32_t size : {0U, 0xFFFFFFFFU}) {
      const Heard heard = hear_bytes(with_number(whole, kind.size_at, size) + other);
      INFO(std::hex << kind.format << ' ' << size);
      CHECK((heard.samples == joined(hear_bytes(whole).samples, hear_bytes(other).samples)));
      CHECK(heard.damages.empty());
    }
  }
}

TEST_CASE("an AIFF that sox wrote into a pipe ends with its file") {
  const std::string whole = encoded(noise(20000, 1), SF_FORMAT_AIFF | SF_FORMAT_PCM_16);
  // FORM, COMM and SSND as sox leaves them there.
  std::string piped = with_number(with_number(whole, 4, 0x5000007F), size_at(whole, "SSND"), 0x0800007F);
  piped = with_number(piped, piped.find("COMM") + 10, 0x0000803F);
  const Heard heard = hear_bytes(piped);
  CHECK((heard.samples == hear_bytes(whole).samples));
  CHECK(heard.damages.empty());
}

TEST_CASE("an RF64 of unknown size, or without the chunk that tells it, is heard to its end") {
  const std::string whole = encoded(noise(20000, 1), SF_FORMAT_RF64 | SF_FORMAT_PCM_16);
  const std::vector<float> expected = hear_bytes(whole).samples;
  const std::string unknown = with_number(whole, whole.find("ds64") + 16, ~std::uint64_t{0}, 8);
  CHECK((hear_bytes(unknown).samples == expected));
  const std::string wav = encoded(noise(20000, 1), kWav);
  const std::string bare = with_number("RF64" + wav.substr(4), size_at(wav), 0xFFFFFFFF);
  CHECK((hear_bytes(bare).samples == expected));
}

TEST_CASE("of two chunks of sound the first is heard and the second named") {
  const std::string whole = encoded(noise(20000, 1), kWav);
  const std::string list = "LIST" + std::string("\x04\0\0\0", 4) + "INFO";
  const Heard heard = hear_bytes(whole + list + whole.substr(whole.find("data")));
  CHECK((heard.samples == hear_bytes(whole).samples));
  REQUIRE(heard.damages.size() == 1);
  CHECK(heard.damages[0].position == 20000);
}

TEST_CASE("bytes behind an AU whose size the header tells are named") {
  const std::string whole = encoded(noise(20000, 1), SF_FORMAT_AU | SF_FORMAT_PCM_16);
  const Heard heard = hear_bytes(whole + std::string(5000, '\x11'));
  CHECK(heard.samples.size() == 20000);
  REQUIRE(heard.damages.size() == 1);
  CHECK_THAT(heard.damages[0].line, Catch::Contains("5000 bytes after"));
}

TEST_CASE("a WAV cut short says how much is missing") {
  const std::string whole = encoded(noise(88000, 1), kWav);
  const Heard heard = hear_bytes(std::string_view(whole).substr(0, whole.size() - 2 * 35200));
  REQUIRE(heard.damages.size() == 1);
  CHECK(heard.damages[0].position == 52800);
  CHECK(heard.damages[0].samples == 35200);
  CHECK_THAT(heard.damages[0].line,
             Catch::EndsWith(": 2.20 s after 0:00:03.30 could not be read: cut short"));
}

TEST_CASE("what is missing of a cut file is as long as it was, at half a byte a sample and behind another file") {
  const std::string packed = encoded(noise(160000, 1), SF_FORMAT_WAV | SF_FORMAT_IMA_ADPCM);
  for (const std::size_t kept : {packed.size() / 2, packed.size() * 4 / 5}) {
    INFO(kept);
    const Heard heard = hear_bytes(packed.substr(0, kept));
    REQUIRE(heard.damages.size() == 1);
    REQUIRE(heard.damages[0].samples);
    CHECK(std::abs(static_cast<double>(heard.samples.size()) - 160000.0) < 3000.0);
  }
  const std::string first = encoded(noise(16000, 1), kWav);
  const std::string second = encoded(noise(160000, 2), kWav);
  const Heard heard = hear_bytes(first + second.substr(0, 44 + 160000));
  REQUIRE(heard.damages.size() == 1);
  CHECK(heard.damages[0].samples == 80000);
  CHECK(heard.samples.size() == 16000 + 160000);
}

TEST_CASE("bytes behind the sound that are no chunks are named") {
  const std::string whole = encoded(noise(20000, 1), kWav);
  const Heard heard = hear_bytes(with_number(whole, size_at(whole), 20000));
  CHECK(heard.samples.size() == 10000);
  REQUIRE(heard.damages.size() == 1);
  CHECK(heard.damages[0].position == 10000);
  CHECK_THAT(heard.damages[0].line, Catch::Contains("20000 bytes after"));

  const std::string list = "LIST" + std::string("\x04\0\0\0", 4) + "INFO";
  CHECK(hear_bytes(whole + list).damages.empty());
}

TEST_CASE("a chunk that claims more than the file has is not looked for the end of") {
  // libsndfile 1.2 turns for ever in such a LIST chunk, without reading.
  const std::string whole = encoded(noise(20000, 1), kWav);
  const std::string list = with_number("LIST????INFO2\xff\xff\xff\xff\xff\xff\xff", 4, 0x06B1241A);
  const std::string behind = whole + list;
  CHECK((hear_bytes(behind).samples == hear_bytes(whole).samples));

  std::string before = whole;
  before.insert(before.find("data"), list);
  const TemporaryDirectory directory;
  CHECK(hearing_failure_of(directory.write("before.wav", before)) == ExitCode::bad_data);
}

TEST_CASE("a file without sound is bad data") {
  const std::string wav = encoded({}, kWav);
  const std::string list = "LIST" + std::string("\x04\0\0\0", 4) + "INFO";
  for (const std::string& bytes : {std::string(), wav, wav + list, wav.substr(0, 30), encoded({}, kFlac),
                                   encoded({}, kVorbis), encoded({}, SF_FORMAT_AIFF | SF_FORMAT_PCM_16),
                                   std::string("this is no audio\n"), std::string(100000, '\0')}) {
    const SoundFile file(bytes);
    INFO(bytes.size());
    CHECK(hearing_failure_of(file.path()) == ExitCode::bad_data);
  }
}

}  // namespace earshot::test
