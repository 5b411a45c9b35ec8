#include "daemon/hearing/Ear.h"

#include <cmath>
#include <utility>

namespace earshot {

Ear::Ear(const EarSettings& settings, std::shared_ptr<const Hearing> hearing, const std::string& source,
         const std::string& instance, const StreamClock& clock, EventSink& sink,
         std::atomic<std::uint64_t>& numbered)
    : hearing_(std::move(hearing)),
      gain_(static_cast<float>(std::pow(10.0, settings.gain_db / 20.0))),
      gate_dbfs_(settings.gate_dbfs),
      extractor_(hearing_->model->recipe),
      heard_labels_(*hearing_->model),
      features_(hearing_->model->recipe.shape().size()),
      scores_(hearing_->model->labels.size()) {
  if (hearing_->events) events_.emplace(hearing_->events, source, instance, clock, sink, numbered);
}

ClassifierPool::Result Ear::classify(const Window& window, const ClassifierPool::Turn& turn) noexcept {
  extractor_.extract_window(window.samples, window.start_sample, features_);
  return hearing_->classifiers->classify(features_, scores_, turn);
}

void Ear::describe(Prediction& prediction) {
  prediction.labels = {hearing_->model, &hearing_->model->labels};
  prediction.scores = scores_;
  prediction.heard.resize(scores_.size());
  prediction.heard.resize(heard_labels_.find(prediction.scores, prediction.heard));
}

void Ear::hear(EventWindow window, bool gated) noexcept {
  if (!events_) return;
  if (!gated) window.scores = scores_;
  events_->hear(window);
}

void Ear::end_events() noexcept {
  if (events_) events_->end_all();
}

}  // namespace earshot
