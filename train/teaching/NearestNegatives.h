// NearestNegatives: what of a bank sounds most like a class that a base has no word for.
#pragma once

#include <string>
#include <vector>

#include "train/data/DataSet.h"
#include "train/teaching/NegativeBank.h"
#include "train/teaching/TaughtLabels.h"
#include "train/teaching/WindowEmbeddings.h"

namespace earshot {

/// A line for each new label: the bank's three recordings whose mean embedding is nearest to that of its
/// windows as they are, by the cosine of what is left without the bank's mean. They may be what the class is.
std::vector<std::string> nearest_negatives(const DataSet& data, const TaughtLabels& taught,
                                           const WindowEmbeddings& windows, const NegativeBank& bank);

}  // namespace earshot
