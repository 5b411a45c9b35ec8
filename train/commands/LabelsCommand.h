// LabelsCommand: `trainer labels`, a copy of a model without some of its labels, or with others' names
// changed.
#pragma once

#include <filesystem>

#include "train/commands/CommandLine.h"

namespace earshot {

struct LabelsOptions {
  std::filesystem::path model;
  WholeValues remove;  ///< labels
  WholeValues rename;  ///< "X=Y", a label and its new name, cut at the '=' that makes X a label
  std::filesystem::path out;
};

/// The last layer loses the columns of removed labels, all other weights stay: what is left has the scores it
/// had. A removed label's kinds become kinds of what it was a kind of. What was done goes to standard output
/// and into the provenance. Throws Error(usage) for labels that are none and names that cannot be,
/// Error(bad_data) for a network that no label can be taken from; `out` is then as it was.
void run_labels(const LabelsOptions& options);
void add_labels(CommandLine& line);

}  // namespace earshot
