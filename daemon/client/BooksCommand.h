// `earshot books`: what was heard and what was not.
#pragma once

#include <filesystem>
#include <optional>
#include <ostream>
#include <string>

namespace earshot {

struct BooksSettings {
  std::string since = "24h";
  bool json = false;
  std::optional<std::string> source;               ///< just this one
  std::optional<std::filesystem::path> directory;  ///< else find_books()
};

/// Needs no daemon. Throws Error.
void show_books(const BooksSettings& settings, std::ostream& out);

}  // namespace earshot
