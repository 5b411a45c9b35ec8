#include "dsp/base/Utf8.h"

#include <array>
#include <cstdint>
#include <cstdlib>

namespace earshot {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

void append_hex(std::string& text, std::uint32_t value, int digits) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (int i = digits; i-- > 0;) text += kHex[value >> (4 * i) & 15U];
}

// C0, DEL, C1; line and paragraph separator; marks, embeddings and isolates that turn the direction.
bool is_unprintable(std::uint32_t code) noexcept {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x2028 || code == 0x2029 || code == 0x200E ||
         code == 0x200F || code == 0x061C || (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

void append_escaped(std::string& text, std::uint32_t code) {
  if (code == '\n') {
    text += "\\n";
  } else if (code == '\r') {
    text += "\\r";
  } else if (code == '\t') {
    text += "\\t";
  } else if (code < 0x80) {
    text += "\\x";
    append_hex(text, code, 2);
  } else {
    text += "\\u";
    append_hex(text, code, 4);
  }
}

std::string hex_byte(char byte) {
  std::string text = "0x";
  append_hex(text, static_cast<unsigned char>(byte), 2);
  return text;
}

}  // namespace

std::ptrdiff_t code_point_length(std::string_view text) noexcept {
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

char32_t code_point(std::string_view character) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(character[i])); };
  constexpr std::array<std::uint32_t, 5> kLeadMask = {0, 0x7F, 0x1F, 0x0F, 0x07};
  std::uint32_t code = byte(0) & kLeadMask[character.size()];
  for (std::size_t i = 1; i < character.size(); ++i) code = code << 6U | (byte(i) & 0x3FU);
  return static_cast<char32_t>(code);
}

std::string repaired_utf8(std::string_view text) {
  std::string repaired;
  repaired.reserve(text.size());
  while (!text.empty()) {
    const std::ptrdiff_t length = code_point_length(text);
    const auto used = static_cast<std::size_t>(std::abs(length));
    repaired += length > 0 ? text.substr(0, used) : kReplacement;
    text.remove_prefix(used);
  }
  return repaired;
}

std::string printable(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const std::ptrdiff_t length = code_point_length(text);
    const std::string_view part = text.substr(0, static_cast<std::size_t>(std::abs(length)));
    if (length < 0) {
      for (const char byte : part) {
        shown += "\\x";
        append_hex(shown, static_cast<unsigned char>(byte), 2);
      }
    } else if (const char32_t code = code_point(part); is_unprintable(code)) {
      append_escaped(shown, code);
    } else {
      shown += part;
    }
    text.remove_prefix(part.size());
  }
  return shown;
}

std::string name_problem(std::string_view text) {
  if (text.empty()) return "is empty";
  if (text.size() > kMaxNameBytes) {
    return "has " + std::to_string(text.size()) + " bytes, expected at most " + std::to_string(kMaxNameBytes);
  }
  for (std::size_t at = 0; at < text.size();) {
    const std::ptrdiff_t length = code_point_length(text.substr(at));
    const std::string place = ": byte " + std::to_string(at + 1) + " is ";
    if (length < 0) return "is not UTF-8" + place + hex_byte(text[at]);
    const std::string_view part = text.substr(at, static_cast<std::size_t>(length));
    if (is_unprintable(code_point(part))) {
      std::string code;
      append_escaped(code, code_point(part));
      return "holds a control character" + place + code;
    }
    at += part.size();
  }
  return {};
}

std::string_view foreign_encoding(std::string_view bytes) noexcept {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\xFF\xFE\0\0"sv) || bytes.starts_with("\0\0\xFE\xFF"sv)) return "UTF-32";
  if (bytes.starts_with("\xFF\xFE"sv) || bytes.starts_with("\xFE\xFF"sv)) return "UTF-16";
  // Without a mark: every other byte of text in a Latin script is zero.
  constexpr std::size_t kLooked = 64;
  const std::string_view front = bytes.substr(0, kLooked - kLooked % 2);
  std::size_t zeros[2] = {0, 0};
  for (std::size_t i = 0; i < front.size(); ++i) zeros[i % 2] += front[i] == '\0' ? 1U : 0U;
  const std::size_t half = front.size() / 2;
  if (half >= 2 && ((zeros[0] * 4 > half * 3 && zeros[1] == 0) || (zeros[1] * 4 > half * 3 && zeros[0] == 0)))
    return "UTF-16";
  return {};
}

}  // namespace earshot
