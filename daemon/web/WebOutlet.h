// WebOutlet: what is heard, and how the daemon is, for Prometheus and whoever else asks over HTTP.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "daemon/stream/Outlet.h"
#include "daemon/web/WebPages.h"
#include "daemon/web/WebServer.h"

namespace earshot {

/// It counts from the start on, so that a reload which opens the door finds sources in their states.
class WebOutlet final : public Outlet {
 public:
  /// All of them outlive it.
  WebOutlet(Counters& counters, UtcClock& utc, Pulses& pulses)
      : pulses_(pulses), tally_(utc), pages_(tally_, counters, utc, pulses) {}

  void hear(const Message& message) noexcept override { tally_.hear(message); }
  void change(const Config& config, const StreamFacts& facts) override;
  void stop(std::chrono::milliseconds limit) noexcept override;

 private:
  void serve(const std::optional<WebSettings>& to);
  std::unique_ptr<WebServer> open(const WebSettings& settings);

  Pulses& pulses_;
  HeardTally tally_;
  WebPages pages_;
  std::optional<WebSettings> settings_;  // of the server that is there
  std::unique_ptr<WebServer> server_;
};

}  // namespace earshot
