// AudioFile: whatever libsndfile reads, as float samples mixed to one channel; all of it, and a word on what
// cannot be read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "dsp/audio/BadSamples.h"
#include "dsp/audio/SoundReader.h"

namespace earshot {

/// A file opened for reading. Streams that lie one behind another in it are one sound, at the rate of the
/// first one. Not thread safe.
class AudioFile {
 public:
  /// Throws Error(no_input) if it is missing, unreadable or no regular file; Error(bad_data) if it is not
  /// audio that libsndfile knows, has not a single sample or is at a rate beyond Resampler's; the line names
  /// the file and, for bad data, libsndfile's reason.
  explicit AudioFile(const std::filesystem::path& path);
  ~AudioFile();
  AudioFile(AudioFile&&) noexcept;
  AudioFile& operator=(AudioFile&&) noexcept;

  int rate_hz() const noexcept;
  /// Of the first stream.
  int channels() const noexcept;
  /// As the header says; 0 where it does not.
  std::uint64_t frames() const noexcept;

  /// Walks through a file of a kind that does not tell what is missing (Ogg, MPEG), all of it; otherwise the
  /// first reading does. Throws Error(bad_data) if no decoder reads any of it.
  void look_up();

  /// What is lost right before the sample that read_mono would return next, or behind the last one: one after
  /// another, nothing once there is no more. Who does not ask gets what can be read without a word. Throws as
  /// read_mono.
  std::optional<SoundDamage> next_damage();

  /// No more sound follows what next_damage() has told, and none what was read.
  bool at_end() const noexcept;

  /// Up to out.size() frames, mixed as FrameMixer does; fewer only before damage and at the end, 0 once
  /// there. Throws Error(io) if reading the file fails.
  std::size_t read_mono(std::span<float> out);
  /// The same, one channel only: 0 is the first. A later stream of another number of channels is mixed.
  std::size_t read_channel(int channel, std::span<float> out);
  /// Samples that are no sound (is_sound), taken as 0, since the last call.
  std::uint64_t take_bad_samples() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A whole file, mixed to mono and resampled to `rate_hz`. Where sound is lost, what follows joins what was
/// before. Throws as AudioFile does.
struct Clip {
  std::vector<float> samples;
  std::uint64_t bad_samples = 0;
  std::vector<SoundDamage> damages;
};
Clip load_clip(const std::filesystem::path& path, int rate_hz);

}  // namespace earshot
