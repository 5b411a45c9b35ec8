// MeaningsToml: what labels mean, from a TOML file such as config/audioset-labels.toml.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "nn/model/LabelMeanings.h"

namespace earshot {

/// `threshold` for all and [thresholds] label = score: guesses; ambience = [label, ...]; [kinds] label = [its kinds].
/// Throws Error(no_input), Error(config) naming file, line and key: a label that is not one of `labels` (with the
/// nearest), kinds in a circle.
LabelMeanings load_meanings(const std::filesystem::path& path, const std::vector<std::string>& labels);

}  // namespace earshot
