#include "dsp/base/JsonWriter.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

template <typename... Arguments>
void append_number(std::string& text, Arguments... arguments) {
  // Long enough for any double in fixed notation with few decimals (309 digits and a sign before the point).
  std::array<char, 350> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), arguments...);
  text.append(digits.data(), end);
}

// JSON has no word for the others.
template <typename Number, typename... Format>
void append_finite(std::string& text, Number number, Format... format) {
  if (std::isfinite(number)) {
    append_number(text, number, format...);
  } else {
    text += "null";
  }
}

}  // namespace

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  text_ += bracket;
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  text_ += bracket;
  comma_ = true;
  return *this;
}

void JsonWriter::separate() {
  if (comma_) text_ += ',';
  comma_ = true;
}

void JsonWriter::quote(std::string_view text) {
  text_ += '"';
  while (!text.empty()) {
    const std::ptrdiff_t length = code_point_length(text);
    const std::string_view part = text.substr(0, static_cast<std::size_t>(std::abs(length)));
    const char first = part.front();
    if (length < 0) {
      text_ += repaired_utf8(part);
    } else if (first == '"' || first == '\\') {
      text_ += '\\';
      text_ += first;
    } else if (first == '\n') {
      text_ += "\\n";
    } else if (static_cast<unsigned char>(first) < 0x20 || first == 0x7F) {
      constexpr std::string_view kHex = "0123456789abcdef";
      text_ += "\\u00";
      text_ += kHex[static_cast<unsigned char>(first) >> 4];
      text_ += kHex[static_cast<unsigned char>(first) & 15];
    } else {
      text_ += part;
    }
    text.remove_prefix(part.size());
  }
  text_ += '"';
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  quote(name);
  text_ += ':';
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  quote(text);
  return *this;
}

JsonWriter& JsonWriter::value(bool truth) {
  separate();
  text_ += truth ? "true" : "false";
  return *this;
}

JsonWriter& JsonWriter::value(float number) {
  separate();
  append_finite(text_, number);
  return *this;
}

JsonWriter& JsonWriter::value(double number) {
  separate();
  append_finite(text_, number);
  return *this;
}

JsonWriter& JsonWriter::fixed(double number, int decimals) {
  separate();
  append_finite(text_, number, std::chars_format::fixed, decimals);
  return *this;
}

JsonWriter& JsonWriter::unsigned_value(std::uint64_t number) {
  separate();
  append_number(text_, number);
  return *this;
}

std::string JsonWriter::take_line() {
  text_ += '\n';
  comma_ = false;
  return std::exchange(text_, {});
}

}  // namespace earshot
