// Html: text that comes from outside, made safe to stand in a page or a JSON document.
#pragma once

#include <string>
#include <string_view>

namespace earshot {

/// Bytes that are not UTF-8, and control characters other than tab and newline, become U+FFFD.
std::string valid_utf8(std::string_view text);

/// valid_utf8() with & < > " ' as entities: safe as an element's content and inside a quoted attribute.
std::string html_escaped(std::string_view text);

/// RFC 4648.
std::string base64(std::string_view bytes);

}  // namespace earshot
