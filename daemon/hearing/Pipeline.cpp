#include "daemon/hearing/Pipeline.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "dsp/audio/BadSamples.h"
#include "dsp/audio/Level.h"
#include "dsp/base/Error.h"

namespace earshot {

struct Pipeline::Change {
  std::unique_ptr<Ear> ear;  // null: the same as before
  std::uint64_t hop_samples = 0;
};

Pipeline::Pipeline(const PipelineSettings& settings, std::shared_ptr<const Hearing> hearing, UtcClock& utc,
                   BootClock::time_point start, MessageSink& sink, Counters& counters)
    : source_(settings.source),
      instance_(settings.instance),
      rate_hz_(hearing->model->recipe.rate_hz),
      sink_(sink),
      counters_(counters),
      utc_(utc),
      clock_(rate_hz_, start),
      utc_clock_(rate_hz_, utc.at(start)),
      windows_(hearing->model->recipe.window_samples, hearing->hop_samples),
      given_{settings.ear, hearing},
      ear_(std::make_unique<Ear>(settings.ear, hearing, source_, instance_, utc_clock_, sink,
                                 counters.events)),
      chunk_(Resampler::kMaxChunk),
      patience_(duration_of(hearing->model->recipe.window_samples, rate_hz_)),
      gauges_(counters.sources.of(source_)),
      gate_(counters.gates.of(source_)) {}

Pipeline::~Pipeline() {
  delete change_.load(std::memory_order_acquire);
}

// What a change of the hop alone leaves as it is: whoever hears goes on, with the events that run.
bool Pipeline::differ_only_in_hop(const Hearing& a, const Hearing& b) noexcept {
  return a.model == b.model && a.classifiers == b.classifiers && a.events == b.events;
}

void Pipeline::change(const EarSettings& settings, std::shared_ptr<const Hearing> hearing) {
  std::unique_ptr<Ear> ear;
  if (settings != given_.settings || !differ_only_in_hop(*hearing, *given_.hearing))
    ear = std::make_unique<Ear>(settings, hearing, source_, instance_, utc_clock_, sink_, counters_.events);
  // One that has not been taken yet is taken back, or its ear would be lost. Acquire and release: of what it
  // holds.
  std::unique_ptr<Change> change(change_.exchange(nullptr, std::memory_order_acquire));
  if (!change) change = std::make_unique<Change>();
  if (ear) change->ear = std::move(ear);
  change->hop_samples = hearing->hop_samples;
  given_ = {settings, std::move(hearing)};
  change_.store(change.release(), std::memory_order_release);
}

void Pipeline::follow(const Timeline& before) noexcept {
  windows_.restart_at(before.position);
  clock_ = before.clock;
  clock_.forget_drift();
  utc_clock_ = before.utc_clock;
}

void Pipeline::change_when_due() noexcept {
  if (change_.load(std::memory_order_relaxed) == nullptr) return;
  const std::unique_ptr<Change> change(change_.exchange(nullptr, std::memory_order_acquire));
  tell_skipped();  // of the hop until now
  if (change->ear) {
    ear_->end_events();
    ear_ = std::move(change->ear);
  }
  windows_.set_hop(change->hop_samples);
}

void Pipeline::open(int rate_hz) {
  resampler_.emplace(rate_hz, rate_hz_);
  source_rate_hz_ = rate_hz;
  opened_at_ = position();
  source_samples_ = 0;
}

void Pipeline::push(std::span<const float> samples) noexcept {
  source_samples_ += samples.size();
  while (!samples.empty() && !stop_.stop_requested()) {
    const std::span<float> chunk = std::span(chunk_).first(std::min(samples.size(), chunk_.size()));
    std::transform(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(chunk.size()),
                   chunk.begin(), [gain = ear_->gain()](float sample) { return sample * gain; });
    add_bad_samples(replace_bad_samples(chunk));  // too loud by the gain
    take(resampler_->process(chunk));
    add_bad_samples(resampler_->take_failed_samples());
    samples = samples.subspan(chunk.size());
  }
}

void Pipeline::push_live(std::span<const float> samples, BootClock::time_point arrived) noexcept {
  live_ = true;
  arrived_ = arrived;
  push(samples);
  arrived_.reset();
}

// What the resampler still holds: of live sound its turn must come in time, too.
void Pipeline::take_rest(std::span<const float> resampled) noexcept {
  if (live_) arrived_ = BootClock::now();
  take(resampled);
  arrived_.reset();
}

void Pipeline::lose(std::uint64_t samples, GapReason reason) noexcept {
  if (stop_.stop_requested()) return;  // what came before it may not have been taken
  end_piece();
  source_samples_ += samples;
  jump(std::max(opened_at_ + model_samples(source_samples_), position() + 1), reason);
}

void Pipeline::drop(std::uint64_t samples, std::uint64_t to, GapReason reason) noexcept {
  if (stop_.stop_requested()) return;
  end_piece();
  const std::uint64_t dropped = model_samples(samples);
  const std::uint64_t gap = to - position();
  if (dropped > gap) counters_.dropped_samples.fetch_add(dropped - gap, std::memory_order_relaxed);
  opened_at_ = to;
  source_samples_ = 0;
  jump(to, reason);
}

// Each piece between losses is rounded up to whole samples: what it has too many is left out, or the timeline would
// drift.
void Pipeline::end_piece() noexcept {
  const std::span<const float> rest = resampler_->finish();
  const std::uint64_t due = opened_at_ + model_samples(source_samples_);
  take_rest(rest.first(std::min<std::uint64_t>(rest.size(), due - std::min(due, position()))));
  resampler_->reset();
}

void Pipeline::pass(std::uint64_t samples, GapReason reason) noexcept {
  if (samples > 0) jump(position() + samples, reason);
}

void Pipeline::close() noexcept {
  break_off();
  ear_->end_events();
}

void Pipeline::finish() noexcept {
  break_off();
  if (const auto padded = windows_.finish()) hear(padded->window, padded->padded_samples);
  ear_->end_events();
}

void Pipeline::break_off() noexcept {
  if (resampler_) take_rest(resampler_->finish());
  resampler_.reset();
  tell_skipped();
}

void Pipeline::take(std::span<const float> resampled) noexcept {
  while (!resampled.empty() && !stop_.stop_requested()) {
    resampled = resampled.subspan(windows_.push(resampled));
    // Once whole it is told, even if a stop has come meanwhile: as skipped, where its turn has not come.
    if (!windows_.is_whole()) continue;
    change_when_due();
    hear(*windows_.next(), 0);
  }
}

void Pipeline::jump(std::uint64_t to, GapReason reason) noexcept {
  tell_skipped();
  const std::uint64_t lost = to - position();
  counters_.dropped_samples.fetch_add(lost, std::memory_order_relaxed);
  sink_.publish(Gap{source_, position(), lost, reason, 0});
  windows_.restart_at(to);
  ear_->reset();
}

void Pipeline::hear(const Window& window, std::uint64_t padded_samples) noexcept {
  classifying_.store(true, std::memory_order_relaxed);
  const BootClock::time_point heard = clock_.time_of(window.end_sample());
  const double level = level_dbfs(window.samples, rate_hz());
  const bool gated = ear_->gates(level) && gate_->load(std::memory_order_relaxed);
  if (!gated && !compute_scores(window)) {
    skip(window);
    classifying_.store(false, std::memory_order_relaxed);
    return;
  }
  tell_skipped();
  utc_clock_.heard(window.end_sample(), utc_.at(heard));
  Prediction prediction;
  prediction.source = source_;
  prediction.start_sample = window.start_sample;
  prediction.end_sample = window.end_sample();
  prediction.time = utc_clock_.time_of(window.end_sample());
  prediction.padded_samples = padded_samples;
  prediction.level_dbfs = level;
  prediction.gated = gated;
  if (!gated) ear_->describe(prediction);
  counters_.predictions.fetch_add(1, std::memory_order_relaxed);
  gauges_->level_dbfs.store(static_cast<float>(level), std::memory_order_relaxed);
  gauges_->drift_ppm.store(static_cast<float>(clock_.drift_ppm().value_or(0.0)), std::memory_order_relaxed);
  note_lag(window);
  const EventWindow part{.start_sample = window.start_sample,
                         .end_sample = window.end_sample() - padded_samples,
                         .level_dbfs = level,
                         .scores = {},
                         .samples = window.samples.first(window.samples.size() - padded_samples)};
  sink_.publish(std::move(prediction));
  ear_->hear(part, gated);
  classifying_.store(false, std::memory_order_relaxed);
}

// Whether there was time for it.
bool Pipeline::compute_scores(const Window& window) noexcept {
  const auto left = [this] { return *arrived_ + patience_ - BootClock::now(); };
  if (arrived_ && left() <= BootClock::duration::zero()) return false;
  ClassifierPool::Turn turn{.skipped = skipped_windows_, .patience = {}, .stop = stop_};
  if (arrived_) turn.patience = left();
  switch (ear_->classify(window, turn)) {
    case ClassifierPool::Result::classified:
      return true;
    case ClassifierPool::Result::too_late:
      return false;
    case ClassifierPool::Result::refused:
      break;
  }
  // What the constructor could run now cannot: our bug, or broken memory, and no window would fare better. Nothing
  // catches it above streaming code, which is noexcept: end_uncaught_as_bug() says how the program ends.
  throw Error(ExitCode::software, "classifier: oneDNN refused to compute");
}

void Pipeline::skip(const Window& window) noexcept {
  if (skipped_windows_++ == 0) skipped_from_ = window.start_sample;
  gauges_->skipped_windows.fetch_add(1, std::memory_order_relaxed);
  counters_.skipped_windows.fetch_add(1, std::memory_order_relaxed);
  note_lag(window);
}

void Pipeline::note_lag(const Window& window) noexcept {
  if (!arrived_) return;
  const std::chrono::duration<float> lag = BootClock::now() - clock_.time_of(window.end_sample());
  gauges_->lag_s.store(lag.count(), std::memory_order_relaxed);
}

void Pipeline::tell_skipped() noexcept {
  if (skipped_windows_ == 0) return;
  sink_.publish(Gap{source_, skipped_from_, 0, GapReason::overload,
                    std::exchange(skipped_windows_, std::uint64_t{0}), windows_.hop_samples()});
}

// Rounded up, as the resampler's own count is.
std::uint64_t Pipeline::model_samples(std::uint64_t source_samples) const noexcept {
  const auto to = static_cast<std::uint64_t>(rate_hz());
  const auto from = static_cast<std::uint64_t>(source_rate_hz_);
  return (source_samples * to + from - 1) / from;
}

}  // namespace earshot
