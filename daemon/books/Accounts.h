// Accounts: of each source what was heard and what was not, from its messages.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/books/BookRecord.h"
#include "daemon/books/BookedSource.h"
#include "daemon/hearing/BootClock.h"
#include "daemon/hearing/Message.h"

namespace earshot {

/// Sound is heard if a classified (or gated) window covers it; all other sound since a source is there is
/// missed, whatever the reason: lost, skipped with no window beside it, too short between two gaps for a
/// window, never come. Zeros that a stalled device delivers are missed, whatever covers them. What keeps no
/// time does not come here.
///
/// Times are kept on the boot clock and become UTC in page() by the clock as it is then. What is not written
/// is kept to be written later, the last few thousand misses of it. Not thread safe.
class Accounts {
 public:
  using Time = BootClock::time_point;

  /// `rate_hz` is the model's. All `sources` are there from `now` on; others from their first message on, up
  /// to 1000. `boot_utc` is UTC at the boot clock's zero, here and in what follows.
  Accounts(int rate_hz, const std::vector<BookedSource>& sources, Time now, UtcTime boot_utc);

  /// Other sources are configured. Those that are not any more are over when they say that they have ended,
  /// or are down.
  void change(const std::vector<BookedSource>& sources, Time now);

  /// `boot_utc`: by which the message is dated.
  void take(const Message& message, Time now, UtcTime boot_utc);

  /// The daemon is stopping, and says why: that sources end is no news any more.
  void stop(const std::string& why) { stopped_ = why; }

  /// Whether there is news since the last page: more than that what was heard goes on to be heard. That the
  /// clock was set is: a daemon that is killed would leave all of its life at a time when it was not.
  bool has_news(UtcTime boot_utc) const noexcept;

  /// By which all is dated that is written: the next page tells what the clock was set by since.
  UtcTime written_boot_utc() const noexcept { return boot_utc_; }

  struct Page {
    std::string settled;  ///< lines to be kept
    std::string present;  ///< lines that the next page replaces, the last a sign of life
  };
  /// What is to be written now. With `all` nothing that was missed so far is left to be replaced.
  Page page(Time now, UtcTime boot_utc, bool all);
  /// The last page is: what it settled is on no other.
  void written();

 private:
  struct Miss {
    Time from;
    Time to;
    BootClock::duration unheard{0};
    std::uint64_t stretches = 1;
    std::string reason;
    std::string detail;
  };
  struct Absence {
    Time from;
    Time to;
  };
  struct Account {
    Time since;
    bool added = false;
    bool recorded = false;
    bool over = false;
    SourceState state = SourceState::starting;
    std::optional<std::uint64_t> heard_samples;  // the end of the last window, if more may follow it
    Time heard_to;                               // when that was; all up to there is told
    // Since then:
    std::string trouble;  // the first state that is not "up"
    std::string detail;
    std::map<GapReason, std::uint64_t> lost;  // samples
    bool skipped = false;                     // windows
    std::optional<Miss> last;                 // may go on
  };

  bool is_clock_set(UtcTime boot_utc) const noexcept;
  Account* account_of(const std::string& source, Time now);
  void change(Account& account, const SourceChange& change, Time now);
  void begin_again(const std::string& source, Account& account, Time now);
  void end(const std::string& source, Account& account, Time now);
  void hear(const std::string& source, Account& account, const Prediction& prediction, Time end);
  /// `samples` of the timeline; 0 before its first window.
  void miss(const std::string& source, Account& account, Time from, Time to, std::uint64_t samples);
  static std::string main_loss(const Account& account, std::uint64_t samples);
  static std::string reason_of(const Account& account);
  using Settled = std::variant<Miss, Absence>;
  void settle(const std::string& source, Account& account);
  void settle(const std::string& source, Settled what);

  int rate_hz_;
  Time started_;
  std::set<std::string> known_;    // by the configuration
  std::set<std::string> leaving_;  // of those: configured no more, and not yet ended
  std::map<std::string, Account> accounts_;
  std::deque<std::pair<std::string, Settled>> settled_;
  std::size_t on_page_ = 0;  // of them, the first, on the last page
  UtcTime boot_utc_;         // of what is written
  UtcTime page_boot_utc_;    // of the last page
  std::string stopped_;
  bool news_ = true;
};

}  // namespace earshot
