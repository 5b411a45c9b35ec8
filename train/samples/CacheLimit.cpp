#include "train/samples/CacheLimit.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <tuple>
#include <vector>

namespace earshot {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMostBytes = std::uintmax_t{8} << 30U;
constexpr std::size_t kDigestDigits = 64;

struct Entry {
  std::int64_t used_ns = 0;  ///< since 1970, as the file's time of modification says
  std::uintmax_t bytes = 0;
  fs::path path;
};

bool is_digest(std::string_view name) {
  return name.size() == kDigestDigits && name.find_first_not_of("0123456789abcdef") == name.npos;
}

/// Or what a process that was killed left of one.
bool is_entry(std::string_view name) {
  return is_digest(name.substr(0, kDigestDigits)) &&
         (name.size() == kDigestDigits || name.substr(kDigestDigits).starts_with(".tmp"));
}

template <typename Visit>
void visit_names(const fs::path& directory, const Visit& visit) {
  std::error_code gone;
  for (fs::directory_iterator at(directory, gone), end; !gone && at != end; at.increment(gone)) {
    visit(at->path());
  }
}

/// Nothing else that may lie there: a cache is removed from, so that only what it is sure of is its own.
std::vector<Entry> entries_below(const fs::path& directory) {
  using std::chrono::system_clock;
  const std::int64_t hour_ago_ns =
      std::chrono::nanoseconds((system_clock::now() - std::chrono::hours(1)).time_since_epoch()).count();
  std::vector<Entry> entries;
  visit_names(directory, [&](const fs::path& recipe) {
    if (!is_digest(recipe.filename().string())) return;
    visit_names(recipe, [&](const fs::path& file) {
      struct stat status {};
      if (!is_entry(file.filename().string()) || ::lstat(file.c_str(), &status) != 0 ||
          !S_ISREG(status.st_mode)) {
        return;
      }
      const std::int64_t used_ns = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
      const bool unfinished = file.filename().string().size() != kDigestDigits;
      if (unfinished && used_ns > hour_ago_ns) return;  // somebody writes it
      entries.push_back({used_ns, static_cast<std::uintmax_t>(status.st_size), file});
    });
  });
  return entries;
}

/// Held by the one process that removes: two would both count what either removes.
class RemovalLock {
 public:
  explicit RemovalLock(const fs::path& directory)
      : descriptor_(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    // Where locks are unknown, all may remove: what is gone too early is computed anew.
    held_ = descriptor_ >= 0 && (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK);
  }
  ~RemovalLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  RemovalLock(const RemovalLock&) = delete;
  RemovalLock& operator=(const RemovalLock&) = delete;

  bool held() const noexcept { return held_; }

 private:
  int descriptor_;
  bool held_ = false;
};

}  // namespace

std::uintmax_t feature_cache_limit(const fs::path& directory) {
  struct statvfs system {};
  fs::path there = directory;
  while (::statvfs(there.c_str(), &system) != 0) {
    if (there == there.parent_path()) return kMostBytes;
    there = there.parent_path();
  }
  const std::uintmax_t size = std::uintmax_t{system.f_blocks} * system.f_frsize;
  return size == 0 ? kMostBytes : std::min(kMostBytes, size / 10);
}

CacheSize limit_cache(const fs::path& directory, std::uintmax_t most_bytes,
                      std::chrono::system_clock::time_point in_use_since) {
  const RemovalLock lock(directory);
  std::vector<Entry> entries = entries_below(directory);
  CacheSize size;
  for (const Entry& entry : entries) size.bytes += entry.bytes;
  if (!lock.held() || size.bytes <= most_bytes) return size;
  // Files' times follow a clock that ticks some hundred times a second.
  const std::int64_t in_use_ns =
      std::chrono::nanoseconds((in_use_since - std::chrono::seconds(1)).time_since_epoch()).count();
  std::ranges::sort(entries, {}, [](const Entry& entry) { return std::tie(entry.used_ns, entry.path); });
  for (const Entry& entry : entries) {
    if (size.bytes <= most_bytes || entry.used_ns >= in_use_ns) break;
    if (::unlink(entry.path.c_str()) != 0 && errno != ENOENT) continue;
    size.bytes -= entry.bytes;
    ++size.removed;
  }
  return size;
}

}  // namespace earshot
