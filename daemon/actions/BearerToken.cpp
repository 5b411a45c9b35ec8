#include "daemon/actions/BearerToken.h"

#include <algorithm>

#include "daemon/net/SecretFile.h"
#include "dsp/base/Error.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

constexpr std::uintmax_t kMostBearerBytes = 4096;

}  // namespace

std::string read_bearer_token(const std::filesystem::path& path) {
  std::string text = read_secret(path, kMostBearerBytes, "a token");
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  // It goes into a header's line.
  if (text.empty() || std::ranges::any_of(text, [](unsigned char c) { return c <= ' ' || c >= 0x7F; }))
    throw Error(ExitCode::config, printable(path.string()) + ": found " +
                                      (text.empty() ? "nothing" : "spaces, more than a line or no ASCII") +
                                      ", expected a token on a line of its own");
  return text;
}

}  // namespace earshot
