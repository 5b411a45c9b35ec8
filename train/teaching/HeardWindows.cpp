#include "train/teaching/HeardWindows.h"

#include <algorithm>

#include "train/measuring/Metrics.h"

namespace earshot {

void HeardWindows::add(std::uint64_t start_sample, std::span<const float> logits) {
  rows = logits.size();
  starts.push_back(start_sample);
  for (const float logit : logits) scores.push_back(score_of_logit(logit));
}

std::vector<double> HeardWindows::mean_log_scores() const {
  std::vector<double> means(rows, 0.0);
  for (std::size_t i = 0; i < scores.size(); ++i)
    means[i % rows] += bounded_log(static_cast<double>(scores[i]));
  for (double& mean : means) mean /= static_cast<double>(std::max<std::size_t>(size(), 1));
  return means;
}

std::size_t HeardWindows::highest() const {
  const std::vector<double> means = mean_log_scores();
  return means.empty() ? 0 : static_cast<std::size_t>(std::ranges::max_element(means) - means.begin());
}

std::vector<WindowScore> HeardWindows::of_row(std::size_t row) const {
  std::vector<WindowScore> own;
  for (std::size_t i = 0; i < size(); ++i) own.push_back({starts[i], window(i)[row]});
  return own;
}

HeardWindows hear_windows(const HeadRows& head, const WindowEmbeddings& windows,
                          std::span<const std::size_t> which) {
  HeardWindows heard;
  heard.rows = head.rows();
  for (const std::size_t i : which)
    heard.add(windows.windows[i].start_sample, head_logits(head, windows.embedding(i)));
  return heard;
}

}  // namespace earshot
