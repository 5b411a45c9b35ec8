#include "train/samples/SoundStore.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "dsp/audio/AudioFile.h"
#include "dsp/base/Error.h"
#include "train/data/SoundFiles.h"

namespace earshot {
namespace {

// libsndfile's scale of 16-bit files.
constexpr float kFullScale = 32768.0F;

bool is_whole(float sample) noexcept {
  const float scaled = sample * kFullScale;
  return scaled >= -kFullScale && scaled < kFullScale && scaled == std::nearbyint(scaled);
}

}  // namespace

StoredSound::StoredSound(std::vector<float> samples) {
  if (!std::ranges::all_of(samples, is_whole)) {
    real_ = std::move(samples);
    real_.shrink_to_fit();
    return;
  }
  whole_.reserve(samples.size());
  for (const float sample : samples) whole_.push_back(static_cast<std::int16_t>(sample * kFullScale));
}

std::size_t StoredSound::bytes() const noexcept {
  return whole_.size() * sizeof(std::int16_t) + real_.size() * sizeof(float);
}

void StoredSound::copy(std::size_t from, std::span<float> out) const noexcept {
  if (whole_.empty()) {
    std::copy_n(real_.begin() + static_cast<std::ptrdiff_t>(from), out.size(), out.begin());
    return;
  }
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(whole_[from + i]) / kFullScale;
}

SoundStore::SoundStore(std::vector<std::filesystem::path> files, int rate_hz, std::size_t most_bytes)
    : files_(std::move(files)), rate_hz_(rate_hz), most_bytes_(most_bytes), kept_(files_.size()) {}

std::shared_ptr<const StoredSound> SoundStore::sound(std::size_t i) {
  {
    const std::lock_guard lock(mutex_);
    if (kept_.at(i)) return kept_[i];
  }
  expect_file(files_[i]);
  Clip clip = load_clip(files_[i], rate_hz_);
  auto sound = std::make_shared<const StoredSound>(std::move(clip.samples));
  const std::lock_guard lock(mutex_);
  if (!kept_[i] && kept_bytes_ + sound->bytes() <= most_bytes_) {
    kept_[i] = sound;
    kept_bytes_ += sound->bytes();
  }
  return sound;
}

std::size_t SoundStore::kept_bytes() const {
  const std::lock_guard lock(mutex_);
  return kept_bytes_;
}

}  // namespace earshot
