#include "dsp/base/JsonWriter.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace earshot {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// How many bytes at the start of `text` (not empty) form one code point, or, negated, one ill-formed part.
std::ptrdiff_t utf8_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  std::size_t length = 0;
  unsigned char second_least = 0x80;
  unsigned char second_most = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) second_least = 0xA0;  // shorter forms exist
    if (lead == 0xED) second_most = 0x9F;   // surrogates
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) second_least = 0x90;
    if (lead == 0xF4) second_most = 0x8F;  // beyond U+10FFFF
  } else {
    return -1;
  }
  for (std::size_t i = 1; i < length; ++i) {
    const unsigned char least = i == 1 ? second_least : 0x80;
    const unsigned char most = i == 1 ? second_most : 0xBF;
    if (i >= text.size() || byte(i) < least || byte(i) > most) return -static_cast<std::ptrdiff_t>(i);
  }
  return static_cast<std::ptrdiff_t>(length);
}

template <typename Append>
void for_each_code_point(std::string_view text, Append append) {
  while (!text.empty()) {
    const std::ptrdiff_t length = utf8_length(text);
    const auto used = static_cast<std::size_t>(std::abs(length));
    append(length > 0 ? text.substr(0, used) : kReplacement);
    text.remove_prefix(used);
  }
}

template <typename... Arguments>
void append_number(std::string& text, Arguments... arguments) {
  // Long enough for any double in fixed notation with few decimals (309 digits and a sign before the point).
  std::array<char, 350> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), arguments...);
  text.append(digits.data(), end);
}

}  // namespace

std::string repaired_utf8(std::string_view text) {
  std::string repaired;
  repaired.reserve(text.size());
  for_each_code_point(text, [&](std::string_view part) { repaired += part; });
  return repaired;
}

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
  for_each_code_point(text, [&](std::string_view part) {
    const char first = part.front();
    if (first == '"' || first == '\\') {
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
  });
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
  if (std::isfinite(number)) {
    append_number(text_, number);
  } else {
    text_ += "null";
  }
  return *this;
}

JsonWriter& JsonWriter::value(double number) {
  separate();
  if (std::isfinite(number)) {
    append_number(text_, number);
  } else {
    text_ += "null";
  }
  return *this;
}

JsonWriter& JsonWriter::fixed(double number, int decimals) {
  separate();
  if (std::isfinite(number)) {
    append_number(text_, number, std::chars_format::fixed, decimals);
  } else {
    text_ += "null";
  }
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
