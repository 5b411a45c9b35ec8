#include "train/learning/MeasuredStatistics.h"

#include <algorithm>
#include <span>
#include <vector>

#include "dsp/base/Draw.h"
#include "dsp/base/KeyedRandom.h"
#include "train/samples/SampleMaker.h"

namespace earshot {

void measure_statistics(Network& network, const FeatureSet& clips, std::uint64_t seed, std::size_t batch) {
  const std::vector<std::size_t> order =
      shuffled_indices(clips.size(), KeyedRandom(epoch_key(seed, 0, EpochPart::statistics)));
  const std::size_t n = std::min(order.size(), kMostMeasuredClips);
  const std::size_t batches = (n + batch - 1) / batch;
  std::vector<float> images;
  std::vector<float> room;
  network.measure_statistics(batches, [&](std::size_t b) {
    images.clear();
    for (std::size_t i = n * b / batches; i < n * (b + 1) / batches; ++i) {
      const auto image = clips.image(order[i], room);
      images.insert(images.end(), image.begin(), image.end());
    }
    return std::span<const float>(images);
  });
}

}  // namespace earshot
