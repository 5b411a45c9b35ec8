// PcmSource: what all sources of raw PCM share: one sender after another, bytes in any cut, into the pipeline.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>

#include "daemon/capture/PcmDecoder.h"
#include "daemon/capture/PcmSuspicion.h"
#include "daemon/capture/Source.h"

namespace earshot {

class PcmSource : public Source {
 protected:
  /// Throws as Source's constructor.
  PcmSource(const SourceSettings& settings, const PcmSettings& pcm, const SourceContext& context);

  /// The source is up: a stream's first bytes are there. `sender` is for people, "127.0.0.1:4242".
  void begin_stream(const std::string& sender);
  /// Its next bytes, the last of them heard at `now`. What looks like no such PCM is named in the log, once a
  /// stream.
  void hear_bytes(std::span<const std::byte> bytes, std::chrono::steady_clock::time_point now);
  /// It has ended: a last frame that is not whole is named in the log.
  void end_stream();

 private:
  PcmSettings pcm_;
  PcmDecoder decoder_;
  PcmSuspicion suspicion_;
  std::string sender_;
};

}  // namespace earshot
