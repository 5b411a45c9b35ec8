#include "train/outliers/GeneratedFamilies.h"

#include <array>
#include <string_view>

#include <spdlog/fmt/fmt.h>

#include "train/outliers/Chirps.h"
#include "train/outliers/Clicks.h"
#include "train/outliers/FamilyKey.h"
#include "train/outliers/Hums.h"
#include "train/outliers/Noises.h"
#include "train/outliers/Orchestra.h"
#include "train/outliers/Rooms.h"
#include "train/outliers/Tones.h"

namespace earshot {

std::span<const GeneratedFamily> generated_families() {
  static const std::array kFamilies{GeneratedFamily{"noises", noise_kinds()},
                                    GeneratedFamily{"hums", hum_kinds()},
                                    GeneratedFamily{"tones", tone_kinds()},
                                    GeneratedFamily{"chirps", chirp_kinds()},
                                    GeneratedFamily{"clicks", click_kinds()},
                                    GeneratedFamily{"rooms", room_kinds()},
                                    GeneratedFamily{"orchestra", orchestra_kinds(), 3}};
  return kFamilies;
}

Outlier generate(const GeneratedFamily& family, std::size_t index, std::uint64_t seed) {
  const SoundKind& kind = family.kinds[index % family.kinds.size()];
  KeyedRandom random(derive_key(family_key(seed, family.name), index));
  MadeSound made = kind.make(random);
  return {.name = fmt::format("{}-{:02}", kind.name, index / family.kinds.size() + 1),
          .labels = std::move(made.labels),
          .source = fmt::format("trainer outliers, seed {}", seed),
          .licence = "Apache-2.0",
          .samples = std::move(made.samples),
          .peak_dbfs = draw(random, kOutlierPeaksDbfs)};
}

}  // namespace earshot
