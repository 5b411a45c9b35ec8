#include "train/samples/SampleSettings.h"

#include <string_view>

#include <spdlog/fmt/fmt.h>

namespace earshot {
namespace {

Range range(StrictToml& table, std::string_view key, Range fallback, double least, double most) {
  const auto [low, high] = table.range(key, {fallback.low, fallback.high}, least, most);
  return {low, high};
}

/// Switches an effect on if its table is there and reads what every effect has.
template <typename Effect, typename Read>
void read_effect(StrictToml& parent, std::string_view key, std::optional<Effect>& effect, Read read) {
  StrictToml table = parent.table(key);
  if (!parent.has(key)) return;
  effect.emplace();
  if constexpr (requires { effect->probability; }) {
    effect->probability = table.real("probability", effect->probability, 0.0, 1.0);
  }
  read(table, *effect);
  table.reject_unknown();
}

void read_audio(StrictToml table, AudioAugmentation::Settings& audio) {
  using A = AudioAugmentation;
  read_effect(table, "stretch", audio.stretch, [](StrictToml& t, A::Stretch& stretch) {
    stretch.rate = range(t, "rate", stretch.rate, 0.1, 10.0);
  });
  read_effect(table, "pitch", audio.pitch, [](StrictToml& t, A::Pitch& pitch) {
    pitch.semitones = range(t, "semitones", pitch.semitones, -36.0, 36.0);
  });
  read_effect(table, "speed", audio.speed,
              [](StrictToml& t, A::Speed& speed) { speed.most = t.real("most", speed.most, 1.0, 4.0); });
  read_effect(table, "crop", audio.crop, [](StrictToml& t, A::Crop& crop) {
    crop.length_s = t.real("length_s", crop.length_s, 0.05, 600.0);
    crop.trim_below = t.real("trim_below", crop.trim_below, -1.0, 1.0);
  });
  read_effect(table, "shift", audio.shift, [](StrictToml& t, A::Shift& shift) {
    shift.share = range(t, "share", shift.share, -1.0, 1.0);
  });
  read_effect(table, "gain", audio.gain, [](StrictToml& t, A::Gain& gain) {
    gain.gain_db = range(t, "gain_db", gain.gain_db, -80.0, 80.0);
  });
  read_effect(table, "background", audio.background, [](StrictToml& t, A::Background& background) {
    background.folder = t.path("folder", "").string();
    if (background.folder.empty()) t.refuse("folder", "nothing", "a folder of sounds");
    background.snr_db = range(t, "snr_db", background.snr_db, -60.0, 120.0);
  });
  read_effect(table, "noise", audio.noise, [](StrictToml& t, A::Noise& noise) {
    noise.amplitude = range(t, "amplitude", noise.amplitude, 0.0, 1.0);
  });
  table.reject_unknown();
}

}  // namespace

SampleSettings read_sample_settings(StrictToml& file) {
  SampleSettings samples;
  read_audio(file.table("audio"), samples.audio);
  StrictToml mixing = file.table("mixing");
  read_effect(mixing, "between_class", samples.between_class,
              [](StrictToml&, SampleSettings::BetweenClass&) {});
  read_effect(mixing, "mixup", samples.mixup, [](StrictToml& t, SampleSettings::Mixup& mixup) {
    mixup.alpha = t.real("alpha", mixup.alpha, 0.01, 100.0);
  });
  mixing.reject_unknown();
  read_effect(file, "masks", samples.masks, [](StrictToml& t, PictureMasks& masks) {
    masks.frequency_masks = static_cast<int>(t.integer("frequency_masks", masks.frequency_masks, 0, 100));
    masks.frequency_share = t.real("frequency_share", masks.frequency_share, 0.0, 1.0);
    masks.time_masks = static_cast<int>(t.integer("time_masks", masks.time_masks, 0, 100));
    masks.time_share = t.real("time_share", masks.time_share, 0.0, 1.0);
  });
  return samples;
}

void add_settings(const SampleSettings& samples, std::map<std::string, std::string>& settings) {
  const auto add = [&](const char* key, const auto& value) { settings[key] = fmt::format("{}", value); };
  const auto add_range = [&](const char* key, Range value) {
    settings[key] = fmt::format("{} .. {}", value.low, value.high);
  };
  const AudioAugmentation::Settings& audio = samples.audio;
  if (audio.stretch) {
    add("audio.stretch.probability", audio.stretch->probability);
    add_range("audio.stretch.rate", audio.stretch->rate);
  }
  if (audio.pitch) {
    add("audio.pitch.probability", audio.pitch->probability);
    add_range("audio.pitch.semitones", audio.pitch->semitones);
  }
  if (audio.speed) {
    add("audio.speed.probability", audio.speed->probability);
    add("audio.speed.most", audio.speed->most);
  }
  if (audio.crop) {
    add("audio.crop.length_s", audio.crop->length_s);
    add("audio.crop.trim_below", audio.crop->trim_below);
  }
  if (audio.shift) {
    add("audio.shift.probability", audio.shift->probability);
    add_range("audio.shift.share", audio.shift->share);
  }
  if (audio.gain) {
    add("audio.gain.probability", audio.gain->probability);
    add_range("audio.gain.gain_db", audio.gain->gain_db);
  }
  if (audio.background) {
    add("audio.background.probability", audio.background->probability);
    add("audio.background.folder", audio.background->folder);
    add_range("audio.background.snr_db", audio.background->snr_db);
  }
  if (audio.noise) {
    add("audio.noise.probability", audio.noise->probability);
    add_range("audio.noise.amplitude", audio.noise->amplitude);
  }
  if (samples.between_class) add("mixing.between_class.probability", samples.between_class->probability);
  if (samples.mixup) {
    add("mixing.mixup.probability", samples.mixup->probability);
    add("mixing.mixup.alpha", samples.mixup->alpha);
  }
  if (samples.masks) {
    add("masks.probability", samples.masks->probability);
    add("masks.frequency_masks", samples.masks->frequency_masks);
    add("masks.frequency_share", samples.masks->frequency_share);
    add("masks.time_masks", samples.masks->time_masks);
    add("masks.time_share", samples.masks->time_share);
  }
}

}  // namespace earshot
