// StreamServer: predictions to whoever listens, as JSON lines over TCP and Unix sockets. Nobody can slow the
// pipelines.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/hearing/Message.h"
#include "daemon/hearing/UtcClock.h"
#include "daemon/pulse/Pulse.h"
#include "daemon/settings/StreamSettings.h"
#include "daemon/stream/StreamFacts.h"

namespace earshot {

/// One thread of its own serves all clients.
class StreamServer final : public MessageSink {
 public:
  /// Listens from here on. Throws as open_listener and open_unix_listener do. `counters`, `utc`
  /// and `pulses`, which its thread joins, outlive the server.
  StreamServer(StreamSettings settings, StreamFacts facts, Counters& counters, UtcClock& utc,
               Pulses* pulses = nullptr);
  /// stop() without a grace period, if nobody called it.
  ~StreamServer() override;
  StreamServer(const StreamServer&) = delete;
  StreamServer& operator=(const StreamServer&) = delete;

  /// Any thread. Waits at most for the server's own thread to take a backlog, which no client can hold up.
  /// Ignored after stop().
  void publish(Message message) noexcept override;

  /// What hello tells from here on, and by which settings it serves: hello again to all, after all that was
  /// published before. Who is connected stays, by an address that is gone as well. The thread that
  /// constructed it. Throws as the constructor does, and nothing has changed.
  void change(StreamSettings settings, StreamFacts facts);

  /// Says bye and closes: clients have up to `grace` to take what was published before. Returns when all are
  /// closed.
  void stop(std::string_view reason, std::chrono::milliseconds grace = std::chrono::seconds(2)) noexcept;

  /// The thread that constructed it: where it listens, TCP first: "127.0.0.1:7557,
  /// unix:/run/earshot/earshot.sock". A port that the settings left to the system (port 0) is the one it
  /// chose.
  std::string listening_on() const;
  /// The same thread: the first port of those; 0 if there is none.
  std::uint16_t port() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace earshot
