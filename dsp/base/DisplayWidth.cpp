#include "dsp/base/DisplayWidth.h"

#include <locale.h>
#include <wchar.h>

#include <algorithm>
#include <cstdlib>

#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

constexpr std::string_view kSetBack = "\x1b[0m";

/// The C library's table of widths, whatever the user's locale is: text here is UTF-8.
int width_of(char32_t code) {
  static const locale_t utf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (utf8 == nullptr) return 1;
  const locale_t before = ::uselocale(utf8);
  const int width = ::wcwidth(static_cast<wchar_t>(code));
  ::uselocale(before);
  return width < 0 ? 1 : width;
}

struct Piece {
  std::string_view text;
  std::size_t columns = 0;
  bool colour = false;
};

/// The first character or sequence of `text`, which is not empty.
Piece first_piece(std::string_view text) {
  if (text.starts_with("\x1b[")) {
    const std::size_t end = text.find('m');
    return {text.substr(0, end == std::string_view::npos ? end : end + 1), 0, true};
  }
  const std::ptrdiff_t length = code_point_length(text);
  const std::string_view part = text.substr(0, static_cast<std::size_t>(std::abs(length)));
  if (length < 0) return {part, part.size()};
  return {part, static_cast<std::size_t>(width_of(code_point(part)))};
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const Piece piece = first_piece(text);
    columns += piece.columns;
    text.remove_prefix(piece.text.size());
  }
  return columns;
}

std::string cut_to_width(std::string_view text, std::size_t columns, bool unicode) {
  if (display_width(text) <= columns) return std::string(text);
  const std::string_view ellipsis = unicode ? "\u2026" : std::string_view("...").substr(0, columns);
  const std::size_t room = columns - std::min(columns, display_width(ellipsis));
  std::string cut;
  bool coloured = false;
  for (std::size_t used = 0; !text.empty();) {
    const Piece piece = first_piece(text);
    if (used + piece.columns > room) break;
    used += piece.columns;
    if (piece.colour) coloured = piece.text != kSetBack;
    cut += piece.text;
    text.remove_prefix(piece.text.size());
  }
  if (columns > 0) cut += ellipsis;
  if (coloured) cut += kSetBack;
  return cut;
}

}  // namespace earshot
