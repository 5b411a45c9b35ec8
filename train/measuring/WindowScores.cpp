#include "train/measuring/WindowScores.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "train/teaching/TeachingSet.h"

namespace earshot {

WindowScores score_windows(const Base& base, const DataSet& data, std::span<const std::size_t> which,
                           const WindowEmbeddings& windows) {
  constexpr float kNextToNothing = std::numeric_limits<float>::min();
  std::vector<bool> unread(which.size());
  for (const FeatureSet::Problem& problem : windows.problems) unread[problem.clip] = true;
  std::vector<std::size_t> read;
  std::vector<std::size_t> of_windows;
  std::size_t window = 0;
  const HeadRows rows = all_rows(base.model, base.head);
  const std::size_t labels = rows.rows();
  std::vector<std::vector<float>> scores;  // of each read clip its windows', labels each
  for (std::size_t i = 0; i < which.size(); ++i) {
    const std::size_t first = window;
    while (window < windows.windows.size() && windows.windows[window].clip == i) ++window;
    if (unread[i]) continue;
    read.push_back(which[i]);
    of_windows.insert(of_windows.end(), window - first, which[i]);
    scores.push_back(head_logits(
        rows, std::span(windows.values).subspan(first * windows.width, (window - first) * windows.width)));
    std::ranges::transform(scores.back(), scores.back().begin(), score_of_logit);
  }
  WindowScores scored{unscored_clips(base.model, data, read), unscored_clips(base.model, data, of_windows)};
  for (std::size_t clip = 0; clip < scores.size(); ++clip) {
    const std::vector<float>& own = scores[clip];
    scored.windows.scores.insert(scored.windows.scores.end(), own.begin(), own.end());
    const std::size_t count = own.size() / labels;
    for (std::size_t label = 0; label < labels; ++label) {
      double sum = 0.0;
      for (std::size_t i = 0; i < count; ++i)
        sum += std::log(
            std::max(static_cast<double>(own[i * labels + label]), static_cast<double>(kNextToNothing)));
      const bool present = scored.clips.present[clip * labels + label] != 0;
      const float none = present ? 0.0F : kNextToNothing;
      scored.clips.scores.push_back(count > 0 ? static_cast<float>(std::exp(sum / static_cast<double>(count)))
                                              : none);
    }
  }
  return scored;
}

}  // namespace earshot
