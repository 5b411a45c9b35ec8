#include "train/outliers/Excerpts.h"

#include <algorithm>

#include "train/outliers/Samples.h"

namespace earshot {

std::vector<float> repeated(std::span<const float> sound, double pause_s) {
  Samples samples = silence();
  for (std::size_t start = 0; start < samples.size(); start += sound.size() + sample_at(pause_s)) {
    const std::size_t count = std::min(sound.size(), samples.size() - start);
    std::copy_n(sound.begin(), count, samples.begin() + static_cast<std::ptrdiff_t>(start));
  }
  return samples;
}

std::optional<Excerpt> cut_excerpt(std::span<const float> sound, std::size_t index, std::size_t count,
                                   KeyedRandom& random) {
  constexpr int kTries = 8;
  constexpr double kQuietDbfs = -45.0;
  if (sound.size() < kOutlierSamples) return std::nullopt;
  const double places = static_cast<double>(sound.size() - kOutlierSamples) / static_cast<double>(count);
  for (int time = 0; time < kTries; ++time) {
    const auto start = static_cast<std::size_t>(places * (static_cast<double>(index) + random.uniform()));
    const std::span<const float> cut = sound.subspan(start, kOutlierSamples);
    Excerpt excerpt{time_of(start), {cut.begin(), cut.end()}};
    if (static_cast<double>(peak_of(excerpt.samples)) >= gain_of_db(kQuietDbfs)) return excerpt;
  }
  return std::nullopt;
}

}  // namespace earshot
