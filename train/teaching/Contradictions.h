// Contradictions: one sound that is said to be a label and not to be it.
#pragma once

#include <string>
#include <vector>

#include "train/data/DataSet.h"
#include "train/teaching/TaughtLabels.h"

namespace earshot {

/// Files are compared by their bytes. Throws Error(bad_data) naming both if one is a clip of a label, or of a
/// kind of it, and lies in the label's folder of _not_ as well. Returns a line for each sound that two
/// classes have, whose labels are no kinds of one another: each is then taught as not being the other.
std::vector<std::string> find_contradictions(const DataSet& data, const TaughtLabels& taught);

}  // namespace earshot
