// Words: an enum's values as words, for files that people and programs read.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>

namespace earshot {

// An enum E that has words gives them in the order of its values: an array words_of(E) beside it.

template <class E>
constexpr std::string_view word_of(E value) {
  return words_of(value)[static_cast<std::size_t>(value)];
}

/// The value of that word; nothing if none has it.
template <class E>
constexpr std::optional<E> value_of_word(std::string_view word) {
  const auto words = words_of(E{});
  const auto found = std::ranges::find(words, word);
  return found == words.end() ? std::nullopt : std::optional(static_cast<E>(found - words.begin()));
}

}  // namespace earshot
