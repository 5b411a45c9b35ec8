// without_passwords: text of others as the log may show it.
#pragma once

#include <string>
#include <string_view>

namespace earshot {

/// Passwords in URLs become three stars: "rtsp://user:***@host", "http://host/live?user=me&password=***".
/// Where a password that nobody escaped makes a URL ambiguous, more is struck out rather than less.
std::string without_passwords(std::string_view text);

}  // namespace earshot
