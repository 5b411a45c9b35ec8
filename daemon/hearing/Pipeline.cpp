#include "daemon/hearing/Pipeline.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "dsp/audio/BadSamples.h"
#include "dsp/audio/Level.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

// What the constructor could run now cannot: our bug, or broken memory, and no window would fare better.
// Nothing catches it above streaming code, which is noexcept: end_uncaught_as_bug() says how the program
// ends.
void expect_classified(bool classified) {
  if (!classified) throw Error(ExitCode::software, "classifier: oneDNN refused to compute");
}

}  // namespace

Pipeline::Pipeline(const PipelineSettings& settings, const Model& model, ClassifierPool& classifiers, UtcTime start,
                   MessageSink& sink, Counters& counters)
    : settings_(settings),
      gain_(static_cast<float>(std::pow(10.0, settings.gain_db / 20.0))),
      sink_(sink),
      counters_(counters),
      clock_(model.recipe.rate_hz, start),
      windows_(model.recipe.window_samples, settings.hop_samples),
      extractor_(model.recipe),
      classifiers_(classifiers),
      heard_labels_(model),
      chunk_(Resampler::kMaxChunk),
      features_(model.recipe.shape().size()),
      scores_(model.labels.size()) {
  if (settings.events)
    events_.emplace(settings.events, settings.source, settings.instance, clock_, sink, counters.events);
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

void Pipeline::push_live(std::span<const float> samples, UtcTime heard, bool behind) noexcept {
  if (behind_ && !behind) publish_skipped();
  behind_ = behind;
  clock_.heard(opened_at_ + model_samples(source_samples_ + samples.size()), heard);
  push(samples);
}

void Pipeline::lose(std::uint64_t samples, GapReason reason) noexcept {
  if (stop_.stop_requested()) return;  // what came before it may not have been taken
  // Each piece between losses is rounded up to whole samples: what it has too many is left out, or the
  // timeline would drift.
  const std::span<const float> rest = resampler_->finish();
  const std::uint64_t due = opened_at_ + model_samples(source_samples_);
  take(rest.first(std::min<std::uint64_t>(rest.size(), due - std::min(due, position()))));
  resampler_->reset();
  source_samples_ += samples;
  jump(std::max(opened_at_ + model_samples(source_samples_), position() + 1), reason);
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
  if (const auto padded = windows_.finish()) classify(padded->window, padded->padded_samples);
  end_events();
}

void Pipeline::end_events() noexcept {
  if (events_) events_->end_all();
}

void Pipeline::break_off() noexcept {
  if (resampler_) take(resampler_->finish());
  resampler_.reset();
  publish_skipped();
  behind_ = false;
}

void Pipeline::take(std::span<const float> resampled) noexcept {
  while (!resampled.empty() && !stop_.stop_requested()) {
    resampled = resampled.subspan(windows_.push(resampled));
    while (!stop_.stop_requested()) {
      const auto window = windows_.next();
      if (!window) break;
      classify(*window, 0);
    }
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

void Pipeline::classify(const Window& window, std::uint64_t padded_samples) noexcept {
  if (behind_) {
    if (skipped_windows_++ == 0) skipped_from_ = window.start_sample;
    return;
  }
  classifying_.store(true, std::memory_order_relaxed);
  Prediction prediction;
  prediction.source = settings_.source;
  prediction.start_sample = window.start_sample;
  prediction.end_sample = window.end_sample();
  // A sender that catches up is heard later than it spoke: times may stand still, and never go back.
  prediction.time = last_time_ = std::max(last_time_, clock_.time_of(window.end_sample()));
  prediction.padded_samples = padded_samples;
  prediction.level_dbfs = level_dbfs(window.samples, rate_hz());
  prediction.gated = settings_.gate_dbfs && prediction.level_dbfs < *settings_.gate_dbfs;
  if (!prediction.gated) {
    extractor_.extract_window(window.samples, window.start_sample, features_);
    expect_classified(classifiers_.classify(features_, scores_));
    prediction.scores = scores_;
    prediction.heard.resize(scores_.size());
    prediction.heard.resize(heard_labels_.find(prediction.scores, prediction.heard));
  }
  counters_.predictions.fetch_add(1, std::memory_order_relaxed);
  const EventWindow heard{.start_sample = window.start_sample,
                          .end_sample = window.end_sample() - padded_samples,
                          .level_dbfs = prediction.level_dbfs,
                          .scores = prediction.gated ? std::span<const float>() : scores_,
                          .samples = window.samples.first(window.samples.size() - padded_samples)};
  sink_.publish(std::move(prediction));
  if (events_) events_->hear(heard);
  classifying_.store(false, std::memory_order_relaxed);
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
