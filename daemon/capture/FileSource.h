// FileSource: an audio file as a source, in real time or as fast as it is classified.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "daemon/capture/Source.h"
#include "dsp/audio/AudioFile.h"

namespace earshot {

/// Throws as AudioFile does; Error(config) for a channel that it has not.
AudioFile open_file(const SourceSettings& settings, const FileSettings& file);

class FileSource final : public Source {
 public:
  /// Opens the file, as open_file does.
  FileSource(const SourceSettings& settings, const FileSettings& file, const SourceContext& context);

  /// Caller's thread: the file through the pipeline until its end or a stop; what happens is published, but
  /// no change of state. Throws Error(bad_data) if the file is damaged.
  void play(std::stop_token stop);

 private:
  std::string hear(std::stop_token stop) override;
  /// From the start again. Throws Error(bad_data) if it has another rate or number of channels by now.
  void reopen();
  std::size_t read(std::span<float> out);

  FileSettings settings_;
  std::optional<int> channel_;
  AudioFile file_;
};

}  // namespace earshot
