// LabelMeanings: what a model knows of its labels beyond their names: from which score on each is there, which are no
// more than a place's ambience, and which are kinds of which.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace earshot {

/// Labels by their index. All empty: nothing is known.
struct LabelMeanings {
  std::vector<float> thresholds;                             ///< one a label, or none
  std::vector<std::size_t> measured;                         ///< whose threshold clips gave; others' are guessed
  std::vector<std::size_t> ambience;                         ///< no events unless asked for by name
  std::vector<std::pair<std::size_t, std::size_t>> parents;  ///< a label, and one of what it is a kind of
  bool operator==(const LabelMeanings&) const = default;

  /// These labels' thresholds are measured now, too; `measured` is then ascending.
  void add_measured(const std::vector<std::size_t>& labels);
  bool empty() const noexcept { return *this == LabelMeanings(); }
};

/// Throws Error(bad_data) naming the label: an index beyond the labels, a threshold that is not in 0 .. 1, a label that
/// is a kind of itself, be it by way of others, or of more than 64.
void validate(const LabelMeanings& meanings, const std::vector<std::string>& labels);

/// Of each label all that it is a kind of, its parents' parents, too, ascending. Indices must be the labels'; throws
/// as validate does.
std::vector<std::vector<std::size_t>> ancestors_of(const LabelMeanings& meanings,
                                                   const std::vector<std::string>& labels);

}  // namespace earshot
