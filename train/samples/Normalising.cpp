#include "train/samples/Normalising.h"

#include <cassert>
#include <cmath>
#include <vector>

#include "dsp/spectrum/Decibel.h"

namespace earshot {

void fit_normalising(FeatureRecipe& recipe, FeatureSet& train, FeatureSet& validation) {
  assert(recipe.mean == 0.0 && recipe.deviation == 1.0);
  if (train.size() == 0) return;
  const double count = static_cast<double>(train.size()) * static_cast<double>(train.shape.size());
  std::vector<float> room;
  double sum = 0.0;
  for (std::size_t i = 0; i < train.size(); ++i) {
    for (const float value : train.image(i, room)) sum += static_cast<double>(value);
  }
  const double mean = sum / count;
  double squares = 0.0;
  for (std::size_t i = 0; i < train.size(); ++i) {
    for (const float value : train.image(i, room))
      squares += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean);
  }
  const double deviation = std::sqrt(squares / count);
  recipe.mean = mean;
  if (deviation > 1e-6) recipe.deviation = deviation;  // clips that are all alike stay as they are
  for (FeatureSet* set : {&train, &validation}) {
    set->streamed_mean = recipe.mean;
    set->streamed_deviation = recipe.deviation;
    normalise_levels(set->images, static_cast<float>(recipe.mean), static_cast<float>(recipe.deviation));
  }
}

}  // namespace earshot
