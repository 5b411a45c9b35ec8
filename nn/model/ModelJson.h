// ModelJson: the parts of a model file that are not tensors, as JSON texts.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dsp/features/FeatureRecipe.h"
#include "nn/model/Architecture.h"
#include "nn/model/LabelMeanings.h"

namespace earshot {

/// What each parse_ function throws is Error(bad_data) naming the field. A field that is missing, unknown or
/// of another type is refused: it could change what the numbers mean. (Fields of a recipe that
/// came later may be missing.) Values are not judged here; numbers are
/// written with as many digits as it takes to read them back.
std::string format_recipe(const FeatureRecipe& recipe);
FeatureRecipe parse_recipe(std::string_view text);

std::string format_architecture(const Architecture& architecture);
Architecture parse_architecture(std::string_view text);

std::string format_labels(const std::vector<std::string>& labels);
std::vector<std::string> parse_labels(std::string_view text);

struct Calibration {
  float temperature = 1.0F;
};
std::string format_calibration(const Calibration& calibration);
Calibration parse_calibration(std::string_view text);

/// {"thresholds": [0.5, ...], "measured": [label, ...], "ambience": [label, ...], "parents": [[label, parent], ...]}
std::string format_meanings(const LabelMeanings& meanings);
LabelMeanings parse_meanings(std::string_view text);

std::string format_provenance(const std::map<std::string, std::string>& provenance);
std::map<std::string, std::string> parse_provenance(std::string_view text);

}  // namespace earshot
