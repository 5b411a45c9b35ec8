// Outlet: what tells of what is heard besides the stream: to a broker, a page of metrics, a program.
#pragma once

#include <chrono>

#include "daemon/hearing/Message.h"
#include "daemon/settings/Config.h"
#include "daemon/stream/StreamFacts.h"

namespace earshot {

/// It is there from start to end of the daemon, and does nothing while the configuration does not ask for it.
/// All but hear() by one thread.
class Outlet {
 public:
  virtual ~Outlet() = default;

  /// Any thread; bounded time, waits for nobody. Order is kept per source.
  virtual void hear(const Message& message) noexcept = 0;

  /// By this configuration from here on; `facts` are those of hello. Nothing happens where that is what it
  /// does already. Throws Error, and all is as before, but for what had to make way: that is off until the
  /// next change.
  virtual void change(const Config& config, const StreamFacts& facts) = 0;

  /// No more comes: tells what it still can within `limit`. Once.
  virtual void stop(std::chrono::milliseconds limit) noexcept = 0;
};

}  // namespace earshot
