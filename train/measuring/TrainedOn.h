// TrainedOn: whether a model is measured on clips that it was trained on.
#pragma once

#include <string>

#include "nn/model/Model.h"
#include "train/data/ClipChoice.h"
#include "train/data/DataSet.h"

namespace earshot {

/// What to say if the model was trained on clips of this data set, by what it tells of itself, and the fold
/// or list chosen is not what was kept from it; empty if there is nothing to say.
std::string trained_on_warning(const Model& model, const DataSet& data, const ClipChoice& choice);

}  // namespace earshot
