#include "dsp/base/NearestName.h"

#include <numeric>
#include <utility>
#include <vector>

namespace earshot {

// By one row of the table.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({replaced, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

// Two letters off, and not most of a short word: "pace" is no "name".
bool looks_like(std::string_view a, std::string_view b) {
  const std::size_t longest = std::max(a.size(), b.size());
  return edit_distance(a, b) <= std::min<std::size_t>(2, (longest + 1) / 3);
}

}  // namespace earshot
