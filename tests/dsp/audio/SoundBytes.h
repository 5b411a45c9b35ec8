// Sound files in memory, made by libsndfile, to be cut and joined; and how AudioFile hears them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sndfile.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "dsp/audio/AudioFile.h"
#include "dsp/audio/ContainerNumbers.h"
#include "dsp/audio/FlacFrames.h"
#include "dsp/audio/OggPages.h"
#include "dsp/base/Error.h"

namespace earshot::test {

/// A file that goes when the test does.
class SoundFile {
 public:
  explicit SoundFile(std::string_view contents, const std::string& extension = ".wav")
      : path_(std::filesystem::temp_directory_path() /
              ("earshot-sound-" + std::to_string(::getpid()) + "-" + std::to_string(count_++) + extension)) {
    std::ofstream(path_, std::ios::binary) << contents;
  }
  ~SoundFile() { std::filesystem::remove(path_); }
  SoundFile(const SoundFile&) = delete;
  SoundFile& operator=(const SoundFile&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  static inline int count_ = 0;
  std::filesystem::path path_;
};

inline constexpr int kVorbis = SF_FORMAT_OGG | SF_FORMAT_VORBIS;
inline constexpr int kOpus = SF_FORMAT_OGG | SF_FORMAT_OPUS;
inline constexpr int kFlac = SF_FORMAT_FLAC | SF_FORMAT_PCM_16;
inline constexpr int kOggFlac = SF_FORMAT_FLAC | SF_FORMAT_OGG;  ///< our own: libsndfile writes none
inline constexpr int kMp3 = SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III;
inline constexpr int kWav = SF_FORMAT_WAV | SF_FORMAT_PCM_16;

/// A native FLAC file as Ogg: a packet a page (RFC 9639, 10.1).
inline std::string ogg_flac(const std::string& native) {
  std::vector<std::string> packets;
  std::size_t at = 4;
  for (bool last = false; !last;) {
    last = (native.at(at) & 0x80) != 0;
    const auto size = static_cast<std::size_t>(number_of(native.substr(at + 1, 3), ByteOrder::big));
    packets.push_back(native.substr(at, 4 + size));
    at += 4 + size;
  }
  const std::size_t headers = packets.size();
  const FlacStreamInfo info = flac_stream_info(packets[0].substr(4));
  std::vector<std::uint64_t> ends(headers, 0);
  while (at < native.size()) {
    const auto frame = flac_frame_at(std::string_view(native).substr(at), info);
    REQUIRE(frame);
    std::size_t next = at + 1;
    for (; next < native.size(); ++next) {
      const auto other = flac_frame_at(std::string_view(native).substr(next, kMostFlacHeaderBytes), info);
      if (other && other->start == frame->start + frame->samples) break;
    }
    packets.push_back(native.substr(at, next - at));
    ends.push_back(frame->start + frame->samples);
    at = next;
  }
  std::string count;
  count += static_cast<char>((headers - 1) >> 8U);
  count += static_cast<char>(headers - 1);
  packets[0] = "\x7F" + ("FLAC" + std::string("\x01\0", 2)) + count + "fLaC" + packets[0];
  std::string ogg;
  for (std::size_t i = 0, sequence = 0; i < packets.size(); ++i) {
    // A packet of more than 255 segments continues on the next page.
    for (std::size_t from = 0, end = 0; end == 0; ++sequence) {
      const std::size_t left = packets[i].size() - from;
      const bool ends_here = left < 255 * 255;
      const std::size_t size = ends_here ? left : 255 * 255;
      const std::size_t segments = ends_here ? size / 255 + 1 : 255;
      const bool is_last = i + 1 == packets.size() && ends_here;
      const unsigned flags = (from > 0 ? 1U : 0U) | (sequence == 0 ? 2U : 0U) | (is_last ? 4U : 0U);
      std::string page = "OggS" + std::string(23, '\0');
      page[5] = static_cast<char>(flags);
      put_number(page, 6, 8, ends_here ? ends[i] : ~std::uint64_t{0}, ByteOrder::little);
      put_number(page, 14, 4, 0x1234 + packets.size(), ByteOrder::little);
      put_number(page, 18, 4, sequence, ByteOrder::little);
      page[26] = static_cast<char>(segments);
      page += std::string(segments, '\xFF');
      if (ends_here) page.back() = static_cast<char>(size % 255);
      page += packets[i].substr(from, size);
      set_ogg_checksum(page, page.size());
      ogg += page;
      from += size;
      end = ends_here ? 1 : 0;
    }
  }
  return ogg;
}

/// Interleaved frames as a whole file of a libsndfile format.
inline std::string encoded(const std::vector<float>& frames, int format, int rate_hz = 16000,
                           int channels = 1) {
  if (format == kOggFlac) return ogg_flac(encoded(frames, kFlac, rate_hz, channels));
  struct Memory {
    std::string bytes;
    std::size_t at = 0;
  } memory;
  SF_VIRTUAL_IO io{};
  io.get_filelen = [](void* data) {
    return static_cast<sf_count_t>(static_cast<Memory*>(data)->bytes.size());
  };
  io.tell = [](void* data) { return static_cast<sf_count_t>(static_cast<Memory*>(data)->at); };
  io.seek = [](sf_count_t offset, int whence, void* data) {
    auto& file = *static_cast<Memory*>(data);
    const auto base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? file.at : file.bytes.size();
    file.at = base + static_cast<std::size_t>(offset);
    return static_cast<sf_count_t>(file.at);
  };
  io.read = [](void* out, sf_count_t count, void* data) {
    auto& file = *static_cast<Memory*>(data);
    std::size_t got = 0;
    if (file.at < file.bytes.size()) {
      got = file.bytes.copy(static_cast<char*>(out), static_cast<std::size_t>(count), file.at);
    }
    file.at += got;
    return static_cast<sf_count_t>(got);
  };
  io.write = [](const void* in, sf_count_t count, void* data) {
    auto& file = *static_cast<Memory*>(data);
    const auto size = static_cast<std::size_t>(count);
    if (file.bytes.size() < file.at + size) file.bytes.resize(file.at + size);
    file.bytes.replace(file.at, size, static_cast<const char*>(in), size);
    file.at += size;
    return count;
  };
  SF_INFO info{};
  info.samplerate = rate_hz;
  info.channels = channels;
  info.format = format;
  SNDFILE* const file = sf_open_virtual(&io, SFM_WRITE, &info, &memory);
  INFO(sf_strerror(nullptr));
  REQUIRE(file);
  const auto count = static_cast<sf_count_t>(frames.size()) / channels;
  REQUIRE(sf_writef_float(file, frames.data(), count) == count);
  sf_close(file);
  return memory.bytes;
}

/// A file's sound on its timeline, silence where it is lost.
struct Heard {
  std::vector<float> samples;
  std::vector<SoundDamage> damages;
};

inline Heard hear(const std::filesystem::path& path) {
  AudioFile file(path);
  Heard heard;
  std::vector<float> block(1000);
  for (;;) {
    while (const auto damage = file.next_damage()) {
      CHECK_THAT(damage->line, Catch::StartsWith(path.string() + ": "));
      heard.samples.resize(heard.samples.size() + static_cast<std::size_t>(damage->samples.value_or(0)));
      heard.damages.push_back(*damage);
    }
    const std::size_t got = file.read_mono(block);
    if (got == 0) return heard;
    const auto end = block.begin() + static_cast<std::ptrdiff_t>(got);
    heard.samples.insert(heard.samples.end(), block.begin(), end);
  }
}

inline Heard hear_bytes(std::string_view bytes, const std::string& extension = ".wav") {
  const SoundFile file(bytes, extension);
  return hear(file.path());
}

/// The code with which opening or reading fails; nothing if it does not.
inline std::optional<ExitCode> hearing_failure_of(const std::filesystem::path& path) {
  try {
    hear(path);
  } catch (const Error& error) {
    CHECK_THAT(error.what(), Catch::StartsWith(path.string() + ": ") && !Catch::Contains("\n"));
    return error.code();
  }
  return std::nullopt;
}

/// The largest difference from `from` to `to`.
inline float distance(const std::vector<float>& a, const std::vector<float>& b, std::size_t from,
                      std::size_t to) {
  REQUIRE(a.size() >= to);
  REQUIRE(b.size() >= to);
  float most = 0.0F;
  for (std::size_t i = from; i < to; ++i) most = std::max(most, std::abs(a[i] - b[i]));
  return most;
}

inline std::vector<float> joined(std::vector<float> first, const std::vector<float>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

}  // namespace earshot::test
