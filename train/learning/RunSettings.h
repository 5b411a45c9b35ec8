// RunSettings: what must be equal for a run to go on: the configuration, the clips and how they sound.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "train/data/DataSet.h"
#include "train/learning/TrainConfig.h"
#include "train/learning/TrainingState.h"
#include "train/samples/FeatureSet.h"

namespace earshot {

/// settings_of(config), and of the data: labels, which clips train and validate, what each sounds like, and
/// the bytes of the sounds that are mixed in as background. Throws Error for one that cannot be read.
std::map<std::string, std::string> run_settings(const TrainConfig& config, const DataSet& data,
                                                const FeatureSet& train, const FeatureSet& validation);

/// Throws Error(config) that names the first setting in which a run whose `state` is read from `path` began
/// otherwise, and within it the layer and the key. Without a schedule that depends on their number, a run may
/// go on for more epochs.
void refuse_other_settings(const std::map<std::string, std::string>& now, const TrainingState& state,
                           const TrainConfig& config, const std::filesystem::path& path);

}  // namespace earshot
