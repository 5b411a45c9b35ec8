#include "train/Normalising.h"

#include <cassert>
#include <cmath>

#include "dsp/Decibel.h"

namespace earshot {

void fit_normalising(FeatureRecipe& recipe, FeatureSet& train, FeatureSet& validation) {
  assert(recipe.mean == 0.0 && recipe.deviation == 1.0);
  if (train.images.empty()) return;
  const auto count = static_cast<double>(train.images.size());
  double sum = 0.0;
  for (const float value : train.images) sum += static_cast<double>(value);
  const double mean = sum / count;
  double squares = 0.0;
  for (const float value : train.images)
    squares += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean);
  const double deviation = std::sqrt(squares / count);
  recipe.mean = mean;
  if (deviation > 1e-6) recipe.deviation = deviation;  // clips that are all alike stay as they are
  for (FeatureSet* set : {&train, &validation}) {
    normalise_levels(set->images, static_cast<float>(recipe.mean), static_cast<float>(recipe.deviation));
  }
}

}  // namespace earshot
