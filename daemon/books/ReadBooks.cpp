#include "daemon/books/ReadBooks.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "daemon/books/BootId.h"
#include "daemon/books/Ledger.h"
#include "daemon/books/StateDirectory.h"
#include "dsp/base/Error.h"
#include "dsp/base/ReadFile.h"

namespace earshot {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMostBytes = 64 << 20;  // many times what a daemon writes
constexpr const char* kWhat = "earshotd's books";
constexpr int kTries = 5;
constexpr const char* kSystemFolder = "/var/lib/earshot";

ino_t inode_of(const fs::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

/// Adds the records of a file; false if the last line is none.
bool add_records(const fs::path& path, std::vector<BookRecord>& records) {
  const std::string text = read_file(path, kMostBytes, kWhat);
  bool whole = true;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const auto record = parse_book_line(std::string_view(text).substr(begin, end - begin));
    whole = record.has_value();
    if (record) records.push_back(*record);
    begin = end + 1;
  }
  return whole;
}

// A daemon may be writing: its last line, or a new file.
std::vector<BookRecord> read_records(const fs::path& directory) {
  const fs::path file = directory / kLedgerFile;
  const fs::path older = directory / kOlderLedgerFile;
  std::vector<BookRecord> records;
  for (int tries = 0; tries < kTries; ++tries) {
    records.clear();
    const ino_t inode = inode_of(file);
    std::error_code none;
    if (fs::exists(older, none)) add_records(older, records);
    // Between two pages there may be no file, for a second.
    const bool whole = inode == 0 && !records.empty() ? true : add_records(file, records);
    if (whole && inode == inode_of(file)) break;
  }
  return records;
}

fs::path user_folder(const char* variable, const char* in_home) {
  const char* given = std::getenv(variable);
  if (given && *given) return fs::path(given) / "earshot";
  const char* home = std::getenv("HOME");
  return home && *home ? fs::path(home) / in_home / "earshot" : fs::path();
}

}  // namespace

Books read_books(const fs::path& directory, UtcTime from) {
  const bool running = is_ledger_kept(directory);
  const std::vector<BookRecord> records = read_records(directory);
  const UtcTime now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  return books_of(records, from, now, running, boot_id());
}

fs::path find_books() {
  // systemd 252's user services keep their state where configurations are.
  const std::vector<fs::path> places{state_directory(), user_folder("XDG_CONFIG_HOME", ".config"),
                                     kSystemFolder};
  std::string looked;
  fs::path best;
  fs::file_time_type written;
  for (const fs::path& place : places) {
    if (place.empty()) continue;
    looked += (looked.empty() ? "" : ", ") + place.string();
    std::error_code error;
    const fs::file_time_type time = fs::last_write_time(place / kLedgerFile, error);
    if (error == std::errc::permission_denied) looked += " (" + error.message() + ')';
    if (error || (!best.empty() && time <= written + std::chrono::minutes(1))) continue;
    best = place;
    written = time;
  }
  if (best.empty())
    throw Error(ExitCode::no_input,
                std::string("found no books of earshotd, expected ") + kLedgerFile + " in one of: " + looked);
  return best;
}

}  // namespace earshot
