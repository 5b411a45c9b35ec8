// read_books: the books as they lie on the disk, and where that is.
#pragma once

#include <filesystem>

#include "daemon/books/Books.h"

namespace earshot {

/// Those in `directory`, from then up to now; a daemon may be writing them. Throws Error(no_input) if there
/// are none, or this user may not read them.
Books read_books(const std::filesystem::path& directory, UtcTime from);

/// Where `earshot books` looks: of the user's and the system's folders the first whose books were written to
/// last, give or take a minute. Throws Error(no_input) naming all if there are none in any.
std::filesystem::path find_books();

}  // namespace earshot
