// RecipeToml: the feature recipe of a training configuration: a built-in one by name, or the user's own.
#pragma once

#include "dsp/base/StrictToml.h"
#include "dsp/features/FeatureRecipe.h"

namespace earshot {

struct RecipeSettings {
  FeatureRecipe recipe;
  /// recipe.mean and recipe.deviation are to be those of the training clips.
  bool fit_normalising = false;
};

/// Reads `recipe = "NAME"` and `window_s` of a whole file, or its table [recipe]; v6 if there is none of
/// them. What the table does not say is as in the built-in recipe that its `base` names. Throws Error(config)
/// with file, line and key for an unknown key in it, a wrong type and what problem_of(recipe) finds.
RecipeSettings read_recipe(StrictToml& file);

}  // namespace earshot
