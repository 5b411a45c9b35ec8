#include "daemon/capture/PcmSource.h"

#include <utility>

#include <spdlog/fmt/fmt.h>

#include "daemon/log/Logging.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

constexpr std::chrono::milliseconds kTick{50};
constexpr std::chrono::milliseconds kAwayTick{500};   // while there is no sender
constexpr std::chrono::milliseconds kStopped{1'000};  // between two looks
// What a network held up is taken at once; a sender in a hurry is slowed down by what it fills.
constexpr std::size_t kLiveBytes = 2 * 1024 * 1024;
constexpr std::size_t kFastBytes = 64 * 1024;

}  // namespace

PcmSource::PcmSource(const SourceSettings& settings, const PcmSettings& pcm, Pace pace,
                     std::chrono::milliseconds idle, const SourceContext& context)
    : Source(settings, context),
      pcm_(pcm),
      channel_(settings.channel),
      pace_(pace),
      idle_(idle),
      arrivals_(pace == Pace::fast ? kFastBytes : kLiveBytes),
      feed_(pipeline(), GapReason::network,
            pace == Pace::fast ? LiveFeed::Haste::welcome : LiveFeed::Haste::dropped),
      decoder_(pcm, channel_),
      suspicion_(pcm.format) {}

std::string PcmSource::hear(std::stop_token stop) {
  change_state(SourceState::starting, waits_for());
  looked_ = BootClock::now();
  while (!stop.stop_requested()) {
    pulse().beat();
    auto arrival = arrivals_.pop(stop, there_ ? kTick : kAwayTick);
    if (!arrival) {
      look_for_silence(BootClock::now());
    } else if (auto why = take(std::move(*arrival))) {
      return *why;
    } else {
      looked_ = BootClock::now();
    }
  }
  feed_.end();
  return "stopped";
}

// Why the source has ended, if it has.
std::optional<std::string> PcmSource::take(PcmArrival arrival) {
  switch (arrival.kind) {
    case PcmArrival::Kind::begin:
      sender_ = std::move(arrival.text);
      there_ = true;
      heard_ = arrival.arrived;
      if (arrival.pcm) pcm_ = *arrival.pcm;
      decoder_ = PcmDecoder(pcm_, channel_);
      suspicion_ = PcmSuspicion(pcm_.format);
      break;
    case PcmArrival::Kind::bytes:
      hear_bytes(arrival.bytes, arrival.arrived);
      break;
    case PcmArrival::Kind::end:
      end_stream();
      feed_.end();
      there_ = opened_ = stalled_ = false;
      if (!arrival.text.empty() && (arrival.is_news || !down_)) {
        down_ = true;
        change_state(SourceState::down, arrival.text);
      }
      break;
    case PcmArrival::Kind::finish:
      end_stream();
      feed_.finish();
      return std::move(arrival.text);
    case PcmArrival::Kind::failure:
      feed_.end();
      throw Error(ExitCode::io, arrival.text);
  }
  return std::nullopt;
}

void PcmSource::hear_bytes(std::span<const std::byte> bytes, BootClock::time_point arrived) {
  if (const std::string_view kind = suspicion_.look(bytes); !kind.empty()) {
    log_warning("source '{}': what {} sends looks like {}, and is read as raw {} samples: see its 'format'",
                name(), sender_, kind, to_string(pcm_.format));
  }
  const std::span<const float> samples = decoder_.decode(bytes);
  if (!std::exchange(opened_, true)) {
    // A sender in a hurry has not waited for its first bytes to be spoken.
    const std::size_t spoken = pace_ == Pace::fast ? 0 : samples.size();
    feed_.begin(pcm_.rate_hz, arrived - duration_of(spoken, pcm_.rate_hz), false);
    stalled_ = down_ = false;
    change_state(SourceState::up, sender_);
  } else if (std::exchange(stalled_, false)) {
    change_state(SourceState::up, sender_ + " sends again");
  }
  heard_ = arrived;
  feed_.push(samples, arrived);
  pipeline().add_bad_samples(decoder_.take_bad_samples());
}

void PcmSource::look_for_silence(BootClock::time_point now) {
  feed_.tick(now);
  // Whoever was stopped himself does not know yet what has come meanwhile.
  if (now - std::exchange(looked_, now) > kStopped) heard_ = now;
  if (!there_ || stalled_ || now - heard_ < idle_) return;
  stalled_ = true;
  down_ = false;
  change_state(SourceState::stalled, fmt::format("{} has sent nothing for {} s", sender_,
                                                 std::chrono::duration<double>(idle_).count()));
}

void PcmSource::end_stream() {
  if (decoder_.pending_bytes() == 0) return;
  log_warning("source '{}': {} bytes at the end of what {} sent are no whole frame, left out", name(),
              decoder_.pending_bytes(), sender_);
  decoder_.reset();
}

}  // namespace earshot
