// SampleMaker: one training sample, picture and target, from a clip and a key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "dsp/features/FeatureExtractor.h"
#include "dsp/spectrum/AWeighting.h"
#include "train/samples/AudioAugmentation.h"
#include "train/samples/FeatureSet.h"
#include "train/samples/ImageAugmentation.h"
#include "train/samples/SampleSettings.h"
#include "train/samples/SoundStore.h"
#include "train/samples/Targets.h"

namespace earshot {

/// What a clip's random numbers in an epoch are for. The order is part of what a seed means: append only.
enum class ClipPart : std::uint64_t { augmentation, dropout, sound, scene, mixing, mixup, masks };

inline std::uint64_t derive_key(std::uint64_t key, ClipPart part) noexcept {
  return derive_key(key, static_cast<std::uint64_t>(part));
}

/// What an epoch's random numbers are for: seed -> epoch -> order of the clips, clip -> ClipPart, or which
/// clips BatchNorm's statistics are measured over. Append only.
enum class EpochPart : std::uint64_t { order, clips, statistics };

inline std::uint64_t epoch_key(std::uint64_t seed, std::size_t epoch, EpochPart part) noexcept {
  return derive_key(derive_key(seed, epoch), static_cast<std::uint64_t>(part));
}

/// The key of a clip (an index into DataSet::clips) in an epoch (counted from 0).
inline std::uint64_t sample_key(std::uint64_t seed, std::size_t epoch, std::size_t clip) noexcept {
  return derive_key(epoch_key(seed, epoch, EpochPart::clips), clip);
}

/// What all makers of a run share. Any thread may read it.
struct SampleSource {
  /// `clips` must outlive it. Throws Error(config) for a
  /// setting that does not fit, Error(bad_data) if classes are to be mixed and there is only one.
  SampleSource(const SampleSettings& settings, const std::optional<ImageAugmentation::Settings>& picture,
               const FeatureRecipe& recipe, const FeatureSet& clips, int classes, Scores scores);

  SampleSettings settings;
  std::optional<ImageAugmentation> picture;
  FeatureRecipe recipe;
  const FeatureSet& clips;
  std::size_t classes;
  Scores scores;
  std::unique_ptr<SoundStore> sounds;      ///< of the clips, if settings.needs_sounds()
  std::vector<std::size_t> sound_of;       ///< of each entry of `clips` its sound there; likewise
  std::optional<AudioAugmentation> audio;  ///< likewise
};

/// sound -> clip effects -> mixing -> scene effects -> features -> picture transform -> mixup -> masks. A
/// sound that nothing happens to gives the features that its FeatureSet has. The bits depend on clip, key and
/// settings alone. Not thread safe: one instance a thread; `source` must outlive it.
class SampleMaker {
 public:
  explicit SampleMaker(const SampleSource& source);

  /// `clip` is an index into source.clips; `image` height x width x channels, `target` one value a class,
  /// as Targets.h says. Throws what SoundStore::sound throws.
  void make(std::size_t clip, std::uint64_t key, std::span<float> image, std::span<float> target);

 private:
  void make_unmixed(std::size_t clip, std::uint64_t key, std::span<float> image, std::span<float> target);
  void paint(std::size_t clip, std::uint64_t key, std::span<float> image, std::span<float> target);
  bool mix_in_other_class(std::size_t clip, std::uint64_t key, std::span<float> target);
  bool load(std::size_t clip, std::uint64_t key, std::vector<float>& samples) const;

  const SampleSource& source_;
  std::optional<FeatureExtractor> extractor_;  // with sounds
  std::optional<AWeighting> weighting_;        // likewise
  std::vector<float> samples_;
  std::vector<float> room_;         // for a picture that is streamed
  std::vector<float> painted_;      // a picture before its transform
  std::vector<float> other_image_;  // what is mixed in
  std::vector<float> other_target_;
};

}  // namespace earshot
