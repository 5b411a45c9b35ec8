// BookedSource: what of a source's configuration the books have to know.
#pragma once

#include <string>
#include <vector>

#include "daemon/settings/Config.h"

namespace earshot {

struct BookedSource {
  std::string name;
  bool recorded = false;  ///< it has an end of its own, after which nothing of it is missed: a file, standard input
  bool timeless = false;  ///< taken as fast as it comes: its timeline is no clock's, and no books are kept of it
};

std::vector<BookedSource> booked_sources(const std::vector<SourceSettings>& sources);

}  // namespace earshot
