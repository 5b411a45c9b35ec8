// Html: text that comes from outside, made safe to stand in a page.
#pragma once

#include <string>
#include <string_view>

namespace earshot {

/// repaired_utf8() with & < > " ' as entities, control characters other than tab and newline as U+FFFD: safe as
/// an element's content and inside a quoted attribute.
std::string html_escaped(std::string_view text);

/// RFC 4648.
std::string base64(std::string_view bytes);

}  // namespace earshot
