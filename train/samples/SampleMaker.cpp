#include "train/samples/SampleMaker.h"

#include <algorithm>
#include <cassert>

#include "dsp/audio/AudioFile.h"
#include "dsp/base/Error.h"
#include "train/data/SoundFiles.h"
#include "train/samples/BetweenClass.h"

namespace earshot {
namespace {

std::shared_ptr<SoundStore> backgrounds_of(const AudioAugmentation::Settings& audio, int rate_hz,
                                           std::size_t most_bytes) {
  if (!audio.background) return nullptr;
  std::vector<std::filesystem::path> files = sound_files_below(audio.background->folder).files;
  for (const std::filesystem::path& file : files) AudioFile{file};  // throws now, not in hours
  return std::make_shared<SoundStore>(std::move(files), rate_hz, most_bytes);
}

std::size_t draw_clip(KeyedRandom& random, const FeatureSet& clips) noexcept {
  return random.below(static_cast<std::uint32_t>(clips.size()));
}

}  // namespace

SampleSource::SampleSource(const SampleSettings& wanted,
                           const std::optional<ImageAugmentation::Settings>& picture_settings,
                           const FeatureRecipe& features, const FeatureSet& set, int class_count, Scores kind)
    : settings(wanted),
      recipe(features),
      clips(set),
      classes(static_cast<std::size_t>(class_count)),
      scores(kind) {
  if (picture_settings) picture.emplace(*picture_settings, clips.shape);
  if (!settings.needs_sounds()) return;
  const std::size_t stores = settings.audio.background ? 2 : 1;
  const std::size_t most_bytes = settings.most_sound_bytes / stores;
  std::vector<std::filesystem::path> files;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    if (clips.begins_clip(i)) files.push_back(clips.files[i]);
    sound_of.push_back(files.size() - 1);
  }
  sounds = std::make_unique<SoundStore>(std::move(files), recipe.rate_hz, most_bytes);
  audio.emplace(settings.audio, recipe.rate_hz, backgrounds_of(settings.audio, recipe.rate_hz, most_bytes));
  const auto& labels = clips.labels;
  if (settings.between_class && std::ranges::adjacent_find(labels, std::not_equal_to{}) == labels.end()) {
    throw Error(ExitCode::bad_data,
                "mixing.between_class: found clips of one class only, expected two classes at least");
  }
}

SampleMaker::SampleMaker(const SampleSource& source) : source_(source) {
  const std::size_t size = source.clips.shape.size();
  if (source.picture) painted_.resize(size);
  if (source.settings.mixup) {
    other_image_.resize(size);
    other_target_.resize(source.classes);
  }
  if (!source.settings.needs_sounds()) return;
  extractor_.emplace(source.recipe);
  if (source.settings.between_class) weighting_.emplace(source.recipe.rate_hz);
}

void SampleMaker::make(std::size_t clip, std::uint64_t key, std::span<float> image, std::span<float> target) {
  make_unmixed(clip, key, image, target);
  if (const auto& mixup = source_.settings.mixup) {
    const std::uint64_t mixup_key = derive_key(key, ClipPart::mixup);
    KeyedRandom random(mixup_key);
    if (draw_chance(random, mixup->probability)) {
      const auto share = static_cast<float>(draw_beta(random, mixup->alpha));
      const std::size_t other = draw_clip(random, source_.clips);
      make_unmixed(other, mix_bits(mixup_key), other_image_, other_target_);
      const auto mix = [share](std::span<float> into, std::span<const float> from) {
        for (std::size_t i = 0; i < into.size(); ++i) into[i] = share * into[i] + (1.0F - share) * from[i];
      };
      mix(image, other_image_);
      mix(target, other_target_);
    }
  }
  if (source_.settings.masks) {
    mask_picture(*source_.settings.masks, derive_key(key, ClipPart::masks), source_.recipe, image);
  }
}

void SampleMaker::make_unmixed(std::size_t clip, std::uint64_t key, std::span<float> image,
                               std::span<float> target) {
  if (!source_.picture) return paint(clip, key, image, target);
  paint(clip, key, painted_, target);
  const Affine affine = source_.picture->draw(derive_key(key, ClipPart::augmentation));
  apply_affine(affine, source_.clips.shape, painted_, image);
}

void SampleMaker::paint(std::size_t clip, std::uint64_t key, std::span<float> image,
                        std::span<float> target) {
  fill_target(source_.clips, clip, source_.scores, target);
  bool changed = false;
  if (source_.sounds) {
    changed = load(clip, key, samples_);
    changed |= mix_in_other_class(clip, key, target);
    changed |= source_.audio->change_scene(samples_, derive_key(key, ClipPart::scene));
  }
  if (changed) {
    extractor_->extract_clip(samples_, image);
  } else {
    std::ranges::copy(source_.clips.image(clip, room_), image.begin());
  }
}

bool SampleMaker::mix_in_other_class(std::size_t clip, std::uint64_t key, std::span<float> target) {
  const auto& mixing = source_.settings.between_class;
  if (!mixing) return false;
  const std::uint64_t mixing_key = derive_key(key, ClipPart::mixing);
  KeyedRandom random(mixing_key);
  if (!draw_chance(random, mixing->probability)) return false;
  const double share = random.uniform();
  const double place = random.uniform();
  std::size_t other = clip;
  while (source_.clips.labels[other] == source_.clips.labels[clip]) other = draw_clip(random, source_.clips);

  std::vector<float> samples;
  load(other, mix_bits(mixing_key), samples);
  const std::size_t longer = std::max(samples_.size(), samples.size());
  const std::size_t room = longer - std::min(samples_.size(), samples.size());
  const auto offset = static_cast<std::size_t>(place * static_cast<double>(room + 1));
  samples_ = mix_between_classes(samples_, samples, share, offset, *weighting_);
  std::vector<float> other_target(target.size());
  fill_target(source_.clips, other, source_.scores, other_target);
  for (std::size_t k = 0; k < target.size(); ++k) {
    target[k] = static_cast<float>(share * static_cast<double>(target[k]) +
                                   (1.0 - share) * static_cast<double>(other_target[k]));
  }
  return true;
}

bool SampleMaker::load(std::size_t clip, std::uint64_t key, std::vector<float>& samples) const {
  const auto sound = source_.sounds->sound(source_.sound_of[clip]);
  const std::vector<std::uint64_t>& starts = source_.clips.starts;
  const std::size_t start = starts.empty() ? 0 : static_cast<std::size_t>(starts[clip]);
  const std::size_t rest = sound->size() - std::min(start, sound->size());
  samples.resize(starts.empty() ? rest
                                : std::min(rest, static_cast<std::size_t>(source_.recipe.window_samples)));
  sound->copy(start, samples);
  return source_.audio->change_clip(samples, derive_key(key, ClipPart::sound));
}

}  // namespace earshot
