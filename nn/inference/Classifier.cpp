#include "nn/inference/Classifier.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "dsp/base/Error.h"
#include "nn/inference/InferencePlan.h"
#include "nn/inference/PreparedNetwork.h"
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
  Impl(std::shared_ptr<const PreparedNetwork> shared, int thread_count)
      : threads(thread_count), network(std::move(shared)), plan(*network, thread_count) {}

  int threads;
  std::shared_ptr<const PreparedNetwork> network;
  InferencePlan plan;
};

std::shared_ptr<const PreparedNetwork> prepare_network(const Model& model) {
  return std::make_shared<const PreparedNetwork>(model);
}

Classifier::Classifier(const Model& model, int threads) : Classifier(prepare_network(model), threads) {}

Classifier::Classifier(std::shared_ptr<const PreparedNetwork> network, int threads) {
  if (threads < 1) {
    throw Error(ExitCode::software,
                "classifier: threads is " + std::to_string(threads) + ", expected 1 or more");
  }
  onednn::use_threads(threads);
  try {
    impl_ = std::make_unique<Impl>(std::move(network), threads);
    // Once for nothing: what oneDNN sets up late it sets up now, and a kernel that cannot run says so here.
    const std::vector<float> silence(impl_->network->input().size(), 0.0F);
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
  const PreparedNetwork& network = *impl_->network;
  if (features.size() != network.input().size() || scores.size() != network.classes()) return false;
  onednn::use_threads(impl_->threads);
  const float* logits = impl_->plan.run(features.data());
  if (logits == nullptr) return false;
  const std::span<const float> own(logits, network.classes());
  network.scores() == Scores::sigmoid ? sigmoid(own, network.temperature(), scores)
                                      : softmax(own, network.temperature(), scores);
  return true;
}

}  // namespace earshot
