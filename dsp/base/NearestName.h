// NearestName: what somebody may have meant by a word that is none of those known.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace earshot {

/// Letters that are added, left out, replaced or changed places with their neighbour to make one of the other
/// (Damerau 1964; no letter is touched twice).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// Whether one may be the other, misspelt.
bool looks_like(std::string_view a, std::string_view b);

/// Of a range of strings the one nearest to `word`, the first of equals, if they look alike; else null.
template <class Names>
const std::string* nearest_name(const Names& names, std::string_view word) {
  const auto nearest = std::ranges::min_element(
      names, {}, [word](const std::string& name) { return edit_distance(name, word); });
  return nearest != std::ranges::end(names) && looks_like(*nearest, word) ? &*nearest : nullptr;
}

}  // namespace earshot
