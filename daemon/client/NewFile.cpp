#include "daemon/client/NewFile.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "dsp/base/Error.h"
#include "dsp/base/Utf8.h"

namespace earshot {

void write_new_file(const std::filesystem::path& path, mode_t mode, std::string_view text) {
  const std::string name = printable(path.string());
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0 && errno == EEXIST)
    throw Error(ExitCode::io, name + ": found a file there, expected none: it is not overwritten");
  if (file < 0) throw Error(ExitCode::io, name + ": cannot write: " + std::generic_category().message(errno));
  const ssize_t written = ::write(file, text.data(), text.size());
  const bool good = written == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
  const int reason = written < 0 ? errno : good ? 0 : ENOSPC;
  ::close(file);
  if (good) return;
  ::unlink(path.c_str());
  throw Error(ExitCode::io, name + ": cannot write: " + std::generic_category().message(reason));
}

}  // namespace earshot
