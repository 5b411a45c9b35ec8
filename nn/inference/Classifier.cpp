#include "nn/inference/Classifier.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "dsp/base/Error.h"
#include "nn/inference/FusedLayers.h"
#include "nn/inference/InferencePlan.h"
#include "nn/kernels/Dnnl.h"

namespace earshot {
namespace {

// softmax(logits / temperature), the largest taken out first so that nothing overflows.
void softmax(std::span<const float> logits, double temperature, std::span<float> scores) noexcept {
  const double largest = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double sum = 0.0;
  for (const float logit : logits) sum += std::exp((static_cast<double>(logit) - largest) / temperature);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    scores[i] = static_cast<float>(std::exp((static_cast<double>(logits[i]) - largest) / temperature) / sum);
  }
}

void sigmoid(std::span<const float> logits, double temperature, std::span<float> scores) noexcept {
  for (std::size_t i = 0; i < scores.size(); ++i) {
    scores[i] = static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(logits[i]) / temperature)));
  }
}

}  // namespace

struct Classifier::Impl {
  Impl(const Model& model, int thread_count)
      : threads(thread_count),
        features(model.architecture.input.size()),
        classes(static_cast<std::size_t>(class_count(model.architecture))),
        scores(model.architecture.scores),
        temperature(static_cast<double>(model.temperature)),
        plan(fuse(model.architecture, model.weights), model.architecture.input, thread_count) {}

  int threads;
  std::size_t features;
  std::size_t classes;
  Scores scores;
  double temperature;
  InferencePlan plan;
};

Classifier::Classifier(const Model& model, int threads) {
  if (threads < 1) {
    throw Error(ExitCode::software,
                "classifier: threads is " + std::to_string(threads) + ", expected 1 or more");
  }
  onednn::use_threads(threads);
  try {
    impl_ = std::make_unique<Impl>(model, threads);
    // Once for nothing: what oneDNN sets up late it sets up now, and a kernel that cannot run says so here.
    const std::vector<float> silence(impl_->features, 0.0F);
    if (!impl_->plan.run(silence.data()))
      throw Error(ExitCode::unavailable, "classifier: oneDNN cannot run the network");
  } catch (const dnnl::error& error) {
    throw Error(ExitCode::unavailable,
                std::string("classifier: oneDNN cannot make the network: ") + error.what());
  }
}

Classifier::~Classifier() = default;
Classifier::Classifier(Classifier&&) noexcept = default;
Classifier& Classifier::operator=(Classifier&&) noexcept = default;

bool Classifier::classify(std::span<const float> features, std::span<float> scores) noexcept {
  if (features.size() != impl_->features || scores.size() != impl_->classes) return false;
  onednn::use_threads(impl_->threads);
  const float* logits = impl_->plan.run(features.data());
  if (logits == nullptr) return false;
  const std::span<const float> own(logits, impl_->classes);
  impl_->scores == Scores::sigmoid ? sigmoid(own, impl_->temperature, scores)
                                   : softmax(own, impl_->temperature, scores);
  return true;
}

}  // namespace earshot
