// SampleSettings: what training makes of clips besides turning their pictures: on the sound, two at once,
// masks.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "dsp/base/StrictToml.h"
#include "train/samples/AudioAugmentation.h"
#include "train/samples/MemoryShare.h"
#include "train/samples/PictureMasks.h"

namespace earshot {

/// Everything is off by default.
struct SampleSettings {
  /// Two sounds of different classes, before the features.
  struct BetweenClass {
    double probability = 1.0;
  };
  /// Two pictures: share ~ Beta(alpha, alpha) (Zhang 2018, "mixup").
  struct Mixup {
    double probability = 1.0;
    double alpha = 0.3;
  };

  AudioAugmentation::Settings audio;
  std::optional<BetweenClass> between_class;
  std::optional<Mixup> mixup;
  std::optional<PictureMasks> masks;

  /// Of the clips' sounds, and of the backgrounds', kept in memory; no sample depends on it.
  std::size_t most_sound_bytes = memory_share();

  /// Whether samples begin with sounds, not with features that were computed once.
  bool needs_sounds() const { return audio.any() || between_class; }
};

/// The tables [audio.*], [mixing.*] and [masks]; an absent one switches off what it is about. Throws
/// Error(config).
SampleSettings read_sample_settings(StrictToml& file);

/// Adds every setting that is on, as key and value.
void add_settings(const SampleSettings& samples, std::map<std::string, std::string>& settings);

}  // namespace earshot
