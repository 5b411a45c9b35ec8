// HelperLine: what a capture helper tells the daemon, a line each on its standard output.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace earshot {

struct HelperLine {
  enum class Kind { recording, failed, says };

  Kind kind = Kind::says;
  int rate_hz = 0;       ///< of recording
  std::string text;      ///< the device's name, the reason, or what a library said
  std::string hardware;  ///< of recording

  /// Ends with '\n'; tabs and line ends in the texts are shown as printable() does.
  std::string line() const;
  /// Of a line without its '\n'. Nothing if it is none of the three.
  static std::optional<HelperLine> parse(std::string_view line);
};

}  // namespace earshot
