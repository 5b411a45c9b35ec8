// Utf8: whether text that comes from elsewhere is UTF-8, and how it is shown where it is not.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace earshot {

/// How many bytes at the start of `text` (not empty) form one code point, or, negated, one maximal ill-formed
/// part (Unicode 15, 3.9, tables 3-7 and 3-8).
std::ptrdiff_t code_point_length(std::string_view text) noexcept;

/// The code point that `character`, the bytes of just one, stands for.
char32_t code_point(std::string_view character) noexcept;

/// `text` as UTF-8: each maximal ill-formed part becomes U+FFFD.
std::string repaired_utf8(std::string_view text);

/// `text` as one line that changes nothing on a terminal and forges no line of a log: control characters,
/// line separators, what turns the direction of writing, and bytes that are not UTF-8 are written out as
/// "\n", "\x1b" or "\u202e".
std::string printable(std::string_view text);

/// Long enough for a label or a file's name.
inline constexpr std::size_t kMaxNameBytes = 256;

/// Why `text` cannot be a name that people and programs read, "is not UTF-8: byte 3 is 0xE9": nothing if it
/// can. Such a name is UTF-8, not empty, of at most kMaxNameBytes, and printable() changes nothing in it.
std::string name_problem(std::string_view text);

/// The encoding that a file's first bytes betray, "UTF-16", if that is not UTF-8; empty otherwise. A text in
/// an encoding of single bytes betrays itself only where it has letters beyond ASCII.
std::string_view foreign_encoding(std::string_view bytes) noexcept;

}  // namespace earshot
