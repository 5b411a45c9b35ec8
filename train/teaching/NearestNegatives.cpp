#include "train/teaching/NearestNegatives.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <span>
#include <utility>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

namespace earshot {
namespace {

using Mean = std::vector<double>;

void add_to(Mean& sum, std::span<const float> embedding) {
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<double>(embedding[i]);
}

double cosine(const Mean& a, const Mean& b) {
  const auto product = [](const Mean& x, const Mean& y) {
    return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
  };
  const double lengths = std::sqrt(product(a, a) * product(b, b));
  return lengths > 0.0 ? product(a, b) / lengths : 0.0;
}

}  // namespace

std::vector<std::string> nearest_negatives(const DataSet& data, const TaughtLabels& taught,
                                           const WindowEmbeddings& windows, const NegativeBank& bank) {
  constexpr std::size_t kNamed = 3;
  std::vector<std::string> lines;
  if (bank.size() == 0) return lines;
  const std::size_t width = bank.width();
  std::vector<Mean> means;  // of each recording
  Mean middle(width, 0.0);
  std::vector<float> embedding(width);
  std::size_t window = 0;
  for (const NegativeBank::Recording& recording : bank.recordings) {
    Mean& mean = means.emplace_back(width, 0.0);
    for (std::size_t i = 0; i < recording.windows; ++i) {
      bank.read(window++, embedding);
      add_to(mean, embedding);
      add_to(middle, embedding);
    }
    for (double& value : mean) value /= static_cast<double>(std::max(recording.windows, std::size_t{1}));
  }
  for (double& value : middle) value /= static_cast<double>(bank.size());
  const auto without_middle = [&](Mean& mean) {
    for (std::size_t i = 0; i < width; ++i) mean[i] -= middle[i];
  };
  std::ranges::for_each(means, without_middle);
  for (const std::size_t label : taught.rows) {
    if (label < taught.base_labels) continue;
    Mean own(width, 0.0);
    std::size_t count = 0;
    for (std::size_t i = 0; i < windows.windows.size(); ++i) {
      const EmbeddedWindow& from = windows.windows[i];
      if (from.gain != 0 || from.clip >= data.clips.size()) continue;
      const std::vector<std::size_t> held = taught.held_by(data.clips[from.clip]);
      if (std::ranges::find(held, label) == held.end()) continue;
      add_to(own, windows.embedding(i));
      ++count;
    }
    if (count == 0) continue;
    for (double& value : own) value /= static_cast<double>(count);
    without_middle(own);
    std::vector<std::pair<double, std::size_t>> likeness;
    for (std::size_t i = 0; i < means.size(); ++i) {
      if (bank.recordings[i].windows > 0) likeness.emplace_back(cosine(own, means[i]), i);
    }
    const std::size_t named = std::min(kNamed, likeness.size());
    std::ranges::partial_sort(likeness, likeness.begin() + static_cast<std::ptrdiff_t>(named),
                              std::greater<>());
    std::vector<std::string> names;
    for (std::size_t i = 0; i < named; ++i) {
      const NegativeBank::Recording& recording = bank.recordings[likeness[i].second];
      names.push_back(fmt::format("{} ({}) {:.2f}", recording.file, fmt::join(recording.labels, ", "),
                                  likeness[i].first));
    }
    lines.push_back(
        fmt::format("'{}': the bank's nearest are {}; if they are what it is, --no-bank leaves a family out",
                    taught.labels[label], fmt::join(names, ", ")));
  }
  return lines;
}

}  // namespace earshot
