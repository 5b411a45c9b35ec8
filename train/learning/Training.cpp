#include "train/learning/Training.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "dsp/base/Draw.h"
#include "dsp/base/Error.h"
#include "dsp/base/KeyedRandom.h"
#include "train/data/DataSet.h"
#include "train/learning/LearningRate.h"
#include "train/learning/Loss.h"
#include "train/learning/MeasuredStatistics.h"
#include "train/learning/NotFinite.h"
#include "train/learning/WeightAverage.h"
#include "train/measuring/Metrics.h"

namespace earshot {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Training::Training(const TrainConfig& config, int classes, const Start& start, const FeatureSet& train,
                   const FeatureSet& validation, int threads)
    : config_(config),
      train_(train),
      validation_(validation),
      classes_(static_cast<std::size_t>(classes)),
      network_(start.architecture, start.weights, threads, start.frozen_layers, config.precision),
      optimizer_(network_.parameters(), config.optimization.optimizer),
      source_(config.samples, config.augmentation, config.recipe, train, classes,
              network_.architecture().scores),
      loader_({train.shape.size(), classes_, static_cast<unsigned>(threads)}, [this] {
        auto maker = std::make_shared<SampleMaker>(source_);
        return [maker](const BatchLoader::Sample& sample, std::span<float> image, std::span<float> target) {
          maker->make(sample.clip, sample.key, image, target);
        };
      }) {
  if (config.class_weights) class_weights_ = balanced_class_weights(clips_of_labels(train, classes_));
  state_.learning_rate = config.learning_rate;
}

void Training::set_state(TrainingState state) {
  network_.set_weights(state.weights);
  optimizer_.set_state(std::move(state.optimizer));
  state_ = std::move(state);
  state_.weights.clear();
  loading_.reset();
}

TrainingState Training::state() const {
  TrainingState state = state_;
  state.weights = network_.weights();
  state.optimizer = optimizer_.state();
  return state;
}

bool Training::finished() const noexcept {
  return state_.stopped_early || state_.history.size() >= static_cast<std::size_t>(config_.epochs);
}

Weights Training::weights_to_keep() const {
  return state_.kept.empty() ? weights() : state_.kept;
}

int Training::epoch_to_keep() const noexcept {
  return state_.kept.empty() ? static_cast<int>(state_.history.size()) : state_.early_stopping.best_epoch + 1;
}

Training::Outcome Training::run_epoch(const std::function<bool()>& stop, TrainingProgress& progress) {
  const std::size_t epoch = state_.history.size();
  const auto batch = static_cast<std::size_t>(config_.batch);
  const std::size_t epoch_steps = (train_.size() + batch - 1) / batch;
  TrainingState::Progress& done = state_.progress;
  progress.epoch_started(static_cast<int>(epoch) + 1, done.clips);
  if (loading_ != epoch) load_from(epoch, done.clips);
  double learning_rate = state_.learning_rate;
  while (done.clips < train_.size()) {
    if (stop()) return Outcome::interrupted;
    const auto start = std::chrono::steady_clock::now();
    learning_rate = learning_rate_at(config_.optimization.plan, state_.learning_rate,
                                     epoch * epoch_steps + done.clips / batch,
                                     static_cast<std::size_t>(config_.epochs) * epoch_steps, epoch_steps);
    train_batch(loader_.next(), learning_rate);
    done.seconds += seconds_since(start);
    const auto clips = static_cast<double>(done.clips);
    progress.step_done(done.clips, done.loss_sum / clips, ratio(done.correct, done.judged));
  }
  return end_epoch(learning_rate, progress);
}

void Training::load_from(std::size_t epoch, std::size_t clip) {
  const std::vector<std::size_t> order =
      shuffled_indices(train_.size(), KeyedRandom(epoch_key(config_.seed, epoch, EpochPart::order)));
  std::vector<BatchLoader::Sample> samples;
  for (const std::size_t i : std::span(order).subspan(clip)) {
    const std::uint64_t key = sample_key(config_.seed, epoch, train_.clips[i]);
    samples.push_back({i, train_.starts.empty() ? key : derive_key(key, train_.starts[i])});
  }
  loader_.start(std::move(samples), static_cast<std::size_t>(config_.batch));
  loading_ = epoch;
}

void Training::train_batch(const Batch& batch, double learning_rate) {
  keys_.clear();
  for (const std::uint64_t key : batch.keys) keys_.push_back(derive_key(key, ClipPart::dropout));
  logits_.resize(batch.targets.size());
  gradients_.resize(logits_.size());
  network_.forward(batch.images, keys_, logits_);
  const BatchLoss step = loss_of(logits_, batch.targets, class_weights_, gradients_);
  const double loss = step.mean + network_.l2_penalty();
  const auto refuse = [&](const std::string& what) {
    const std::size_t number = state_.progress.clips / static_cast<std::size_t>(config_.batch) + 1;
    refuse_not_finite(fmt::format("epoch {}, step {}", state_.history.size() + 1, number), what,
                      learning_rate);
  };
  if (!std::isfinite(loss)) {
    refuse(fmt::format("a loss of {} and {}", loss, largest_value(network_.tensors())));
  }
  network_.backward(gradients_);
  if (const auto tensor = not_finite_gradient(network_.parameters())) {
    refuse("a gradient of " + *tensor + " that is not finite");
  }
  optimizer_.step(learning_rate);
  if (const auto tensor = not_finite_value(network_.tensors())) {
    refuse("values of " + *tensor + " that are not finite");
  }
  if (const double decay = config_.optimization.ema_decay; decay > 0.0) {
    WeightAverage(decay).update(network_.weights(), optimizer_.state().steps - 1, state_.average);
  }
  TrainingState::Progress& done = state_.progress;
  done.clips += batch.size;
  done.loss_sum += loss * static_cast<double>(batch.size);
  done.judged += step.judged;
  done.correct += step.correct;
}

BatchLoss Training::loss_of(std::span<const float> logits, std::span<const float> targets,
                            std::span<const float> class_weights, std::span<float> gradients) const noexcept {
  const LossSettings settings{class_weights, config_.label_smoothing};
  return source_.scores == Scores::sigmoid
             ? sigmoid_cross_entropy(logits, targets, classes_, settings, gradients)
             : softmax_cross_entropy(logits, targets, classes_, settings, gradients);
}

void Training::refuse_not_finite(const std::string& place, const std::string& what,
                                 double learning_rate) const {
  throw Error(ExitCode::config,
              fmt::format("{}: {}: found {}, expected finite numbers: lower train.learning_rate, {:.6g} "
                          "there, or set train.clip_norm",
                          config_.name, place, what, learning_rate));
}

void Training::with_weights_to_judge(const std::function<void()>& work) {
  if (state_.average.empty()) return work();
  const Weights trained = network_.weights();
  network_.set_weights(state_.average);
  work();
  state_.average = network_.weights();
  network_.set_weights(trained);
}

bool Training::measures_statistics() const noexcept {
  return config_.batch_norm_statistics == TrainConfig::BatchNormStatistics::measured;
}

bool Training::epochs_are_judged() const noexcept {
  return validation_.size() > 0 || config_.early_stopping || config_.checkpoint;
}

// They take the running ones' place, which steps go on to blend: no step reads them, and measuring asks for
// the weights alone, so that a run goes on from them as from any others.
void Training::measure(std::size_t epoch, double learning_rate) {
  measure_statistics(network_, train_, config_.seed, static_cast<std::size_t>(config_.batch));
  if (const auto tensor = not_finite_value(network_.tensors())) {
    refuse_not_finite(fmt::format("epoch {}, its end", epoch),
                      "values of " + *tensor + " that are not finite", learning_rate);
  }
}

void Training::finish() {
  if (!measures_statistics() || epochs_are_judged()) return;
  with_weights_to_judge([&] { measure(state_.history.size(), last_epoch().learning_rate); });
}

std::span<const float> Training::validation_images(std::size_t first, std::size_t n) {
  const std::size_t size = validation_.shape.size();
  if (!validation_.streamed) return std::span(validation_.images).subspan(first * size, n * size);
  images_.clear();
  for (std::size_t i = first; i < first + n; ++i) {
    const auto image = validation_.image(i, image_);
    images_.insert(images_.end(), image.begin(), image.end());
  }
  return images_;
}

void Training::validate(EpochRecord& record) {
  const auto batch = static_cast<std::size_t>(config_.batch);
  double sum = 0.0;
  std::size_t judged = 0;
  std::size_t correct = 0;
  for (std::size_t first = 0; first < validation_.size(); first += batch) {
    const std::size_t n = std::min(batch, validation_.size() - first);
    logits_.resize(n * classes_);
    network_.infer(validation_images(first, n), n, logits_);
    targets_.resize(n * classes_);
    for (std::size_t i = 0; i < n; ++i) {
      fill_target(validation_, first + i, source_.scores,
                  std::span(targets_).subspan(i * classes_, classes_));
    }
    const BatchLoss part = loss_of(logits_, targets_, {}, {});
    sum += part.mean * static_cast<double>(n);
    judged += part.judged;
    correct += part.correct;
  }
  const auto clips = static_cast<double>(validation_.size());
  record.val_loss = sum / clips + network_.l2_penalty();
  record.val_accuracy = ratio(correct, judged);
}

Training::Outcome Training::end_epoch(double learning_rate, TrainingProgress& progress) {
  const auto start = std::chrono::steady_clock::now();
  const auto clips = static_cast<double>(train_.size());
  const int epoch = static_cast<int>(state_.history.size());
  EpochRecord record;
  record.epoch = epoch + 1;
  record.loss = state_.progress.loss_sum / clips;
  record.accuracy = ratio(state_.progress.correct, state_.progress.judged);
  record.learning_rate = learning_rate;
  if (validation_.size() > 0) progress.validating();
  if (epoch + 1 < config_.epochs)
    load_from(static_cast<std::size_t>(epoch) + 1, 0);  // its workers begin while this validates
  with_weights_to_judge([&] {
    if (measures_statistics() && epochs_are_judged()) measure(state_.history.size() + 1, learning_rate);
    if (validation_.size() > 0) validate(record);
  });
  record.seconds = state_.progress.seconds + seconds_since(start);

  const auto figure = [&](TrainConfig::Monitor monitor) {
    return monitor == TrainConfig::Monitor::loss ? record.loss : record.val_loss.value();
  };
  if (config_.plateau) {
    ReduceLrOnPlateau plateau(config_.plateau->settings, state_.plateau);
    state_.learning_rate = plateau.epoch_ended(figure(config_.plateau->monitor), state_.learning_rate);
    state_.plateau = plateau.state();
  }
  if (config_.early_stopping) {
    EarlyStopping stopping(config_.early_stopping->settings, state_.early_stopping);
    const auto verdict = stopping.epoch_ended(epoch, figure(config_.early_stopping->monitor));
    state_.early_stopping = stopping.state();
    state_.stopped_early = verdict.stop;
    if (verdict.keep_weights) state_.kept = weights();
  }
  const bool best = config_.checkpoint && state_.checkpoint.epoch_ended(figure(*config_.checkpoint));
  state_.history.push_back(record);
  state_.progress = {};
  progress.epoch_done(record);
  return best ? Outcome::done_best : Outcome::done;
}

}  // namespace earshot
