#include "nn/inference/Classifier.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "nn/inference/PreparedNetwork.h"

namespace earshot {
namespace {

// softmax(logits / temperature), the largest taken out first so that nothing overflows.
void softmax(std::span<float> scores, double temperature) noexcept {
  const double largest = static_cast<double>(*std::max_element(scores.begin(), scores.end()));
  const auto raised = [&](float logit) { return std::exp((static_cast<double>(logit) - largest) / temperature); };
  double sum = 0.0;
  for (const float logit : scores) sum += raised(logit);
  for (float& score : scores) score = static_cast<float>(raised(score) / sum);
}

void sigmoid(std::span<float> scores, double temperature) noexcept {
  for (float& score : scores) {
    score = static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(score) / temperature)));
  }
}

}  // namespace

std::shared_ptr<const PreparedNetwork> prepare_network(const Model& model) {
  return std::make_shared<const PreparedNetwork>(model);
}

Classifier::Classifier(const Model& model, int threads) : Classifier(prepare_network(model), threads) {}

Classifier::Classifier(std::shared_ptr<const PreparedNetwork> network, int threads)
    : plan_(std::move(network), threads) {}

bool Classifier::classify(std::span<const float> features, std::span<float> scores) noexcept {
  if (!plan_.run(features, scores)) return false;
  const PreparedNetwork& network = plan_.network();
  for (std::size_t first = 0; first < scores.size(); first += network.classes()) {
    const std::span<float> window = scores.subspan(first, network.classes());
    network.scores() == Scores::sigmoid ? sigmoid(window, network.temperature())
                                        : softmax(window, network.temperature());
  }
  return true;
}

}  // namespace earshot
