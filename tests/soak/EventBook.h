// EventBook: what the stream told of events, in each life of the daemon, and whether an outlet told the same.
#pragma once

#include <compare>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "daemon/hearing/BootClock.h"
#include "tests/soak/Findings.h"

namespace earshot::soak {

/// That one begins, or ends.
struct EventKey {
  std::string id;
  std::string phase;

  auto operator<=>(const EventKey&) const = default;
  std::string text() const { return id + ' ' + phase; }
  /// Of the life that it was heard in.
  std::string instance() const { return id.substr(0, id.rfind('-')); }
};

/// As somebody was told.
struct HeardOf {
  std::string source;
  EventKey event;
  BootClock::time_point when;  ///< received

  static HeardOf from(const boost::json::object& event, BootClock::time_point when);
};

/// Any thread.
class EventBook {
 public:
  using Time = BootClock::time_point;
  /// Whether an event that was told at the first moment may be untold by an outlet, since the daemon was
  /// ended at the second.
  using Excuse = std::function<bool(Time, Time)>;

  explicit EventBook(Findings& findings) : findings_(findings) {}

  void begin_life(const std::string& instance);
  void tell(const HeardOf& event);
  /// From now on the daemon is being ended.
  void end_life(bool killed);

  /// An outlet that keeps each source's order and loses nothing but what a kill -9 took from it before it was
  /// on disk. `seen` is without repetitions. How many were taken so.
  std::size_t hold_in_order(const std::string& outlet, const std::vector<HeardOf>& seen) const;
  /// Those of `sources` that have been told until `until` and are not in `seen`.
  std::vector<EventKey> missing(const std::set<std::string>& sources, const std::set<EventKey>& seen,
                                const Excuse& excused, Time until = Time::max()) const;

  /// When the stream told it, and when that life was ended; nothing if it never was.
  struct Told {
    std::optional<Time> when;
    std::optional<Time> ended;
  };
  Told find(const EventKey& event) const;
  std::size_t count() const;

 private:
  struct Life {
    std::string instance;
    std::vector<HeardOf> events;
    std::optional<Time> ended;
    bool killed = false;
  };
  const Life* life_of(const std::string& instance) const;
  std::size_t hold_source(const std::string& outlet, const std::string& source,
                          const std::vector<HeardOf>& seen) const;

  Findings& findings_;
  mutable std::mutex mutex_;  // guards the next
  std::vector<Life> lives_;
};

}  // namespace earshot::soak
