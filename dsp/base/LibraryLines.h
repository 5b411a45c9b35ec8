// LibraryLines: what C libraries print on standard error, handed over line by line instead.
#pragma once

#include <string_view>

namespace earshot {

/// From here on, for the rest of the process, what is printed through C's `stderr`, by ALSA, JACK or mpg123,
/// reaches `take` in place of standard error: each line, as printable() shows it, on the thread that prints.
/// std::cerr, whoever writes to the descriptor, a failing assertion and std::terminate still reach standard
/// error. Call once, before there are other threads.
void take_library_lines(void (*take)(std::string_view line) noexcept) noexcept;

}  // namespace earshot
