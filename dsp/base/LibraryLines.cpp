#include "dsp/base/LibraryLines.h"

#include <sys/types.h>

#include <cstdio>
#include <exception>
#include <string>
#include <utility>

#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

constexpr std::size_t kMostLineBytes = 1024;

void (*take_line)(std::string_view line) noexcept = nullptr;
std::FILE* standard_error = nullptr;
std::terminate_handler terminate_before = nullptr;

void hand_over(std::string_view line) noexcept {
  // Whoever prints while a line is taken prints about just that.
  thread_local bool taking = false;
  if (taking || line.find(": Assertion `") != std::string_view::npos) {
    std::fprintf(standard_error, "%.*s\n", static_cast<int>(line.size()), line.data());
  } else if (!line.empty()) {
    taking = true;
    take_line(printable(line));
    taking = false;
  }
}

// The C library holds the stream's lock meanwhile: one thread at a time.
ssize_t take_bytes(void*, const char* bytes, std::size_t count) noexcept {
  static std::string begun;
  std::string_view rest(bytes, count);
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    begun += rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (end != std::string_view::npos || begun.size() > kMostLineBytes) {
      hand_over(std::exchange(begun, {}));
    }
  }
  return static_cast<ssize_t>(count);
}

}  // namespace

void take_library_lines(void (*take)(std::string_view line) noexcept) noexcept {
  // In the GNU C library `stderr` is a variable that may be set.
  std::FILE* lines = ::fopencookie(
      nullptr, "w", {.read = nullptr, .write = take_bytes, .seek = nullptr, .close = nullptr});
  if (!lines) return;
  std::setvbuf(lines, nullptr, _IONBF, 0);
  take_line = take;
  standard_error = std::exchange(stderr, lines);
  terminate_before = std::set_terminate([] {
    stderr = standard_error;
    terminate_before();
  });
}

}  // namespace earshot
