#include "nn/inference/Classifier.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dsp/base/Error.h"
#include "nn/inference/InferencePlan.h"
#include "nn/inference/PreparedNetwork.h"
#include "nn/inference/SeparablePlan.h"
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
      : threads(thread_count), network(std::move(shared)) {
    if (const SeparableNetwork* separable = network->separable()) {
      own.emplace(*separable);
    } else {
      onednn::use_threads(threads);
      chain.emplace(*network, threads);
    }
  }

  std::size_t most_windows() const noexcept { return own ? SeparablePlan::kMostPatches : 1; }

  // Logits of at most most_windows(), or null.
  const float* run(const float* features, std::size_t windows) noexcept {
    if (own) return own->run(features, windows);
    onednn::use_threads(threads);
    return chain->run(features);
  }
  std::size_t logits_stride() const noexcept { return own ? own->logits_stride() : network->classes(); }

  int threads;
  std::shared_ptr<const PreparedNetwork> network;
  std::optional<SeparablePlan> own;  // one of the two
  std::optional<InferencePlan> chain;
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
  try {
    impl_ = std::make_unique<Impl>(std::move(network), threads);
    // Once for nothing: what oneDNN sets up late it sets up now, and a kernel that cannot run says so here.
    const std::vector<float> silence(impl_->network->input().size(), 0.0F);
    if (!impl_->run(silence.data(), 1))
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
  const std::size_t values = network.input().size();
  const std::size_t classes = network.classes();
  const std::size_t windows = features.size() / values;
  if (windows == 0 || features.size() != windows * values || scores.size() != windows * classes) return false;
  for (std::size_t first = 0; first < windows; first += impl_->most_windows()) {
    const std::size_t count = std::min(impl_->most_windows(), windows - first);
    const float* logits = impl_->run(features.data() + first * values, count);
    if (logits == nullptr) return false;
    for (std::size_t i = 0; i < count; ++i) {
      const std::span<const float> own(logits + i * impl_->logits_stride(), classes);
      const std::span<float> to = scores.subspan((first + i) * classes, classes);
      network.scores() == Scores::sigmoid ? sigmoid(own, network.temperature(), to)
                                          : softmax(own, network.temperature(), to);
    }
  }
  return true;
}

}  // namespace earshot
