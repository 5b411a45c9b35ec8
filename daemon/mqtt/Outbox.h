// Outbox: messages that a broker has not taken yet, on disk so that they outlive us.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/hearing/BootClock.h"

namespace earshot {

struct OutboxLimits {
  std::size_t messages = 10'000;
  std::size_t bytes = 8U << 20U;  ///< of topics and payloads
};

/// In order, bounded: the oldest goes first, and that it is lost stands in its place. A process that is
/// killed loses nothing; a record that was cut off is none. Where the disk takes nothing it goes on in
/// memory, says so once, and writes all again when it can. One process at a time keeps an outbox in a folder.
/// Not thread safe.
class Outbox {
 public:
  struct Entry {
    std::string topic;  ///< without tabs and newlines, as all of these
    std::string time;   ///< when it happened, as messages have it
    std::string payload;
    std::optional<BootClock::time_point> heard = std::nullopt;  ///< nothing: by an earlier run
    std::uint64_t messages = 1;                                 ///< lost with it, should it be
  };
  /// What had to go before the oldest that is left.
  struct Loss {
    std::uint64_t messages = 0;
    std::string first_time;
    std::string last_time;

    void add(const std::string& time, std::uint64_t more = 1) {
      if (messages == 0) first_time = time;
      messages += more;
      last_time = time;
    }
  };

  /// Reads what an earlier run has left. An empty path: in memory.
  explicit Outbox(std::filesystem::path directory, OutboxLimits limits = {});
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  /// Whether it is kept in a folder that no other process keeps one in.
  bool holds_folder() const noexcept { return lock_ >= 0; }

  void add(Entry entry);
  /// Tries the disk again at once if it failed; add() and others do so now and then.
  void retry();

  /// To be told before front(), which is then held.
  const Loss& loss() const noexcept { return loss_; }
  /// It is on its way to the broker: what is lost from here on comes after it.
  void hold_loss() noexcept { held_ = loss_.messages; }
  /// What was held has been told.
  void forget_loss();

  bool empty() const noexcept { return entries_.empty(); }
  std::size_t size() const noexcept { return entries_.size(); }
  const Entry& front() const noexcept { return entries_.front(); }
  /// Which one front() is, counted from the first that there ever was in this run.
  std::uint64_t front_number() const noexcept { return front_number_; }
  /// It is on its way to the broker: if there is no room, others go.
  void hold_front() noexcept { is_front_held_ = true; }
  /// The broker has it; nothing happens if it is front() no more.
  void remove(std::uint64_t number);
  /// Neither the loss nor front() is on its way any more.
  void let_go() noexcept;

 private:
  void load(const std::string& text);
  void take_line(std::string_view line);
  void drop_oldest();
  void pop_front();
  void retry_when_due();
  void note(const std::string& line);
  void open();
  void write_all();
  void append(std::string_view text);
  void fail(const std::string& why);
  void close() noexcept;
  std::filesystem::path path() const { return directory_ / "outbox"; }

  const std::filesystem::path directory_;
  const OutboxLimits limits_;
  std::deque<Entry> entries_;
  std::size_t bytes_ = 0;
  std::uint64_t front_number_ = 0;
  Loss loss_;
  std::optional<std::uint64_t> held_;  // messages of the loss
  std::string next_first_time_;        // of those lost since
  bool is_front_held_ = false;

  int lock_ = -1;
  bool loaded_ = false;  // what an earlier run has left
  int file_ = -1;        // open to append, unless the disk fails
  off_t end_ = 0;        // of whole records
  bool failing_ = false;
  BootClock::time_point try_again_{};
};

}  // namespace earshot
