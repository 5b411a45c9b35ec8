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
};

/// False of what is taken as fast as it comes: its timeline is no clock's.
bool keeps_time(const SourceSettings& source);

/// Those that keep time and are sources themselves.
std::vector<BookedSource> booked_sources(const std::vector<SourceSettings>& sources);

}  // namespace earshot
