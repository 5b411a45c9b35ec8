// Ledger: the files that the books are written to.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace earshot {

inline constexpr const char* kLedgerFile = "books.jsonl";
inline constexpr const char* kOlderLedgerFile = "books-older.jsonl";
inline constexpr const char* kLedgerLock = "books.lock";

/// Lines are appended; the present, which stands behind them, is written over by what comes next. When the
/// disk gets them is left to the system: a process that is killed loses nothing, a machine that loses power
/// half a minute. A write that was cut off leaves a line that is none, and readers pass over it.
///
/// One process at a time keeps books in a folder: it holds the lock. Not thread safe.
class Ledger {
 public:
  /// Half of what the books may take: a file of that size is full.
  static constexpr off_t kFull = 1 << 20;

  /// Empty: nobody has said where, and open() throws.
  explicit Ledger(std::filesystem::path directory) : directory_(std::move(directory)) {}
  ~Ledger() { close(); }
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  bool is_open() const noexcept { return file_ >= 0; }

  /// Makes the folder, takes the lock, finds the end and appends `first`, whole lines. Throws Error(io), or
  /// Error(unavailable) if another process has the lock, and is not open: all of `first` stands there, or
  /// nothing that comes after it.
  void open(std::string_view first);

  /// Appends `settled`, then `present` behind it: whole lines, `present` at least one. While open. Throws
  /// Error(io): the same is to be written again. Then at least `present` stands where it fits into the file
  /// as it is; one that somebody has removed is closed.
  void write(std::string_view settled, const std::string& present);

  bool is_full() const noexcept { return end_ >= kFull; }
  /// The file becomes the older one, in the place of the one before; closed then. Throws Error(io).
  void turn_page();

 private:
  std::filesystem::path file_path() const { return directory_ / kLedgerFile; }
  void write_behind_end(std::string lines);
  void close() noexcept;

  std::filesystem::path directory_;
  int lock_ = -1;
  int file_ = -1;
  off_t end_ = 0;  // of what is settled
};

/// Whether a process keeps books in `directory` at this moment. False, too, where this user may not look.
bool is_ledger_kept(const std::filesystem::path& directory);

}  // namespace earshot
