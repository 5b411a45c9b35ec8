#include "train/samples/AudioAugmentation.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "dsp/audio/Resampler.h"
#include "dsp/base/Error.h"
#include "dsp/spectrum/PhaseVocoder.h"

namespace earshot {
namespace {

// What an effect's random numbers are for. The order is part of what a seed means: append only.
enum Effect : std::uint64_t { kSpeed, kCrop, kShift, kGain, kMixedBackground, kNoise, kStretch, kPitch };

KeyedRandom random_of(std::uint64_t key, Effect effect) {
  return KeyedRandom(derive_key(key, effect));
}

void require(bool fits, const char* field, double found, const char* expected) {
  if (fits) return;
  throw Error(ExitCode::config, fmt::format("audio.{}: found {}, expected {}", field, found, expected));
}

void require_chance(const char* field, double probability) {
  require(probability >= 0.0 && probability <= 1.0, field, probability, "0 .. 1");
}

void scale(std::span<float> samples, double factor) noexcept {
  const auto single = static_cast<float>(factor);
  for (float& sample : samples) sample *= single;
}

double factor_of_db(double db) noexcept {
  return std::pow(10.0, db / 20.0);
}

}  // namespace

AudioAugmentation::AudioAugmentation(const Settings& settings, int rate_hz,
                                     std::shared_ptr<SoundStore> backgrounds)
    : settings_(settings), rate_hz_(rate_hz), backgrounds_(std::move(backgrounds)) {
  if (settings.stretch) {
    require_chance("stretch.probability", settings.stretch->probability);
    const auto [low, high] = settings.stretch->rate;
    require(low >= 0.1 && high <= 10.0, "stretch.rate", low < 0.1 ? low : high, "0.1 .. 10");
  }
  if (settings.pitch) {
    require_chance("pitch.probability", settings.pitch->probability);
    const auto [low, high] = settings.pitch->semitones;
    require(low >= -36.0 && high <= 36.0, "pitch.semitones", low < -36.0 ? low : high, "-36 .. 36");
  }
  if (settings.speed) {
    require_chance("speed.probability", settings.speed->probability);
    require(settings.speed->most >= 1.0 && settings.speed->most <= 4.0, "speed.most", settings.speed->most,
            "1 .. 4");
  }
  if (settings.crop) {
    require(settings.crop->length_s >= 0.05 && settings.crop->length_s <= 600.0, "crop.length_s",
            settings.crop->length_s, "0.05 .. 600");
  }
  if (settings.shift) require_chance("shift.probability", settings.shift->probability);
  if (settings.gain) require_chance("gain.probability", settings.gain->probability);
  if (settings.noise) {
    require_chance("noise.probability", settings.noise->probability);
    require(settings.noise->amplitude.low >= 0.0, "noise.amplitude", settings.noise->amplitude.low,
            "0 at least");
  }
  if (settings.background) {
    require_chance("background.probability", settings.background->probability);
    if (!backgrounds_ || backgrounds_->size() == 0) {
      throw Error(ExitCode::config, "audio.background.folder: found no sounds, expected one at least");
    }
  }
}

bool AudioAugmentation::change_clip(std::vector<float>& samples, std::uint64_t key) const {
  bool changed = false;
  if (const auto& stretch = settings_.stretch) {
    KeyedRandom random = random_of(key, kStretch);
    if (draw_chance(random, stretch->probability)) {
      samples = PhaseVocoder().time_stretch(samples, draw(random, stretch->rate));
      changed = true;
    }
  }
  if (const auto& pitch = settings_.pitch) {
    KeyedRandom random = random_of(key, kPitch);
    if (draw_chance(random, pitch->probability)) {
      samples = PhaseVocoder().pitch_shift(samples, draw(random, pitch->semitones));
      changed = true;
    }
  }
  if (const auto& speed = settings_.speed) {
    KeyedRandom random = random_of(key, kSpeed);
    if (draw_chance(random, speed->probability)) {
      samples =
          resample_by(samples, std::pow(speed->most, random.uniform(-1.0, 1.0)), ResampleQuality::linear);
      changed = true;
    }
  }
  if (const auto& crop = settings_.crop) {
    KeyedRandom random = random_of(key, kCrop);
    const std::span<const float> sound =
        crop->trim_below < 0.0 ? samples : without_quiet_edges(samples, crop->trim_below);
    const auto length = static_cast<std::size_t>(std::llround(crop->length_s * rate_hz_));
    // Where the part may begin, in the sound with half of its length of silence on both sides.
    const std::size_t places =
        sound.size() + length / 2 * 2 >= length ? sound.size() + length / 2 * 2 - length : 0;
    const auto place = static_cast<std::int64_t>(random.uniform() * static_cast<double>(places + 1));
    samples = cut(sound, place - static_cast<std::int64_t>(length / 2), length);
    changed = true;
  }
  if (const auto& shift = settings_.shift) {
    KeyedRandom random = random_of(key, kShift);
    if (draw_chance(random, shift->probability)) {
      shift_round(samples, std::llround(draw(random, shift->share) * static_cast<double>(samples.size())));
      changed = true;
    }
  }
  return changed;
}

bool AudioAugmentation::change_scene(std::vector<float>& samples, std::uint64_t key) const {
  bool changed = false;
  if (const auto& gain = settings_.gain) {
    KeyedRandom random = random_of(key, kGain);
    if (draw_chance(random, gain->probability)) {
      scale(samples, factor_of_db(draw(random, gain->gain_db)));
      changed = true;
    }
  }
  if (settings_.background && add_background(samples, key)) changed = true;
  if (const auto& noise = settings_.noise) {
    KeyedRandom random = random_of(key, kNoise);
    if (draw_chance(random, noise->probability)) {
      add_noise(samples, draw(random, noise->amplitude), random);
      changed = true;
    }
  }
  return changed;
}

bool AudioAugmentation::add_background(std::vector<float>& samples, std::uint64_t key) const {
  KeyedRandom random = random_of(key, kMixedBackground);
  if (!draw_chance(random, settings_.background->probability)) return false;
  const double snr_db = draw(random, settings_.background->snr_db);
  const std::size_t file = random.below(static_cast<std::uint32_t>(backgrounds_->size()));
  const auto sound = backgrounds_->sound(file);
  std::size_t at = static_cast<std::size_t>(random.uniform() * static_cast<double>(sound->size()));
  std::vector<float> part(samples.size());
  for (std::size_t filled = 0; filled < part.size(); at = 0) {
    const std::size_t taken = std::min(part.size() - filled, sound->size() - at);
    sound->copy(at, std::span(part).subspan(filled, taken));
    filled += taken;
  }
  const double signal = mean_power(samples);
  const double noise = mean_power(part);
  if (!(signal > 0.0) || !(noise > 0.0)) return false;
  const auto factor = static_cast<float>(std::sqrt(signal / noise) / factor_of_db(snr_db));
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] += factor * part[i];
  return true;
}

void add_noise(std::span<float> samples, double amplitude, KeyedRandom& random) noexcept {
  for (std::size_t i = 0; i < samples.size(); i += 2) {
    const auto [first, second] = draw_normals(random);
    samples[i] += static_cast<float>(amplitude * first);
    if (i + 1 < samples.size()) samples[i + 1] += static_cast<float>(amplitude * second);
  }
}

void shift_round(std::span<float> samples, std::int64_t by) noexcept {
  if (samples.empty()) return;
  const auto n = static_cast<std::int64_t>(samples.size());
  std::ranges::rotate(samples, samples.begin() + ((-by % n) + n) % n);
}

std::vector<float> cut(std::span<const float> samples, std::int64_t start, std::size_t length) {
  std::vector<float> part(length);
  const auto n = static_cast<std::int64_t>(samples.size());
  const std::int64_t begin = std::clamp<std::int64_t>(start, 0, n);
  const std::int64_t end = std::clamp<std::int64_t>(start + static_cast<std::int64_t>(length), begin, n);
  std::copy(samples.begin() + begin, samples.begin() + end, part.begin() + (begin - start));
  return part;
}

std::span<const float> without_quiet_edges(std::span<const float> samples, double level) noexcept {
  const auto loud = [level](float sample) { return static_cast<double>(std::abs(sample)) > level; };
  const auto begin = std::find_if(samples.begin(), samples.end(), loud);
  const auto end = std::find_if(samples.rbegin(), samples.rend(), loud).base();
  return begin < end ? std::span(begin, end) : samples.first(0);
}

double mean_power(std::span<const float> samples) noexcept {
  double sum = 0.0;
  for (const float sample : samples) sum += static_cast<double>(sample) * sample;
  return samples.empty() ? 0.0 : sum / static_cast<double>(samples.size());
}

}  // namespace earshot
