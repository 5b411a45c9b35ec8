// Journal: what happens to the sources, in the log as well as on the stream.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "daemon/hearing/Message.h"

namespace earshot {

/// Logs changes of state and losses on their way to another sink, which outlives it. Predictions are not logged. What
/// comes again and again is a line at once and then a summary a minute, for each source by itself.
class Journal final : public MessageSink {
 public:
  using Clock = std::chrono::steady_clock;
  using Now = Clock::time_point (*)();

  /// `rate_hz` is the model's.
  Journal(MessageSink& next, int rate_hz, Now now = Clock::now) : next_(next), rate_hz_(rate_hz), now_(now) {}
  /// Says what has not been said.
  ~Journal() override;

  void publish(Message message) noexcept override;
  /// Any thread, now and then: writes the summaries that are due.
  void tick() noexcept;

 private:
  static constexpr std::chrono::seconds kPause{60};
  static constexpr int kMostChanges = 10;  // lines a pause

  struct Losses {
    Clock::time_point quiet_until;
    std::uint64_t gaps = 0;  // since the last line, unsaid
    std::uint64_t samples = 0;
    std::uint64_t windows = 0;
  };
  struct Changes {
    Clock::time_point quiet_until;
    int lines = 0;
    std::uint64_t unsaid = 0;
    SourceChange last;
  };

  void log(const SourceChange& change);
  void log(const Gap& gap);
  void forget(const std::string& source);
  void summarise(const std::string& source, GapReason reason, Losses& losses) const;
  static void summarise(Changes& changes);
  void say_due(bool all);

  MessageSink& next_;
  const int rate_hz_;
  const Now now_;
  std::mutex mutex_;  // guards what follows
  std::map<std::pair<std::string, GapReason>, Losses> losses_;
  std::map<std::string, Changes> changes_;
};

}  // namespace earshot
