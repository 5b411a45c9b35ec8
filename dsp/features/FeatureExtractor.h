// FeatureExtractor: recipe -> features. Live windows and whole clips run the same code.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "dsp/features/FeatureRecipe.h"

namespace earshot {

/// Turns samples at the recipe's rate into a feature tensor. Not thread safe: one instance a thread.
class FeatureExtractor {
 public:
  /// Throws Error(bad_data) for a recipe that `validate` refuses. Allocates everything a window of
  /// `recipe.window_samples` needs.
  explicit FeatureExtractor(const FeatureRecipe& recipe);
  ~FeatureExtractor();
  FeatureExtractor(FeatureExtractor&&) noexcept;
  FeatureExtractor& operator=(FeatureExtractor&&) noexcept;

  const FeatureRecipe& recipe() const noexcept;

  /// One clip of any length, as recipe().clip says -> `out` of recipe().shape().size() values, height x width
  /// x channels. An empty one counts as silence, and is all zero where it is taken whole. Allocates when the
  /// clip is longer than any before.
  void extract_clip(std::span<const float> samples, std::span<float> out);

  /// real-time: the window of recipe().window_samples samples that begins at `start_sample` of a timeline ->
  /// `out`. Bit-identical to extract_clip of the same samples. Frames that lie wholly inside this window and
  /// the one before are not transformed again; the caller promises that equal positions hold equal samples,
  /// until reset().
  void extract_window(std::span<const float> window, std::uint64_t start_sample,
                      std::span<float> out) noexcept;

  /// Forgets the previous window: after a gap, or before another timeline.
  void reset() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace earshot
