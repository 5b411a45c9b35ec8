#include "daemon/hearing/Pipeline.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "dsp/audio/BadSamples.h"
#include "dsp/audio/Level.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

}  // namespace

Pipeline::Pipeline(const PipelineSettings& settings, const Model& model, ClassifierPool& classifiers, UtcClock& utc,
                   BootClock::time_point start, MessageSink& sink, Counters& counters)
    : settings_(settings),
      gain_(static_cast<float>(std::pow(10.0, settings.gain_db / 20.0))),
      sink_(sink),
      counters_(counters),
      utc_(utc),
      clock_(model.recipe.rate_hz, start),
      utc_clock_(model.recipe.rate_hz, utc.at(start)),
      windows_(model.recipe.window_samples, settings.hop_samples),
      extractor_(model.recipe),
      classifiers_(classifiers),
      heard_labels_(model),
      chunk_(Resampler::kMaxChunk),
      features_(model.recipe.shape().size()),
      scores_(model.labels.size()),
      patience_(duration_of(model.recipe.window_samples, model.recipe.rate_hz)),
      gauges_(counters.sources.of(settings.source)) {
  if (settings.events)
    events_.emplace(settings.events, settings.source, settings.instance, utc_clock_, sink, counters.events);
}

void Pipeline::open(int rate_hz) {
  resampler_.emplace(rate_hz, extractor_.recipe().rate_hz);
  source_rate_hz_ = rate_hz;
  opened_at_ = position();
  source_samples_ = 0;
}

void Pipeline::push(std::span<const float> samples) noexcept {
  source_samples_ += samples.size();
  while (!samples.empty() && !stop_.stop_requested()) {
    const std::span<float> chunk = std::span(chunk_).first(std::min(samples.size(), chunk_.size()));
    std::transform(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(chunk.size()),
                   chunk.begin(), [gain = gain_](float sample) { return sample * gain; });
    add_bad_samples(replace_bad_samples(chunk));  // too loud by the gain
    take(resampler_->process(chunk));
    add_bad_samples(resampler_->take_failed_samples());
    samples = samples.subspan(chunk.size());
  }
}

void Pipeline::push_live(std::span<const float> samples, BootClock::time_point arrived) noexcept {
  arrived_ = arrived;
  push(samples);
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
  take(rest.first(std::min<std::uint64_t>(rest.size(), due - std::min(due, position()))));
  resampler_->reset();
}

void Pipeline::pass(std::uint64_t samples, GapReason reason) noexcept {
  if (samples > 0) jump(position() + samples, reason);
}

void Pipeline::close() noexcept {
  break_off();
  end_events();
}

void Pipeline::finish() noexcept {
  break_off();
  if (const auto padded = windows_.finish()) hear(padded->window, padded->padded_samples);
  end_events();
}

void Pipeline::end_events() noexcept {
  if (events_) events_->end_all();
}

void Pipeline::break_off() noexcept {
  if (resampler_) take(resampler_->finish());
  resampler_.reset();
  publish_skipped();
}

void Pipeline::take(std::span<const float> resampled) noexcept {
  while (!resampled.empty() && !stop_.stop_requested()) {
    resampled = resampled.subspan(windows_.push(resampled));
    // Once whole it is heard, even if a stop has come meanwhile: nothing that was taken is left untold.
    if (const auto window = windows_.next()) hear(*window, 0);
  }
}

void Pipeline::jump(std::uint64_t to, GapReason reason) noexcept {
  publish_skipped();
  const std::uint64_t lost = to - position();
  counters_.dropped_samples.fetch_add(lost, std::memory_order_relaxed);
  sink_.publish(Gap{settings_.source, position(), lost, reason, 0});
  windows_.restart_at(to);
  extractor_.reset();
}

void Pipeline::hear(const Window& window, std::uint64_t padded_samples) noexcept {
  classifying_.store(true, std::memory_order_relaxed);
  const BootClock::time_point heard = clock_.time_of(window.end_sample());
  const double level = level_dbfs(window.samples, rate_hz());
  const bool gated = settings_.gate_dbfs && level < *settings_.gate_dbfs;
  if (!gated && !compute_scores(window)) {
    skip(window);
    classifying_.store(false, std::memory_order_relaxed);
    return;
  }
  publish_skipped();
  utc_clock_.heard(window.end_sample(), utc_.at(heard));
  Prediction prediction;
  prediction.source = settings_.source;
  prediction.start_sample = window.start_sample;
  prediction.end_sample = window.end_sample();
  prediction.time = utc_clock_.time_of(window.end_sample());
  prediction.padded_samples = padded_samples;
  prediction.level_dbfs = level;
  prediction.gated = gated;
  if (!gated) {
    prediction.scores = scores_;
    prediction.heard.resize(scores_.size());
    prediction.heard.resize(heard_labels_.find(prediction.scores, prediction.heard));
  }
  counters_.predictions.fetch_add(1, std::memory_order_relaxed);
  gauges_->level_dbfs.store(static_cast<float>(level), std::memory_order_relaxed);
  gauges_->drift_ppm.store(static_cast<float>(clock_.drift_ppm().value_or(0.0)), std::memory_order_relaxed);
  note_lag(window);
  const EventWindow part{.start_sample = window.start_sample,
                         .end_sample = window.end_sample() - padded_samples,
                         .level_dbfs = level,
                         .scores = gated ? std::span<const float>() : scores_,
                         .samples = window.samples.first(window.samples.size() - padded_samples)};
  sink_.publish(std::move(prediction));
  if (events_) events_->hear(part);
  classifying_.store(false, std::memory_order_relaxed);
}

// Whether there was time for it.
bool Pipeline::compute_scores(const Window& window) noexcept {
  const auto left = [this] { return *arrived_ + patience_ - BootClock::now(); };
  if (arrived_ && left() <= BootClock::duration::zero()) return false;
  extractor_.extract_window(window.samples, window.start_sample, features_);
  ClassifierPool::Turn turn{.skipped = skipped_windows_, .patience = {}};
  if (arrived_) turn.patience = left();
  switch (classifiers_.classify(features_, scores_, turn)) {
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
  note_lag(window);
}

void Pipeline::note_lag(const Window& window) noexcept {
  if (!arrived_) return;
  const std::chrono::duration<float> lag = BootClock::now() - clock_.time_of(window.end_sample());
  gauges_->lag_s.store(lag.count(), std::memory_order_relaxed);
}

void Pipeline::publish_skipped() noexcept {
  if (skipped_windows_ == 0) return;
  sink_.publish(Gap{settings_.source, skipped_from_, 0, GapReason::overload,
                    std::exchange(skipped_windows_, std::uint64_t{0})});
}

// Rounded up, as the resampler's own count is.
std::uint64_t Pipeline::model_samples(std::uint64_t source_samples) const noexcept {
  const auto to = static_cast<std::uint64_t>(rate_hz());
  const auto from = static_cast<std::uint64_t>(source_rate_hz_);
  return (source_samples * to + from - 1) / from;
}

}  // namespace earshot
