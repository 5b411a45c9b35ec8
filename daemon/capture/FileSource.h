// FileSource: an audio file as a source, in real time or as fast as it is classified.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "daemon/capture/Source.h"
#include "dsp/audio/AudioFile.h"

namespace earshot {

/// Throws as AudioFile does; Error(config) for a channel that it has not.
AudioFile open_file(const SourceSettings& settings, const FileSettings& file);

class FileSource final : public Source {
 public:
  /// Opens the file, as open_file does.
  FileSource(const SourceSettings& settings, const FileSettings& file, const SourceContext& context);

  /// Caller's thread: the file through the pipeline until its end or a stop; what happens is published, of
  /// changes of state only that a file in a loop cannot be read for now. Sound that is missing is a gap, and
  /// `damaged` is told each time, once if the file is played again. Throws Error(io) if reading the file
  /// fails, Error(bad_data) if there is nothing to read, unless it is in a loop.
  using DamageListener = std::function<void(const SoundDamage& damage)>;
  void play(std::stop_token stop, const DamageListener& damaged);

 private:
  static constexpr std::chrono::milliseconds kFirstRetry{250};

  std::string hear(std::stop_token stop) override;
  template <typename Reading>
  std::string attempt(const Reading& reading);
  bool reopen(const std::stop_token& stop, std::string trouble);
  void open_again();
  std::uint64_t samples_by(BootClock::duration time) const noexcept;
  std::size_t read(std::span<float> out);
  /// What is lost right here becomes a gap, at the file's end once it is over. Returns how many samples of
  /// the file's time went by before what is read next.
  std::uint64_t pass_damages(const DamageListener& damaged);

  FileSettings settings_;
  std::optional<int> channel_;
  AudioFile file_;
  std::optional<std::uint64_t> lost_at_end_;       // samples of the file's; nothing: it is whole there
  std::chrono::milliseconds retry_ = kFirstRetry;  // longer until it was read to its end
};

}  // namespace earshot
