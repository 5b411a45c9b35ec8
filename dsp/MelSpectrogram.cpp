// MelSpectrogram: frames in a ring of slots, computed in batches.
#include "dsp/MelSpectrogram.h"

#include <algorithm>

#include "dsp/Decibel.h"

namespace earshot {

MelSpectrogram::MelSpectrogram(const FeatureRecipe& recipe)
    : fft_samples_(static_cast<std::size_t>(recipe.fft_samples)),
      hop_samples_(static_cast<std::size_t>(recipe.hop_samples)),
      bands_(static_cast<std::size_t>(recipe.mel_bands)),
      floor_power_(static_cast<float>(recipe.floor_power)),
      stft_(recipe.fft_samples),
      filterbank_(recipe.rate_hz, recipe.fft_samples, recipe.mel_bands, recipe.min_hz, recipe.max_hz),
      padded_(kLanes * fft_samples_),
      power_(kLanes * stft_.bins()),
      mel_(kLanes * bands_),
      batch_levels_db_(kLanes * bands_) {}

void MelSpectrogram::reset() noexcept {
  whole_begin_ = 0;
  whole_end_ = 0;
}

std::size_t MelSpectrogram::slot_of(std::size_t index) const noexcept {
  return static_cast<std::size_t>((first_ + index) % slot_loudest_db_.size());
}

std::span<const float> MelSpectrogram::frame(std::size_t index) const noexcept {
  return std::span(levels_db_).subspan(slot_of(index) * bands_, bands_);
}

void MelSpectrogram::reserve(std::size_t samples) {
  const std::size_t frames = frames_of(samples);
  if (frames <= slot_loudest_db_.size()) return;
  reset();
  levels_db_.resize(frames * bands_);
  slot_lowest_db_.resize(frames);
  slot_loudest_db_.resize(frames);
}

void MelSpectrogram::update(std::span<const float> samples, std::uint64_t start_sample) {
  reserve(samples.size());
  frames_ = frames_of(samples.size());
  computed_frames_ = 0;
  first_ = start_sample / hop_samples_;

  // Frame `index` covers [index hop - fft / 2, index hop + fft / 2) of the samples.
  const std::size_t half = fft_samples_ / 2;
  const std::size_t begin = (half + hop_samples_ - 1) / hop_samples_;
  const std::size_t end = samples.size() >= half ? (samples.size() - half) / hop_samples_ + 1 : 0;
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
  const std::size_t half = fft_samples_ / 2;
  const std::size_t centre = index * hop_samples_;
  const bool whole = centre >= half && centre + half <= samples.size();
  if (whole) {
    queued_samples_[queued_] = &samples[centre - half];
  } else {
    const std::span<float> padded = std::span(padded_).subspan(queued_ * fft_samples_, fft_samples_);
    std::fill(padded.begin(), padded.end(), 0.0f);
    const std::size_t begin = centre >= half ? centre - half : 0;
    const std::size_t end = std::min(samples.size(), centre + half);
    if (begin < end) {
      std::copy_n(&samples[begin], end - begin, &padded[begin + half - centre]);
    }
    queued_samples_[queued_] = padded.data();
  }
  queued_slots_[queued_] = slot_of(index);
  if (++queued_ == kLanes) compute_batch();
}

void MelSpectrogram::compute_batch() noexcept {
  // Lanes that wait for no frame repeat the first one.
  for (std::size_t lane = queued_; lane < kLanes; ++lane) queued_samples_[lane] = queued_samples_[0];
  stft_.power(queued_samples_, power_);
  filterbank_.apply(power_, mel_);
  power_to_levels(mel_, floor_power_, batch_levels_db_);
  LaneVector lowest_db = load_lanes(batch_levels_db_.data());
  LaneVector loudest_db = lowest_db;
  for (std::size_t band = 1; band < bands_; ++band) {
    const LaneVector level_db = load_lanes(&batch_levels_db_[band * kLanes]);
    lowest_db = level_db < lowest_db ? level_db : lowest_db;
    loudest_db = level_db > loudest_db ? level_db : loudest_db;
  }
  for (std::size_t lane = 0; lane < queued_; ++lane) {
    const std::size_t slot = queued_slots_[lane];
    float* levels_db = &levels_db_[slot * bands_];
    for (std::size_t band = 0; band < bands_; ++band) {
      levels_db[band] = batch_levels_db_[band * kLanes + lane];
    }
    slot_lowest_db_[slot] = lowest_db[lane];
    slot_loudest_db_[slot] = loudest_db[lane];
  }
  computed_frames_ += queued_;
  queued_ = 0;
}

float MelSpectrogram::lowest_db() const noexcept {
  float lowest = slot_lowest_db_[slot_of(0)];
  for (std::size_t index = 1; index < frames_; ++index)
    lowest = std::min(lowest, slot_lowest_db_[slot_of(index)]);
  return lowest;
}

float MelSpectrogram::loudest_db() const noexcept {
  float loudest = slot_loudest_db_[slot_of(0)];
  for (std::size_t index = 1; index < frames_; ++index)
    loudest = std::max(loudest, slot_loudest_db_[slot_of(index)]);
  return loudest;
}

}  // namespace earshot
