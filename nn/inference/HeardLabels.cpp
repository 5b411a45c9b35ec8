#include "nn/inference/HeardLabels.h"

#include <algorithm>

namespace earshot {
namespace {

constexpr float kThreshold = 0.5F;

}  // namespace

std::vector<float> heard_thresholds(const Model& model) {
  std::vector<float> thresholds = model.meanings.thresholds;
  thresholds.resize(model.labels.size(), kThreshold);
  return thresholds;
}

bool hears_highest_only(const Model& model) {
  return model.meanings.thresholds.empty() && model.architecture.scores == Scores::softmax;
}

HeardLabels::HeardLabels(const Model& model)
    : thresholds_(heard_thresholds(model)),
      ancestors_(ancestors_of(model.meanings, model.labels)),
      highest_only_(hears_highest_only(model)) {}

std::size_t HeardLabels::find(std::span<const float> scores, std::span<std::size_t> heard) const noexcept {
  std::size_t count = 0;
  for (std::size_t i = 0; i < thresholds_.size(); ++i) {
    if (scores[i] >= thresholds_[i]) heard[count++] = i;
  }
  const auto surer = [&](std::size_t a, std::size_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  };
  const auto begin = heard.begin();
  const auto end = [&] { return begin + static_cast<std::ptrdiff_t>(count); };
  if (highest_only_) {
    if (count > 1) *begin = *std::min_element(begin, end(), surer);
    return std::min<std::size_t>(count, 1);
  }
  const auto has_kind_there = [&](std::size_t label) {
    return std::any_of(begin, end(), [&](std::size_t other) {
      return std::binary_search(ancestors_[other].begin(), ancestors_[other].end(), label);
    });
  };
  // Swapped, so that each is judged by all that are at their thresholds.
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t label = begin[static_cast<std::ptrdiff_t>(i)];
    if (has_kind_there(label)) continue;
    std::swap(begin[static_cast<std::ptrdiff_t>(kept++)], begin[static_cast<std::ptrdiff_t>(i)]);
  }
  count = kept;
  std::sort(begin, end(), surer);
  return count;
}

}  // namespace earshot
