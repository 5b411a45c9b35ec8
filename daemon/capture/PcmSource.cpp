#include "daemon/capture/PcmSource.h"

#include "daemon/log/Logging.h"

namespace earshot {

PcmSource::PcmSource(const SourceSettings& settings, const PcmSettings& pcm, const SourceContext& context)
    : Source(settings, context), pcm_(pcm), decoder_(pcm, settings.channel), suspicion_(pcm.format) {}

void PcmSource::begin_stream(const std::string& sender) {
  sender_ = sender;
  decoder_.reset();
  suspicion_ = PcmSuspicion(pcm_.format);
  pipeline().open(pcm_.rate_hz);
  change_state(SourceState::up, sender);
}

void PcmSource::hear_bytes(std::span<const std::byte> bytes, std::chrono::steady_clock::time_point now) {
  if (const std::string_view kind = suspicion_.look(bytes); !kind.empty()) {
    log_warning("source '{}': what {} sends looks like {}, and is read as raw {} samples: see its 'format'",
                name(), sender_, kind, to_string(pcm_.format));
  }
  pipeline().push_live(decoder_.decode(bytes), utc(now), false);
  pipeline().add_bad_samples(decoder_.take_bad_samples());
}

void PcmSource::end_stream() {
  if (decoder_.pending_bytes() == 0) return;
  log_warning("source '{}': {} bytes at the end of what {} sent are no whole frame, left out", name(),
              decoder_.pending_bytes(), sender_);
  decoder_.reset();
}

}  // namespace earshot
