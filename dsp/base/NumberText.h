// NumberText: whether what somebody typed where a number belongs is one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace earshot {

/// Why `text` is no whole number from `least` to `most`, "found '1e3', expected a whole number from 1 to 64";
/// nothing if it is one: decimal digits, after a minus where `least` is negative.
std::string whole_number_problem(std::string_view text, std::int64_t least, std::uint64_t most);

/// Why `text` is no number from `least` to `most`; nothing if it is one: "-60", "0.5", "1e3". NaN is none.
std::string number_problem(std::string_view text, double least, double most);

}  // namespace earshot
