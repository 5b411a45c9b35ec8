#include "dsp/base/Terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace earshot {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

// The first of the three that is set decides, as setlocale(3) has it.
bool utf8_locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view value = variable(name);
    if (value.empty()) continue;
    return value.ends_with("UTF-8") || value.ends_with("utf8") || value.ends_with("UTF8") ||
           value.ends_with("utf-8");
  }
  return false;
}

}  // namespace

int Terminal::columns() const noexcept {
  winsize size{};
  if (descriptor < 0 || ::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

int Terminal::rows() const noexcept {
  winsize size{};
  if (descriptor < 0 || ::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) return 24;
  return size.ws_row;
}

Terminal terminal_of(int descriptor) {
  const std::string_view kind = variable("TERM");
  if (::isatty(descriptor) == 0 || kind.empty() || kind == "dumb") return {};
  return {descriptor, true, variable("NO_COLOR").empty(), utf8_locale()};
}

}  // namespace earshot
