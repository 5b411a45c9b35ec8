// FileSource: an audio file as a source, in real time or as fast as it is classified.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "daemon/Source.h"
#include "dsp/AudioFile.h"

namespace earshot {

class FileSource final : public Source {
 public:
  /// Opens the file. Throws as AudioFile does; Error(config) for a channel that it has not.
  FileSource(const SourceSettings& settings, const FileSettings& file, const SourceContext& context);

  /// Caller's thread: the file through the pipeline until its end or a stop; what happens is published, but
  /// no change of state. Throws Error(bad_data) if the file is damaged.
  void play(std::stop_token stop);

 private:
  std::string hear(std::stop_token stop) override;
  std::size_t read(std::span<float> out);

  FileSettings settings_;
  std::optional<int> channel_;
  AudioFile file_;
};

}  // namespace earshot
