// MelSpectrogram: the level of every mel band in every frame, kept from one window to the next.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dsp/features/FeatureRecipe.h"
#include "dsp/features/MelFilterbank.h"
#include "dsp/spectrum/Lanes.h"
#include "dsp/spectrum/Stft.h"

namespace earshot {

/// Samples -> frames of levels, in the unit of the recipe's rule. Not thread safe.
class MelSpectrogram {
 public:
  /// `recipe` is valid. Reserves no frames yet.
  explicit MelSpectrogram(const FeatureRecipe& recipe);

  /// Makes room for the frames of `samples` samples; forgets all frames if it had less.
  void reserve(std::size_t samples);

  /// real-time: if room was reserved, else it reserves. Computes every frame of `samples`, which begin at
  /// `start_sample` of a timeline, except those that it still has: frames that lay wholly inside the samples
  /// before and lie wholly inside these.
  void update(std::span<const float> samples, std::uint64_t start_sample);

  /// Forgets all frames; the next update computes every one.
  void reset() noexcept;

  /// Of the last update: how many frames there are, and how many of them it had to compute.
  std::size_t frames() const noexcept { return frames_; }
  std::size_t computed_frames() const noexcept { return computed_frames_; }

  /// Levels of one frame, mel_bands values; valid until the next update.
  std::span<const float> frame(std::size_t index) const noexcept;

  /// Over all frames and bands.
  float lowest() const noexcept;
  float loudest() const noexcept;

 private:
  std::size_t slot_of(std::size_t index) const noexcept;
  void queue_frame(std::span<const float> samples, std::size_t index) noexcept;
  void compute_batch() noexcept;

  FeatureRecipe recipe_;
  std::size_t frame_samples_;
  std::size_t hop_samples_;
  std::size_t lead_samples_;  // from a frame's first sample to the multiple of the hop that it belongs to
  std::size_t bands_;
  Stft stft_;
  MelFilterbank filterbank_;

  // Frame `index` of the last update is frame `first_ + index` of the timeline and lives in that slot modulo
  // slots().
  std::vector<float> levels_;  // slots x bands
  std::vector<float> slot_lowest_;
  std::vector<float> slot_loudest_;
  std::uint64_t first_ = 0;
  std::uint64_t phase_ = 0;        // of the start within a hop
  std::uint64_t whole_begin_ = 0;  // frames of the timeline that lie wholly inside the samples: [begin, end)
  std::uint64_t whole_end_ = 0;
  std::size_t frames_ = 0;
  std::size_t computed_frames_ = 0;

  // The batch being filled.
  std::size_t queued_ = 0;
  std::array<const float*, kLanes> queued_samples_{};
  std::array<std::size_t, kLanes> queued_slots_{};
  std::vector<float> padded_;        // kLanes x frame_samples, for frames over an edge
  std::vector<float> spectrum_;      // bins x kLanes
  std::vector<float> mel_;           // bands x kLanes
  std::vector<float> batch_levels_;  // bands x kLanes
};

}  // namespace earshot
