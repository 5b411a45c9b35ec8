// Writes small WAV files for tests: float samples, so that NaN, infinity and values beyond 1 can be written
// too.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <span>
#include <stdexcept>
#include <vector>

namespace earshot::test {

/// `interleaved` is frames x channels. IEEE float, 32 bit (RIFF format tag 3).
inline void write_wav(const std::filesystem::path& path, std::span<const float> interleaved, int rate_hz,
                      int channels = 1) {
  static_assert(std::endian::native == std::endian::little, "RIFF is little-endian");
  std::ofstream file(path, std::ios::binary);
  const auto put = [&file](auto value) { file.write(reinterpret_cast<const char*>(&value), sizeof value); };
  const auto data_bytes = static_cast<std::uint32_t>(interleaved.size_bytes());
  const auto frame_bytes = static_cast<std::uint32_t>(channels) * 4U;
  file.write("RIFF", 4);
  put(36U + data_bytes);
  file.write("WAVEfmt ", 8);
  put(std::uint32_t{16});
  put(std::uint16_t{3});
  put(static_cast<std::uint16_t>(channels));
  put(static_cast<std::uint32_t>(rate_hz));
  put(static_cast<std::uint32_t>(rate_hz) * frame_bytes);
  put(static_cast<std::uint16_t>(frame_bytes));
  put(std::uint16_t{32});
  file.write("data", 4);
  put(data_bytes);
  file.write(reinterpret_cast<const char*>(interleaved.data()), static_cast<std::streamsize>(data_bytes));
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

/// A sine of half of full scale.
inline std::vector<float> sine(double frequency_hz, int rate_hz, std::size_t samples) {
  std::vector<float> out(samples);
  for (std::size_t i = 0; i < samples; ++i) {
    out[i] = static_cast<float>(
        0.5 * std::sin(2.0 * std::numbers::pi * frequency_hz * static_cast<double>(i) / rate_hz));
  }
  return out;
}

}  // namespace earshot::test
