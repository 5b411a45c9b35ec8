// JsonText: a JSON document for people to read, too: indented, short lists on one line, the shortest numbers.
#pragma once

#include <string>

#include <boost/json/value.hpp>

namespace earshot {

/// Ends with a newline. Doubles get as many digits as it takes to read them back; text that is not UTF-8 is
/// repaired.
std::string json_text(const boost::json::value& document);

}  // namespace earshot
