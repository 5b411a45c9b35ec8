#include "daemon/net/SecretFile.h"

#include <sys/stat.h>

#include "dsp/base/Error.h"
#include "dsp/base/ReadFile.h"
#include "dsp/base/Utf8.h"

namespace earshot {

bool is_open_to_all(const std::filesystem::path& path) noexcept {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IROTH | S_IWOTH)) != 0;
}

// Not "chmod 600": a service reads what is root's as one of its group.
void expect_secret(const std::filesystem::path& path) {
  if (!is_open_to_all(path)) return;
  const std::string file = printable(path.string());
  throw Error(ExitCode::config, file + ": found a file that every user of this machine may read or write, " +
                                    "expected one for its owner and group (chmod o= " + file + ')');
}

std::string read_secret(const std::filesystem::path& path, std::uintmax_t most_bytes,
                        const std::string& what) {
  std::string text = read_file(path, most_bytes, what);
  expect_secret(path);
  return text;
}

}  // namespace earshot
