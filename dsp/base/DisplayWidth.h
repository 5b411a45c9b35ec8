// DisplayWidth: how many columns of a terminal a text takes, and a text cut to as many as there are.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace earshot {

/// Of UTF-8 that printable() left as it is: wide characters (CJK, emoji) take two columns, combining ones
/// none, nor do sequences that set colours ("\x1b[1m"). Bytes that are not UTF-8 take one.
std::size_t display_width(std::string_view text);

/// `text` if it fits into `columns`, else its beginning with an ellipsis ("..." without `unicode`) at the end
/// that fits; colours that it set are set back. Any thread.
std::string cut_to_width(std::string_view text, std::size_t columns, bool unicode);

}  // namespace earshot
