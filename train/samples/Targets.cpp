#include "train/samples/Targets.h"

#include <algorithm>

#include "train/data/DataSet.h"

namespace earshot {

void fill_target(const FeatureSet& clips, std::size_t clip, Scores scores, std::span<float> target) {
  const bool shared = scores == Scores::softmax;
  if (clips.labels[clip] == kBackground) {
    std::ranges::fill(target, shared ? 1.0F / static_cast<float>(target.size()) : 0.0F);
    return;
  }
  std::ranges::fill(target, 0.0F);
  const std::span<const int> also = clips.also.empty() ? std::span<const int>() : clips.also[clip];
  const float share = shared ? 1.0F / static_cast<float>(1 + also.size()) : 1.0F;
  target[static_cast<std::size_t>(clips.labels[clip])] = share;
  for (const int label : also) target[static_cast<std::size_t>(label)] = share;
}

}  // namespace earshot
