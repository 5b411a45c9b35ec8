// Witness: a client that hears all of the stream and holds the daemon to its word.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "daemon/hearing/BootClock.h"
#include "tests/daemon/BookCheck.h"
#include "tests/daemon/StreamClient.h"
#include "tests/soak/EventBook.h"
#include "tests/soak/Findings.h"
#include "tests/soak/SpokenSound.h"

namespace earshot::soak {

/// What became of a fault.
struct Outcome {
  bool recovered = false;
  std::optional<double> recovery_s;  ///< of what had to recover after the fault was over
};

/// Adds up the books of each life of the daemon, holds what is told of moments against the moments when it
/// was spoken, and knows how each source is. Any thread; it reads on one of its own.
class Witness {
 public:
  using Time = BootClock::time_point;

  /// `events` gets all that are told; it outlives this, as the others do.
  Witness(EventBook& events, Findings& findings, Trace& trace)
      : events_(events), findings_(findings), trace_(trace) {}
  ~Witness();
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  /// What `source` says tells when.
  void knows(const std::string& source, const SpokenSound& sound) { sounds_.emplace(source, sound); }

  /// A daemon's life begins that publishes on `port`, and was started at `started`. Returns once it is
  /// greeted; throws std::runtime_error if it cannot be.
  void follow(std::uint16_t port, Time started);
  /// It has ended: reads what it still said, and closes its books. Whether it took leave.
  bool close();

  /// Waits until `source` is up and heard, after a fault that began at `began` and was over at `over`.
  /// `breaks`: it has to have been something else meanwhile. Its time is that from `over`, or the daemon's
  /// start if that was later, to "up".
  Outcome await_recovery(const std::string& source, Time began, Time over, bool breaks,
                         std::chrono::seconds limit);
  /// That something of the sort is told from now on, while `act` runs or soon after.
  Outcome await_clock(double step_s, const std::function<void()>& act, std::chrono::milliseconds limit);

  /// Whether `source` is in that state before `limit` is over.
  bool await_state(const std::string& source, const std::string& state, std::chrono::milliseconds limit);

  /// By how much the daemon's clock is off from the machine's.
  void set_clock_offset(std::chrono::nanoseconds offset);

  /// Of the daemon that is heard now; empty if there is none.
  std::string instance() const;
  /// Seconds of each source that were heard, over all lives.
  std::map<std::string, double> heard_s() const;
  /// Of each source, in this life.
  std::map<std::string, std::uint64_t> predictions() const;

  struct Totals {
    std::uint64_t lives = 0;
    std::uint64_t messages = 0;
    test::BookTotals books;     ///< of all sources
    double worst_line_s = 0.0;  ///< by which a source's line from positions to moments moved
    std::uint64_t levels = 0;   ///< held against what was spoken
  };
  Totals totals() const;

 private:
  struct Heard {
    std::string state;
    Time changed;                     ///< to that
    Time broke;                       ///< last not up
    Time predicted;                   ///< last
    std::uint64_t covered = 0;        ///< samples, up to there
    std::uint64_t heard_samples = 0;  ///< of this life, as the next
    std::uint64_t predictions = 0;
    double heard_before_s = 0.0;   ///< of those before
    std::optional<double> line_s;  ///< of this life: the moment of position 0
  };

  void read(test::StreamClient& client);
  void take(const boost::json::object& message, Time received);
  void take_prediction(const boost::json::object& message, Heard& heard, Time received);
  std::optional<Time> moment_of(const boost::json::object& prediction, Heard& heard, Time received);
  void check_level(const boost::json::object& prediction, Time end);
  void begin_life(const boost::json::object& hello, Time received);
  void close_books();

  EventBook& events_;
  Findings& findings_;
  Trace& trace_;
  std::map<std::string, SpokenSound> sounds_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::string instance_;
  Time ready_;
  bool connected_ = false;
  bool took_leave_ = false;
  int rate_hz_ = 16'000;
  std::map<std::string, Heard> sources_;
  std::optional<test::BookCheck> check_;
  Totals totals_;
  std::chrono::nanoseconds offset_{0};
  std::chrono::nanoseconds offset_before_{0};
  Time offset_set_;
  std::vector<std::pair<Time, double>> clock_steps_;
  std::jthread thread_;
};

}  // namespace earshot::soak
