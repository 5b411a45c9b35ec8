#include "dsp/base/NearestName.h"

#include <numeric>
#include <utility>
#include <vector>

namespace earshot {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last;  // rows of the table
  std::vector<std::size_t> last(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = std::exchange(last, row);
  }
  return last.back();
}

// Two letters off, and not most of a short word: "pace" is no "name".
bool looks_like(std::string_view a, std::string_view b) {
  const std::size_t longest = std::max(a.size(), b.size());
  return edit_distance(a, b) <= std::min<std::size_t>(2, (longest + 1) / 3);
}

}  // namespace earshot
