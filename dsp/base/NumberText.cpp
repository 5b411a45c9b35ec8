#include "dsp/base/NumberText.h"

#include <charconv>
#include <limits>
#include <sstream>

#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

/// Whether all of `text` is one number that `value` can hold.
template <typename Number>
bool read_all(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

/// A leading zero is how other programs write octal.
bool is_plain(std::string_view digits) {
  return digits == "0" || !digits.starts_with('0');
}

bool is_whole_number(std::string_view text, std::int64_t least, std::uint64_t most) {
  if (text.starts_with('-')) {
    std::int64_t value = 0;
    return is_plain(text.substr(1)) && read_all(text, value) && value < 0 && value >= least;
  }
  std::uint64_t value = 0;
  if (!is_plain(text) || !read_all(text, value) || value > most) return false;
  return least <= 0 || value >= static_cast<std::uint64_t>(least);
}

/// " from 1 to 64", ", 1 at least", or nothing: the limits of a type are not what anybody would name.
template <typename Least, typename Most>
std::string range(Least least, Most most) {
  using Int = std::numeric_limits<std::int32_t>;
  const bool any_most = most == std::numeric_limits<Most>::max() || most == static_cast<Most>(Int::max());
  if (any_most && (least == std::numeric_limits<Least>::lowest() || least == static_cast<Least>(Int::min())))
    return {};
  std::ostringstream text;
  text.precision(10);
  if (any_most) {
    text << ", " << least << " at least";
  } else {
    text << " from " << least << " to " << most;
  }
  return text.str();
}

std::string found(std::string_view text) {
  return text.empty() ? "found nothing" : "found '" + printable(text) + '\'';
}

}  // namespace

std::string whole_number_problem(std::string_view text, std::int64_t least, std::uint64_t most) {
  if (is_whole_number(text, least, most)) return {};
  return found(text) + ", expected a whole number" + range(least, most);
}

std::string number_problem(std::string_view text, double least, double most) {
  double value = 0.0;
  if (read_all(text, value) && value >= least && value <= most) return {};
  return found(text) + ", expected a number" + range(least, most);
}

}  // namespace earshot
