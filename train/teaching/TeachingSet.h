// TeachingSet: the windows that a base's taught rows are fitted to, and what each of them is to each row.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "train/teaching/Base.h"
#include "train/teaching/HeadFit.h"
#include "train/teaching/TaughtLabels.h"
#include "train/teaching/WindowEmbeddings.h"

namespace earshot {

/// What a window's loss weighs against 1/2 |v - v0|^2. Of 0.003 (that of the first prototype), 0.01 and 0.03 the last
/// gives ESC-10's inner folds the least loss, for each of the five outer folds, whose own clips had no say.
inline constexpr double kTeachingStrength = 0.03;
/// What a window of a clip counts for at each of kTaughtGainsDb: near -10 and -20 dB lie others.
inline constexpr std::array kGainWeights{1.0F, 0.5F, 0.5F, 1.0F};
/// What one of the bank counts for: each stands for much that a microphone hears in a year.
inline constexpr float kBankWeight = 3.0F;
/// What one of a recording in _not_ counts for, over its gain's weight, if there are clips of the label to hold against
/// it: somebody was wrongly called.
inline constexpr float kRejectedWeight = 10.0F;

struct TeachingSet {
  std::size_t width = 0;
  std::size_t rows = 0;
  std::vector<float> embeddings;     ///< n x width
  std::vector<Stand> stands;         ///< n x rows
  std::vector<std::size_t> sources;  ///< n: whatever the caller numbers recordings by
  std::vector<float> weights;        ///< n

  std::size_t size() const noexcept { return sources.size(); }
  void add(std::span<const float> embedding, std::span<const Stand> stand, std::size_t source, float weight);
  std::span<const float> embedding(std::size_t window) const {
    return std::span(embeddings).subspan(window * width, width);
  }
};

/// All rows of a model whose last layer is dense and called `head`.
HeadRows all_rows(const Model& model, const std::string& head);

/// The rows that `taught` names as they are in the base; of new labels zeros, and the bias of a sound that is rare.
HeadRows starting_rows(const Base& base, const TaughtLabels& taught);

using Takes = std::function<bool(std::size_t source)>;

/// For each of `takes`: fits the rows, held near `start`, to the windows of those sources that it accepts;
/// searches from `guess`.
std::vector<HeadRows> fit_rows(const TeachingSet& set, const HeadRows& start, const HeadRows& guess,
                               unsigned threads, std::span<const Takes> takes);

/// The base with these rows: labels that are not taught keep theirs, so that they answer as before, to the bit. The
/// last layer is stored in 16 bits if the base's is; its rows are then rounded. Thresholds are left to the caller.
Model with_rows(const Base& base, const TaughtLabels& taught, const HeadRows& rows);

}  // namespace earshot
