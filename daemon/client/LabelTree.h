// LabelTree: what a model can hear, as `earshot labels` shows it.
#pragma once

#include <string>
#include <string_view>

#include "nn/model/Model.h"

namespace earshot {

/// A line a label with its threshold, kinds below what they are kinds of. A kind of several stands below each, its own
/// kinds below the first.
std::string label_tree(const Model& model);

/// The labels that hold `word`, whatever its case, each with what it is a kind of; empty if there is none.
std::string labels_with(const Model& model, std::string_view word);

}  // namespace earshot
