#include "daemon/capture/MicrophoneSource.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "dsp/base/Error.h"

namespace earshot {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kChunkSamples = 4096;
constexpr std::chrono::milliseconds kPoll{
    10};  // the callback may not wake anybody: that would be a system call
constexpr std::chrono::milliseconds kFirstRetry{250};
constexpr std::chrono::milliseconds kLastRetry{5'000};
constexpr const char* kDriver = "its device's driver does not answer";
constexpr std::size_t kBehindSeconds = 1;  // of sound waiting: windows are skipped before the ring overflows

Clock::duration duration_of(std::size_t samples, int rate_hz) {
  return std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(static_cast<double>(samples) / rate_hz));
}

}  // namespace

MicrophoneSource::MicrophoneSource(const SourceSettings& settings, const MicrophoneSettings& microphone,
                                   const SourceContext& context)
    : Source(settings, context),
      settings_(microphone),
      channel_(settings.channel),
      opener_(*context.microphones),
      chunk_(kChunkSamples) {}

std::string MicrophoneSource::hear(std::stop_token stop) {
  change_state(SourceState::starting, "opening \"" + settings_.device + '"');
  std::chrono::milliseconds retry = kFirstRetry;
  while (!stop.stop_requested()) {
    std::string why;
    try {
      why = listen(stop);
      if (recording_) retry = kFirstRetry;
    } catch (const Error& error) {
      why = error.what();
    }
    pipeline().close();
    if (stop.stop_requested()) break;
    if (std::exchange(recording_, false) && opener_.wants_streams_closed()) continue;
    go_down(why);
    if (!sleep_until(stop, Clock::now() + retry)) break;
    retry = std::min(2 * retry, kLastRetry);
  }
  return "stopped";
}

// Until the device dies, is to be closed, or a stop; returns why.
std::string MicrophoneSource::listen(const std::stop_token& stop) {
  std::unique_ptr<CaptureStream> stream;
  {
    const Holdup driver(*this, kDriver);
    stream = opener_.open(settings_.device, channel_, stop);
  }
  std::string why = record(*stream, stop);
  const Holdup driver(*this, kDriver);
  stream.reset();
  return why;
}

std::string MicrophoneSource::record(CaptureStream& stream, const std::stop_token& stop) {
  while (stream.is_alive() && !opener_.wants_streams_closed()) {
    drain(stream, stop);
    if (!sleep_until(stop, Clock::now() + kPoll)) break;
  }
  drain(stream, stop);
  return "device \"" + stream.device() + "\" no longer delivers";
}

// What waits now and no more, so that a death is seen even if sound comes faster than it is classified.
void MicrophoneSource::drain(CaptureStream& stream, const std::stop_token& stop) {
  SpscRing& ring = stream.ring();
  pipeline().add_bad_samples(stream.take_bad_samples());
  for (std::size_t left = ring.waiting(); left > 0 && !stop.stop_requested();) {
    const SpscRing::Piece piece = ring.pop(std::span(chunk_).first(std::min(left, chunk_.size())));
    left -= piece.samples;
    const std::size_t waiting = ring.waiting();
    if (!recording_) begin(stream, piece.samples + waiting);
    if (piece.hole > 0) {
      pipeline().lose(piece.hole, GapReason::overflow);
      continue;
    }
    // The ring's newest sample has come just now; the piece's last one as long ago as what still waits lasts.
    last_heard_ = Clock::now() - duration_of(waiting, stream.rate_hz());
    const bool behind = waiting > kBehindSeconds * static_cast<std::size_t>(stream.rate_hz());
    pipeline().push_live(std::span(chunk_).first(piece.samples), utc(*last_heard_), behind);
  }
}

void MicrophoneSource::begin(const CaptureStream& stream, std::size_t samples) {
  recording_ = true;
  const Clock::time_point first_heard = Clock::now() - duration_of(samples, stream.rate_hz());
  if (last_heard_) pipeline().pass(samples_in(first_heard - *last_heard_), GapReason::device);
  pipeline().open(stream.rate_hz());
  if (std::exchange(state_, SourceState::up) != SourceState::up) {
    change_state(SourceState::up, stream.device() + " at " + std::to_string(stream.rate_hz()) + " Hz");
  }
}

void MicrophoneSource::go_down(const std::string& detail) {
  if (!last_heard_) last_heard_ = Clock::now();
  if (std::exchange(state_, SourceState::down) != SourceState::down) change_state(SourceState::down, detail);
}

}  // namespace earshot
