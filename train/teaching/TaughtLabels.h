// TaughtLabels: which label of a base each class of a data set sharpens, or which new label it becomes.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "nn/model/Model.h"
#include "train/data/DataSet.h"
#include "train/teaching/HeadFit.h"

namespace earshot {

/// What a configuration calls a class.
struct MappedLabel {
  std::string label;
  std::string place;  ///< "FILE:LINE: key 'labels.CLASS'", for errors
};

struct TaughtLabels {
  std::vector<std::string> labels;             ///< the base's, then the new ones
  std::size_t base_labels = 0;                 ///< how many of them are the base's
  std::vector<std::size_t> rows;               ///< those that are taught, ascending
  std::vector<std::size_t> of_class;           ///< of each class its label
  std::map<std::string, std::size_t> rejected;  ///< of each folder of _not_ its label
  std::vector<std::string> hints;              ///< a line for each new label that may have been meant otherwise
  std::vector<std::vector<std::size_t>> kinds_of;  ///< of each label all that it is a kind of

  /// What a recording that holds `labels` is to the label `row`: positive to those labels and what they are kinds of;
  /// aside where one of them may be a `row` unsaid, being something that it is a kind of.
  Stand stand(std::span<const std::size_t> held, std::size_t row) const;
  /// Whether a recording that holds `held` is called as the i-th of `rows`, and not just a kind of it.
  bool owns(std::span<const std::size_t> held, std::size_t i) const;
  /// The labels of those names; nothing if one is none.
  std::optional<std::vector<std::size_t>> indices_of(const std::vector<std::string>& names) const;
  /// Those of a clip; none of background.
  std::vector<std::size_t> held_by(const LabelledClip& clip) const;
};

/// `named` maps classes to labels; a class that it does not name has its own name's label. `rejected` are the folders of
/// _not_, called as classes or labels. Throws Error(config) naming a class of `named` that is none of `classes`, or a label
/// that the base lacks, with the nearest one; Error(bad_data) for such a folder of _not_.
TaughtLabels taught_labels(const Model& base, const std::vector<std::string>& classes,
                           const std::map<std::string, MappedLabel>& named,
                           const std::vector<std::string>& rejected);

}  // namespace earshot
