// BooksPage: the books as `earshot books` shows them.
#pragma once

#include <chrono>
#include <string>

#include "daemon/books/Books.h"
#include "daemon/client/Since.h"

namespace earshot {

/// For people: a paragraph a source, below it its gaps, of many the longest. `folder` is where the books are.
std::string books_page(const Books& books, const Since& since, const std::string& folder);

/// One JSON document, every gap, exact.
std::string books_json(const Books& books, const std::string& folder);

/// "0.2 s", "12.4 s", "3 min 12 s", "23 h 59 min", "2 d 4 h": never more than it is, but for less than 0.1 s.
std::string duration_text(std::chrono::microseconds time);

}  // namespace earshot
