#include "daemon/capture/MicrophoneSource.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "dsp/base/Error.h"

namespace earshot {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kChunkSamples = 4096;
constexpr std::chrono::milliseconds kPoll = 10ms;  // the callback may not wake anybody: that would be a system call
constexpr std::chrono::milliseconds kFirstRetry = 250ms;
constexpr std::chrono::milliseconds kLastRetry = 2s;  // an absent device costs 1.6 % of a core
constexpr auto kUnanswered = 2500ms;                  // of opening; then the source is down
constexpr auto kGivenUp = 15s;                        // of opening or waking; then another helper tries
constexpr std::chrono::milliseconds kUndelivered = 2500ms;  // of an open device; PulseAudio's blocks are up to 2 s long
constexpr auto kDetailAgain = 10s;                    // before another reason is told for the same absence
constexpr std::chrono::milliseconds kOnlyZeros = 60s;
constexpr std::chrono::milliseconds kMostZeros = 1h;

std::string seconds_text(std::chrono::milliseconds time) {
  return fmt::format("{} s", std::chrono::duration<double>(time).count());
}

}  // namespace

MicrophoneSource::MicrophoneSource(const SourceSettings& settings, const MicrophoneSettings& microphone,
                                   const SourceContext& context)
    : Source(settings, context),
      wish_{.device = microphone.device, .channel = settings.channel, .hardware = {}},
      opener_(*context.microphones),
      feed_(pipeline(), GapReason::device, LiveFeed::Haste::impossible),
      chunk_(kChunkSamples),
      zeros_patience_(kOnlyZeros) {}

std::string MicrophoneSource::hear(std::stop_token stop) {
  change_state(SourceState::starting, "opening \"" + wish_.device + '"');
  std::chrono::milliseconds retry = kFirstRetry;
  while (!stop.stop_requested()) {
    pulse().beat();
    std::string why;
    try {
      why = listen(stop);
    } catch (const Error& error) {
      why = error.what();
    }
    feed_.end();
    if (stop.stop_requested()) break;
    if (std::exchange(recording_, false)) retry = kFirstRetry;
    if (!std::exchange(reopening_, false)) go_down(why);
    if (!sleep_for(stop, retry)) break;
    retry = std::min(2 * retry, kLastRetry);
  }
  return "stopped";
}

// Until the device fails or a stop; returns why.
std::string MicrophoneSource::listen(const std::stop_token& stop) {
  const std::unique_ptr<CaptureStream> stream = opener_.open(wish_);
  std::string why = await_recording(*stream, stop);
  if (!why.empty() || stop.stop_requested()) return why;
  wish_.hardware = stream->hardware();
  why = record(*stream, stop);
  drain(*stream, stop);
  return why;
}

// Why it does not come to that; empty if it does.
std::string MicrophoneSource::await_recording(CaptureStream& stream, const std::stop_token& stop) {
  const Time began = BootClock::now();
  while (sleep_for(stop, kPoll)) {
    pulse().beat();
    switch (stream.look()) {
      case CaptureStream::Stage::recording:
        return {};
      case CaptureStream::Stage::failed:
        return stream.failure();
      case CaptureStream::Stage::opening:
        break;
    }
    const auto waited = BootClock::now() - began;
    const std::string unanswered = "device \"" + wish_.device + "\": its driver does not answer";
    if (waited > kGivenUp) return unanswered;
    if (waited > kUnanswered) go_down(unanswered);
  }
  return {};
}

std::string MicrophoneSource::record(CaptureStream& stream, const std::stop_token& stop) {
  zeros_from_.reset();
  const Time began = BootClock::now();
  while (sleep_for(stop, kPoll)) {
    pulse().beat();
    if (stream.look() == CaptureStream::Stage::failed) return stream.failure();
    drain(stream, stop);
    const Time now = BootClock::now();
    const auto waited = now - std::max(began, stream.last_delivery());
    if (waited > kUndelivered) {
      const std::string undelivered =
          "device \"" + stream.device() + "\" has delivered nothing for " + seconds_text(kUndelivered);
      if (recording_ || waited > kGivenUp) return undelivered;
      go_down(undelivered);  // one that is still waking must not be put to sleep again
    }
    if (zeros_from_ && now - *zeros_from_ > zeros_patience_) {
      // What a device does that has lost its way, and a muted one: opening it anew helps the one, and costs the other
      // a moment, less and less often.
      zeros_patience_ = std::min(2 * zeros_patience_, kMostZeros);
      reopening_ = true;
      return {};
    }
    feed_.tick(now);
  }
  return {};
}

// What waits now and no more, so that a failure is seen even if sound comes faster than it is classified.
void MicrophoneSource::drain(CaptureStream& stream, const std::stop_token& stop) {
  SpscRing& ring = stream.ring();
  pipeline().add_bad_samples(stream.take_bad_samples());
  const std::size_t waiting = ring.waiting();
  const Time newest = stream.last_delivery();  // read after the samples that it is of
  // What waits came after the last look; of much that came in one piece more is not known.
  const Time after = std::exchange(looked_, BootClock::now());
  for (std::size_t left = waiting; left > 0 && !stop.stop_requested();) {
    const SpscRing::Piece piece = ring.pop(std::span(chunk_).first(std::min(left, chunk_.size())));
    if (piece.samples == 0 && piece.hole == 0) return;  // broken: look() says so
    if (!recording_) begin(stream, newest - duration_of(left, stream.rate_hz()));
    left -= piece.samples;
    if (piece.hole > 0) {
      feed_.lose(piece.hole, GapReason::overflow);
      continue;
    }
    const std::span<const float> samples = std::span(chunk_).first(piece.samples);
    watch_for_zeros(samples, stream, newest);
    feed_.push(samples, std::max(newest - duration_of(left, stream.rate_hz()), std::min(after, newest)));
  }
}

void MicrophoneSource::begin(const CaptureStream& stream, Time heard) {
  recording_ = true;
  feed_.begin(stream.rate_hz(), heard, was_down_);
  if (!only_zeros_) go_up(stream);
}

// No microphone is that quiet: its noise moves the last bit.
void MicrophoneSource::watch_for_zeros(std::span<const float> samples, const CaptureStream& stream, Time now) {
  if (std::all_of(samples.begin(), samples.end(), [](float sample) { return sample == 0.0F; })) {
    if (!zeros_from_) zeros_from_ = now;
    if (now - *zeros_from_ < kOnlyZeros || std::exchange(only_zeros_, true)) return;
    state_ = SourceState::stalled;
    change_state(state_, stream.device() + " has delivered only zeros for " + seconds_text(kOnlyZeros) +
                             ": muted, or nothing plays on what it monitors");
    return;
  }
  zeros_from_.reset();
  zeros_patience_ = kOnlyZeros;
  if (std::exchange(only_zeros_, false)) go_up(stream);
}

void MicrophoneSource::go_up(const CaptureStream& stream) {
  if (std::exchange(state_, SourceState::up) == SourceState::up) return;
  change_state(SourceState::up, stream.device() + " at " + std::to_string(stream.rate_hz()) + " Hz");
}

// One line a change: of the state, and of the reason, though not each time that two reasons take turns.
void MicrophoneSource::go_down(const std::string& detail) {
  was_down_ = true;
  only_zeros_ = false;
  const Time now = BootClock::now();
  if (std::exchange(state_, SourceState::down) == SourceState::down &&
      (detail == down_detail_ || now - down_told_ < kDetailAgain))
    return;
  down_detail_ = detail;
  down_told_ = now;
  change_state(SourceState::down, detail);
}

}  // namespace earshot
