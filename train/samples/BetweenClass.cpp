#include "train/samples/BetweenClass.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace earshot {

std::vector<float> mix_between_classes(std::span<const float> a, std::span<const float> b, double share,
                                       std::size_t offset, AWeighting& weighting) {
  const double louder = std::pow(10.0, (weighting.loudest_db(a) - weighting.loudest_db(b)) / 20.0);
  // The paper's t, times r / r: no division by 0 at its ends.
  const double t = share + louder * (1.0 - share) > 0.0 ? share / (share + louder * (1.0 - share)) : 0.0;
  const double norm = std::sqrt(t * t + (1.0 - t) * (1.0 - t));
  std::vector<float> mixture(std::max(a.size(), b.size()));
  const auto add = [&](std::span<const float> sound, double factor) {
    const std::size_t at = sound.size() == mixture.size() ? 0 : offset;
    assert(at + sound.size() <= mixture.size());
    for (std::size_t i = 0; i < sound.size(); ++i) {
      mixture[at + i] += static_cast<float>(factor) * sound[i];
    }
  };
  add(a, t / norm);
  add(b, (1.0 - t) / norm);
  return mixture;
}

}  // namespace earshot
