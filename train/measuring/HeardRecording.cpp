#include "train/measuring/HeardRecording.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <span>
#include <utility>

#include "dsp/audio/AudioFile.h"
#include "dsp/audio/Level.h"
#include "dsp/audio/Onset.h"
#include "dsp/audio/Resampler.h"
#include "dsp/audio/SlidingWindow.h"
#include "dsp/base/Error.h"
#include "dsp/features/FeatureExtractor.h"
#include "dsp/features/LiveHop.h"
#include "nn/events/EventDetector.h"
#include "nn/inference/HeardLabels.h"
#include "nn/inference/SeparablePlan.h"
#include "train/data/SoundFiles.h"

namespace earshot {
namespace {

constexpr std::size_t kTogether = SeparablePlan::kMostPatches;  // windows that are classified at once

class KeptEnds final : public EventSink {
 public:
  void publish_event(Event event) noexcept override {
    if (event.phase == Event::Phase::end) ends.push_back(std::move(event));
  }
  std::vector<Event> ends;
};

}  // namespace

struct RecordingHearer::Impl {
  Impl(const Model& model, std::shared_ptr<const PreparedNetwork> network)
      : rate_hz(model.recipe.rate_hz),
        window_samples(model.recipe.window_samples),
        hop_samples(effective_hop_samples(model.recipe, kUsualHopS, model.name + ": hop of live sound",
                                          ExitCode::bad_data)),
        thresholds(heard_thresholds(model)),
        extractor(model.recipe),
        classifier(std::move(network), 1),
        chunk(Resampler::kMaxChunk),
        features(kTogether * model.recipe.shape().size()),
        scores(kTogether * model.labels.size()) {}

  void hear(const std::filesystem::path& path, const std::function<bool()>& stopped) {
    AudioFile file(path);
    Resampler resampler(file.rate_hz(), rate_hz);
    windows.emplace(window_samples, hop_samples);
    extractor.reset();
    for (;;) {
      while (const auto damage = file.next_damage()) {
        heard.damages.push_back(damage->line);
        if (!file.at_end()) lose(resampler, damage->samples.value_or(0), file.rate_hz());
      }
      const std::size_t got = file.read_mono(chunk);
      if (got == 0 || stopped()) break;
      take(resampler.process(std::span(chunk).first(got)));
    }
    take(resampler.finish());
    if (const auto last = windows->finish()) {
      heard.padded = true;
      add(last->window, last->padded_samples);
    }
    classify();
    heard.bad_samples = file.take_bad_samples();
  }

  // Where the file does not tell how much is missing, it is a sample at least.
  void lose(Resampler& resampler, std::uint64_t samples, int file_hz) {
    take(resampler.finish());
    resampler.reset();
    const std::uint64_t lost = samples * static_cast<std::uint64_t>(rate_hz) / static_cast<std::uint64_t>(file_hz);
    windows->restart_at(windows->position() + std::max<std::uint64_t>(1, lost));
    extractor.reset();
  }

  void take(std::span<const float> samples) {
    while (!samples.empty()) {
      samples = samples.subspan(windows->push(samples));
      while (const auto window = windows->next()) add(*window, 0);
    }
  }

  void add(const Window& window, std::size_t padded_samples) {
    const std::span<const float> sound = window.samples.first(window.samples.size() - padded_samples);
    const std::uint64_t end = window.start_sample + sound.size();
    const std::uint64_t heard_until = heard.windows.empty() ? 0 : heard.windows.back().end_sample;
    heard.heard_samples += end - std::max(window.start_sample, heard_until);
    HeardRecording::Window& kept = heard.windows.emplace_back();
    kept.start_sample = window.start_sample;
    kept.end_sample = end;
    kept.gated = level_dbfs(window.samples, rate_hz) < kUsualGateDbfs;
    if (kept.gated) return;
    kept.onset_samples = onset_sample(sound, rate_hz);
    const std::size_t values = features.size() / kTogether;
    extractor.extract_window(window.samples, window.start_sample,
                             std::span(features).subspan(waiting.size() * values, values));
    waiting.push_back(heard.windows.size() - 1);
    if (waiting.size() == kTogether) classify();
  }

  void classify() {
    const std::size_t labels = thresholds.size();
    const std::size_t count = waiting.size();
    if (count > 0 && !classifier.classify(std::span(features).first(count * (features.size() / kTogether)),
                                          std::span(scores).first(count * labels))) {
      throw Error(ExitCode::software, "classifier: oneDNN refused to compute");
    }
    std::size_t next = 0;  // of those that wait
    for (std::size_t i = done; i < heard.windows.size(); ++i) {
      if (next < count && waiting[next] == i) keep(std::span(scores).subspan(labels * next++, labels));
      heard.windows[i].scores_end = heard.scores.size();
    }
    done = heard.windows.size();
    waiting.clear();
  }

  void keep(std::span<const float> of_window) {
    for (std::size_t label = 0; label < thresholds.size(); ++label) {
      if (of_window[label] >= thresholds[label]) {
        heard.scores.push_back({static_cast<std::uint32_t>(label), of_window[label]});
      }
    }
  }

  int rate_hz;
  std::size_t window_samples;
  std::uint64_t hop_samples;
  std::vector<float> thresholds;
  FeatureExtractor extractor;
  Classifier classifier;
  std::vector<float> chunk;
  std::vector<float> features;  // of kTogether windows
  std::vector<float> scores;

  HeardRecording heard;
  std::optional<SlidingWindow> windows;
  std::vector<std::size_t> waiting;  // windows whose features are there
  std::size_t done = 0;              // windows whose scores are kept
};

RecordingHearer::RecordingHearer(const Model& model, std::shared_ptr<const PreparedNetwork> network)
    : impl_(std::make_unique<Impl>(model, std::move(network))) {}
RecordingHearer::~RecordingHearer() = default;
RecordingHearer::RecordingHearer(RecordingHearer&&) noexcept = default;

HeardRecording RecordingHearer::hear(const std::filesystem::path& file, const std::function<bool()>& stopped) {
  expect_file(file);
  impl_->heard = {};
  impl_->waiting.clear();
  impl_->done = 0;
  impl_->hear(file, stopped);
  return std::move(impl_->heard);
}

std::vector<Event> events_of(const HeardRecording& recording, const EventRules& rules) {
  const std::shared_ptr<const EventRules> borrowed(std::shared_ptr<const EventRules>(), &rules);
  const StreamClock clock(rules.rate_hz, {});
  KeptEnds sink;
  std::atomic<std::uint64_t> numbered{0};
  EventDetector detector(borrowed, "", "", clock, sink, numbered);
  std::vector<float> scores(rules.labels.size());
  std::size_t first = 0;
  for (const HeardRecording::Window& window : recording.windows) {
    const auto own = std::span(recording.scores).subspan(first, window.scores_end - first);
    for (const HeardRecording::Score& score : own) scores[score.label] = score.score;
    detector.hear({.start_sample = window.start_sample,
                   .end_sample = window.end_sample,
                   .scores = window.gated ? std::span<const float>() : scores,
                   .samples = {},
                   .onset_samples = window.onset_samples});
    for (const HeardRecording::Score& score : own) scores[score.label] = 0.0F;
    first = window.scores_end;
  }
  detector.end_all();
  return std::move(sink.ends);
}

}  // namespace earshot
