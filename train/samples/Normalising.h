// Normalising: a recipe's mean and deviation, taken from the training clips.
#pragma once

#include "dsp/features/FeatureRecipe.h"
#include "train/samples/FeatureSet.h"

namespace earshot {

/// `train` and `validation` were loaded with `recipe`, whose mean is 0 and deviation 1. Gives the recipe the
/// mean and deviation of all values of `train`, and both sets the bits that they would have been loaded with.
void fit_normalising(FeatureRecipe& recipe, FeatureSet& train, FeatureSet& validation);

}  // namespace earshot
