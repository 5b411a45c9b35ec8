// MelSpectrogram: frames in a ring of slots, computed in batches.
#include "dsp/features/MelSpectrogram.h"

#include <algorithm>
#include <cmath>

#include "dsp/spectrum/Decibel.h"

namespace earshot {
namespace {

/// librosa centres an FFT on each multiple of the hop, and a shorter frame inside it.
std::size_t lead_samples(const FeatureRecipe& recipe) {
  if (!recipe.centred) return 0;
  return static_cast<std::size_t>(recipe.fft_samples / 2 - (recipe.fft_samples - recipe.frame()) / 2);
}

void square_roots(std::span<float> values) noexcept {
  for (float& value : values) value = std::sqrt(value);
}

}  // namespace

MelSpectrogram::MelSpectrogram(const FeatureRecipe& recipe)
    : recipe_(recipe),
      frame_samples_(static_cast<std::size_t>(recipe.frame())),
      hop_samples_(static_cast<std::size_t>(recipe.hop_samples)),
      lead_samples_(lead_samples(recipe)),
      bands_(static_cast<std::size_t>(recipe.mel_bands)),
      stft_(recipe.fft_samples, recipe.frame()),
      filterbank_(recipe.rate_hz, recipe.fft_samples, recipe.mel_bands, recipe.min_hz, recipe.max_hz,
                  recipe.mel_scale),
      padded_(kLanes * frame_samples_),
      spectrum_(kLanes * stft_.bins()),
      mel_(kLanes * bands_),
      batch_levels_(kLanes * bands_) {}

void MelSpectrogram::reset() noexcept {
  whole_begin_ = 0;
  whole_end_ = 0;
}

std::size_t MelSpectrogram::slot_of(std::size_t index) const noexcept {
  return static_cast<std::size_t>((first_ + index) % slot_loudest_.size());
}

std::span<const float> MelSpectrogram::frame(std::size_t index) const noexcept {
  return std::span(levels_).subspan(slot_of(index) * bands_, bands_);
}

void MelSpectrogram::reserve(std::size_t samples) {
  const std::size_t frames = recipe_.frames_of(samples);
  if (frames <= slot_loudest_.size()) return;
  reset();
  levels_.resize(frames * bands_);
  slot_lowest_.resize(frames);
  slot_loudest_.resize(frames);
}

void MelSpectrogram::update(std::span<const float> samples, std::uint64_t start_sample) {
  reserve(samples.size());
  frames_ = recipe_.frames_of(samples.size());
  computed_frames_ = 0;
  first_ = start_sample / hop_samples_;

  // Frame `index` covers [index hop - lead, index hop - lead + frame) of the samples.
  const std::size_t tail = frame_samples_ - lead_samples_;
  const std::size_t begin = (lead_samples_ + hop_samples_ - 1) / hop_samples_;
  const std::size_t end = samples.size() >= tail ? (samples.size() - tail) / hop_samples_ + 1 : 0;
  const std::uint64_t whole_begin = first_ + begin;
  const std::uint64_t whole_end = first_ + std::max(begin, end);
  const bool same_grid = phase_ == start_sample % hop_samples_;
  const std::uint64_t kept_begin = std::max(whole_begin, whole_begin_);
  const std::uint64_t kept_end = same_grid ? std::min(whole_end, whole_end_) : 0;
  for (std::size_t index = 0; index < frames_; ++index) {
    const std::uint64_t frame = first_ + index;
    if (frame < kept_begin || frame >= kept_end) queue_frame(samples, index);
  }
  if (queued_ > 0) compute_batch();
  phase_ = start_sample % hop_samples_;
  whole_begin_ = whole_begin;
  whole_end_ = whole_end;
}

void MelSpectrogram::queue_frame(std::span<const float> samples, std::size_t index) noexcept {
  // Counted from `lead` before the samples, so that nothing is negative.
  const std::size_t first = index * hop_samples_;
  const std::size_t samples_begin = lead_samples_;
  const std::size_t samples_end = lead_samples_ + samples.size();
  const std::size_t begin = std::max(first, samples_begin);
  const std::size_t end = std::min(first + frame_samples_, samples_end);
  if (begin == first && end == first + frame_samples_) {
    queued_samples_[queued_] = &samples[first - lead_samples_];
  } else {
    const std::span<float> padded = std::span(padded_).subspan(queued_ * frame_samples_, frame_samples_);
    std::fill(padded.begin(), padded.end(), 0.0f);
    if (begin < end) std::copy_n(&samples[begin - samples_begin], end - begin, &padded[begin - first]);
    queued_samples_[queued_] = padded.data();
  }
  queued_slots_[queued_] = slot_of(index);
  if (++queued_ == kLanes) compute_batch();
}

void MelSpectrogram::compute_batch() noexcept {
  // Lanes that wait for no frame repeat the first one.
  for (std::size_t lane = queued_; lane < kLanes; ++lane) queued_samples_[lane] = queued_samples_[0];
  stft_.power(queued_samples_, spectrum_);
  if (recipe_.spectrum == Spectrum::magnitude) square_roots(spectrum_);
  filterbank_.apply(spectrum_, mel_);
  if (recipe_.level == LevelRule::relative_db) {
    power_to_levels(mel_, static_cast<float>(recipe_.floor_power), batch_levels_);
  } else {
    sums_to_log(mel_, static_cast<float>(recipe_.log_offset), batch_levels_);
  }
  LaneVector lowest = load_lanes(batch_levels_.data());
  LaneVector loudest = lowest;
  for (std::size_t band = 1; band < bands_; ++band) {
    const LaneVector level = load_lanes(&batch_levels_[band * kLanes]);
    lowest = level < lowest ? level : lowest;
    loudest = level > loudest ? level : loudest;
  }
  for (std::size_t lane = 0; lane < queued_; ++lane) {
    const std::size_t slot = queued_slots_[lane];
    float* levels = &levels_[slot * bands_];
    for (std::size_t band = 0; band < bands_; ++band) {
      levels[band] = batch_levels_[band * kLanes + lane];
    }
    slot_lowest_[slot] = lowest[lane];
    slot_loudest_[slot] = loudest[lane];
  }
  computed_frames_ += queued_;
  queued_ = 0;
}

float MelSpectrogram::lowest() const noexcept {
  float lowest = slot_lowest_[slot_of(0)];
  for (std::size_t index = 1; index < frames_; ++index)
    lowest = std::min(lowest, slot_lowest_[slot_of(index)]);
  return lowest;
}

float MelSpectrogram::loudest() const noexcept {
  float loudest = slot_loudest_[slot_of(0)];
  for (std::size_t index = 1; index < frames_; ++index)
    loudest = std::max(loudest, slot_loudest_[slot_of(index)]);
  return loudest;
}

}  // namespace earshot
