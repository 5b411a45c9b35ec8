// HeadFit: logistic regression of several labels at once over embeddings, each row held near where it starts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "train/teaching/HeadRows.h"

namespace earshot {

/// What an embedding is to a row.
enum class Stand : std::int8_t { negative = 0, positive = 1, aside = -1 };

/// The embeddings heads are fitted to; they outlive the fit.
struct HeadSamples {
  std::span<const float> embeddings;  ///< n x width
  std::span<const Stand> stands;      ///< n x rows
};

/// Mean and deviation of each of an embedding's numbers.
struct EmbeddingScale {
  std::vector<double> mean;
  std::vector<double> deviation;  ///< above 0
};
/// Of the embeddings (n x width) with a weight above 0. None less than a tenth of their median: what hardly
/// ever stirs in these embeddings is held like the rest.
EmbeddingScale embedding_scale(std::span<const float> embeddings, std::span<const float> weights,
                               std::size_t width);

/// One of several heads.
struct HeadTask {
  std::vector<float> weights;  ///< n: what each sample counts for; 0: it is not there
  EmbeddingScale scale;
  HeadRows guess;  ///< where the search begins: the nearer to the least, the sooner the gradient is short
};

/// Of each task and row: the least of  1/2 |v - v0|^2 + strength * sum of w log(1 + exp(-y logit)),  v being
/// the weights over embeddings brought to mean 0 and deviation 1 by the task's scale, v0 those of `start`, y
/// = +-1. The bias is free, but of a row that lacks positives or negatives, which would carry it off: it is
/// held as v is. By L-BFGS (Nocedal 1980; ten corrections). All tasks go side by side, for it is reading the
/// embeddings that takes time. The bits do not depend on `threads`.
std::vector<HeadRows> fit_heads(const HeadSamples& samples, std::span<const HeadTask> tasks,
                                const HeadRows& start, double strength, unsigned threads);

}  // namespace earshot
