// Hook: the server that an action POSTs to, which goes away, takes requests without an answer, and comes
// back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/hearing/BootClock.h"
#include "tests/daemon/actions/HookServer.h"
#include "tests/soak/EventBook.h"

namespace earshot::soak {

/// Any thread.
class Hook {
 public:
  /// Events of `sources` are POSTed to it.
  Hook(std::uint16_t port, std::set<std::string> sources);

  /// The [[action]].
  std::string table() const;
  const std::set<std::string>& sources() const noexcept { return sources_; }

  void go_away();
  void stall();
  /// It answers, from here on.
  void come_back();
  /// What has waited for it has been told.
  void has_recovered();

  /// Those that it has answered with 200.
  std::set<EventKey> taken();
  /// How many more times than once.
  std::size_t repeated();
  std::size_t troubles() const;

  /// What waits in the daemon for a server that is away is gone with the daemon.
  bool excuses(BootClock::time_point told, BootClock::time_point ended) const;

 private:
  struct Trouble {
    BootClock::time_point from;
    std::optional<BootClock::time_point> to;
  };
  void serve(bool stalls);
  void harvest();

  const std::uint16_t port_;
  const std::set<std::string> sources_;
  mutable std::mutex mutex_;  // guards what follows
  std::set<EventKey> taken_;
  std::size_t repeated_ = 0;
  std::vector<Trouble> troubles_;
  std::unique_ptr<test::HookServer> server_;
  bool stalls_ = false;        // that one does
  std::size_t harvested_ = 0;  // of its requests
};

}  // namespace earshot::soak
