// BookedSource: what of a source's configuration the books have to know.
#pragma once

#include <string>
#include <vector>

#include "daemon/settings/Config.h"

namespace earshot {

struct BookedSource {
  std::string name;
  /// It has an end of its own, after which nothing of it is missed: a file, standard input.
  bool recorded = false;
  /// Taken as fast as it comes: its timeline is no clock's, and no books are kept of it.
  bool timeless = false;
};

std::vector<BookedSource> booked_sources(const std::vector<SourceSettings>& sources);

}  // namespace earshot
