#include "daemon/doctor/DiskCheck.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>

#include <spdlog/fmt/fmt.h>

#include "daemon/books/ReadBooks.h"
#include "daemon/client/BooksPage.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kLittle = 100 * kMiB;
constexpr std::uint64_t kHardlyAny = 5 * kMiB;

std::string books_text(const std::filesystem::path& folder) {
  const UtcTime now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  try {
    const Books books = read_books(folder, now - 24h);
    if (!books.began) return "no books yet";
    return "books written " + duration_text(now - books.written) + " ago";
  } catch (const Error& error) {
    return error.code() == ExitCode::no_input ? "no books yet" : error.what();
  }
}

// The folder itself, or the one above in which it will be made.
std::filesystem::path existing(std::filesystem::path folder) {
  std::error_code none;
  while (!std::filesystem::exists(folder, none) && folder.has_relative_path()) folder = folder.parent_path();
  return folder;
}

}  // namespace

Finding disk_finding(const DiskFacts& facts) {
  const std::string text =
      fmt::format("{}, {} MiB free, {}", facts.folder, facts.free_bytes / kMiB, facts.books);
  if (facts.read_only)
    return found_wrong(facts.folder + ": its file system is read-only", "see dmesg; mount -o remount,rw");
  if (!facts.refusal.empty()) {
    return found_wrong(facts.refusal,
                       fmt::format("sudo install -d -o {} -m 0750 {}", facts.user, facts.folder));
  }
  if (facts.free_bytes < kHardlyAny) return found_wrong(text, "make room; the books are not kept without");
  if (facts.free_bytes < kLittle) return found_doubtful(text, "make room");
  return found_ok(text);
}

Findings check_disk(const Patient& patient) {
  const std::filesystem::path folder = books_directory(patient);
  if (folder.empty())
    return {found_doubtful("no folder for the books: HOME is not set",
                           "set HOME or XDG_STATE_HOME for earshotd")};
  const std::filesystem::path there = existing(folder);
  struct statvfs disk {};
  if (::statvfs(there.c_str(), &disk) != 0)
    return {found_wrong(there.string() + ": " + std::generic_category().message(errno),
                        "see that it can be reached")};
  const bool service = patient.is_service && !patient.unit.of_user;
  return {
      disk_finding({.folder = folder.string(),
                    // systemd makes the service's own
                    .refusal = service && there != folder ? "" : refusal(patient.account, there, W_OK | X_OK),
                    .user = patient.account.name,
                    .free_bytes = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize,
                    .read_only = (disk.f_flag & ST_RDONLY) != 0,
                    .books = books_text(folder)})};
}

}  // namespace earshot
