#include "daemon/client/AlsoHeard.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include <spdlog/fmt/fmt.h>

namespace earshot {

std::string also_heard(std::span<const ScoredLabel> scores) {
  constexpr double kHeard = 0.5;
  std::vector<ScoredLabel> heard;
  std::copy_if(scores.begin(), scores.end(), std::back_inserter(heard),
               [](const ScoredLabel& each) { return each.score >= kHeard; });
  std::stable_sort(heard.begin(), heard.end(),
                   [](const ScoredLabel& a, const ScoredLabel& b) { return a.score > b.score; });
  std::string text;
  for (std::size_t i = 1; i < heard.size(); ++i) {
    text += fmt::format(", {} {:.1f} %", heard[i].label, 100.0 * heard[i].score);
  }
  return text;
}

}  // namespace earshot
