// AudioFile: whatever libsndfile reads, as float samples mixed to one channel.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

namespace earshot {

/// A file opened for reading. Not thread safe.
class AudioFile {
 public:
  /// Throws Error(no_input) if it is missing or unreadable, Error(bad_data) if it is not audio that
  /// libsndfile knows, or at a rate beyond Resampler's; the line names the file and, for bad data,
  /// libsndfile's reason.
  explicit AudioFile(const std::filesystem::path& path);
  ~AudioFile();
  AudioFile(AudioFile&&) noexcept;
  AudioFile& operator=(AudioFile&&) noexcept;

  int rate_hz() const noexcept;
  int channels() const noexcept;
  /// 0 where the container does not say.
  std::uint64_t frames() const noexcept;

  /// Up to out.size() frames, mixed as FrameMixer does; fewer only at the end, 0 once there. Throws
  /// Error(bad_data) if the decoder reports damage.
  std::size_t read_mono(std::span<float> out);
  /// The same, one channel only: 0 is the first.
  std::size_t read_channel(int channel, std::span<float> out);
  /// NaN and infinite samples, taken as 0, since the last call.
  std::uint64_t take_bad_samples() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A whole file, mixed to mono and resampled to `rate_hz`. Throws as AudioFile does.
struct Clip {
  std::vector<float> samples;
  std::uint64_t bad_samples = 0;
};
Clip load_clip(const std::filesystem::path& path, int rate_hz);

/// real-time: NaN and infinite samples become 0. Returns how many there were.
std::size_t replace_bad_samples(std::span<float> samples) noexcept;

}  // namespace earshot
