#include "dsp/base/ReadFile.h"

#include <cerrno>
#include <fstream>
#include <system_error>

#include "dsp/base/Error.h"

namespace earshot {

std::string read_file(const std::filesystem::path& path, std::uintmax_t most_bytes, const std::string& what) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    const std::string why = error ? error.message() : std::string("is not a file");
    throw Error(ExitCode::no_input, path.string() + ": " + why + ", expected " + what);
  }
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (!error && size > most_bytes) {
    throw Error(ExitCode::bad_data, path.string() + ": has " + std::to_string(size) + " bytes, expected " +
                                        what + " of at most " + std::to_string(most_bytes));
  }
  std::ifstream file(path, std::ios::binary);
  if (error || !file) {
    throw Error(ExitCode::no_input,
                path.string() + ": cannot be read (" + std::generic_category().message(errno) + ")");
  }
  std::string bytes(static_cast<std::size_t>(size), '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (static_cast<std::uintmax_t>(file.gcount()) != size) {
    throw Error(ExitCode::io, path.string() + ": read " + std::to_string(file.gcount()) +
                                  " bytes, expected " + std::to_string(size));
  }
  return bytes;
}

}  // namespace earshot
