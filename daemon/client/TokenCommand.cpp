#include "daemon/client/TokenCommand.h"

#include <sys/random.h>

#include <array>
#include <string>
#include <string_view>

#include "daemon/client/NewFile.h"
#include "dsp/base/Error.h"
#include "dsp/base/StandardOutput.h"

namespace earshot {
namespace {

constexpr std::size_t kTokenBytes = 32;
constexpr mode_t kOwnersAlone = 0600;

std::string random_digits() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<unsigned char, kTokenBytes> bytes;
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw Error(ExitCode::unavailable, "the system gives no random bytes");
  std::string digits;
  for (const unsigned char byte : bytes) {
    digits += kDigits[byte >> 4];
    digits += kDigits[byte & 15U];
  }
  return digits;
}

}  // namespace

void make_token(const std::optional<std::filesystem::path>& file, std::ostream& out) {
  const std::string line = random_digits() + '\n';
  if (file) return write_new_file(*file, kOwnersAlone, line);
  out << line;
  flush_output(out);
}

}  // namespace earshot
