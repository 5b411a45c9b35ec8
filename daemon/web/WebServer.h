// WebServer: answers GET and HEAD over HTTP/1, one request a connection. Beast's one door.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "daemon/pulse/Pulse.h"
#include "daemon/settings/WebSettings.h"
#include "daemon/web/WebPages.h"

namespace earshot {

struct WebLimits {
  std::chrono::milliseconds patience{
      10'000};                        ///< for all of a request to come, and again for its answer to be taken
  std::size_t most_connections = 32;  ///< one more, and the oldest makes way
  std::uint32_t most_header_bytes = 8'192;
};

/// One thread of its own. Whoever stalls is closed; whom `allow` does not name gets nothing. Refusals are a
/// line of the log, then one a minute at most.
class WebServer {
 public:
  /// Called by the server's thread with a request's target.
  using Answer = std::function<WebAnswer(std::string_view target)>;

  /// Listens from here on. Throws as open_listener does. `pulses`, which its thread joins, outlive it.
  WebServer(const WebSettings& settings, Answer answer, Pulses* pulses = nullptr, WebLimits limits = {});
  /// Closes whatever is open.
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  /// If the settings left it to the system (port 0), the one it chose.
  std::uint16_t port() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace earshot
