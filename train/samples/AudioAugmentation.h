// AudioAugmentation: a clip as it could have sounded, drawn anew by key: speed, place, loudness, background,
// noise.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dsp/base/Draw.h"
#include "train/samples/SoundStore.h"

namespace earshot {

/// Stateless after construction: any thread may call it. Each effect draws from a key of its own, so that
/// switching one off changes nothing in the others.
class AudioAugmentation {
 public:
  /// As fast as `rate` says at the same pitch; the source project's fixed rate was 2.
  struct Stretch {
    double probability = 0.5;
    Range rate{0.8, 1.2};
  };
  /// Higher or lower at the same length; the source project's fixed shift was -6.
  struct Pitch {
    double probability = 0.5;
    Range semitones{-6.0, 6.0};
  };
  /// White Gaussian noise; `amplitude` is its standard deviation, full scale being 1.
  struct Noise {
    double probability = 0.5;
    Range amplitude{0.005, 0.005};
  };
  /// Circular; a share of the clip's length, towards its end if positive.
  struct Shift {
    double probability = 0.5;
    Range share{-0.2, 0.2};
  };
  /// Louder or quieter. Never clips.
  struct Gain {
    double probability = 0.5;
    Range gain_db{-6.0, 6.0};
  };
  /// As a tape that runs faster or slower, pitch and all: `most`^U(-1, 1) times. Interpolated linearly, as by
  /// Tokozume's program (bc_learning_sound, utils.py): a sinc filter took a quarter of a training's time.
  struct Speed {
    double probability = 1.0;
    double most = 1.25;
  };
  /// Half of `length_s` of silence on both sides, then a part of `length_s` from anywhere (Tokozume 2018).
  struct Crop {
    double length_s = 5.0;
    double trim_below = 0.0;  ///< edges as quiet as this or quieter are cut off first; negative: none are
  };
  /// A part of a file from `folder`, at this signal-to-noise ratio of their mean powers; a short file goes
  /// round. Nothing is added to a silent clip.
  struct Background {
    double probability = 0.5;
    std::string folder;
    Range snr_db{0.0, 20.0};
  };
  struct Settings {
    std::optional<Stretch> stretch;
    std::optional<Pitch> pitch;
    std::optional<Speed> speed;
    std::optional<Crop> crop;
    std::optional<Shift> shift;
    std::optional<Gain> gain;
    std::optional<Background> background;
    std::optional<Noise> noise;

    bool any() const { return stretch || pitch || speed || crop || shift || gain || background || noise; }
  };

  /// `backgrounds` are the folder's files, shared by all who draw; null without that effect. Throws
  /// Error(config) naming the field that is out of range.
  AudioAugmentation(const Settings& settings, int rate_hz, std::shared_ptr<SoundStore> backgrounds);

  /// What happens to one clip: stretch, pitch, speed, crop, shift, in this order. Its length may change.
  /// Returns whether anything did.
  bool change_clip(std::vector<float>& samples, std::uint64_t key) const;

  /// What happens to what is heard together, after mixing: gain, background, noise. Throws what
  /// SoundStore::sound throws.
  bool change_scene(std::vector<float>& samples, std::uint64_t key) const;

 private:
  bool add_background(std::vector<float>& samples, std::uint64_t key) const;

  Settings settings_;
  int rate_hz_;
  std::shared_ptr<SoundStore> backgrounds_;
};

// The effects, each alone.

void add_noise(std::span<float> samples, double amplitude, KeyedRandom& random) noexcept;
/// Sample i goes to (i + by) modulo n; numpy.roll.
void shift_round(std::span<float> samples, std::int64_t by) noexcept;
/// `length` samples from `start`, which may lie before the first or reach beyond the last: zeros there.
std::vector<float> cut(std::span<const float> samples, std::int64_t start, std::size_t length);
/// Without the edges of |x| <= `level`; nothing is left of a sound that is no louder.
std::span<const float> without_quiet_edges(std::span<const float> samples, double level) noexcept;
double mean_power(std::span<const float> samples) noexcept;

}  // namespace earshot
