// SenderIntroduction: the first line of a sender that is one of many: who it is and what it sends.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "daemon/settings/Config.h"

namespace earshot {

struct SenderIntroduction {
  static constexpr std::size_t kMostLineBytes = 1024;
  static constexpr std::size_t kMostNameBytes = 32;

  std::string source;
  PcmSettings pcm;

  /// Of a line without its '\n', of any bytes; what it does not tell is `usual`. Or what is wrong with it,
  /// for people: printable, and short.
  static std::variant<SenderIntroduction, std::string> parse(std::string_view line, const PcmSettings& usual);

  /// Ends with '\n'.
  std::string line() const;
};

/// Letters, digits, '_' and '-', at most kMostNameBytes of them.
bool is_sender_name(std::string_view name) noexcept;

/// What a sender that may not come in is told: {"error":"..."}, and '\n'.
std::string refusal_line(std::string_view why);
/// The other way round; nothing if the line is none.
std::string refusal_of(std::string_view line);

}  // namespace earshot
