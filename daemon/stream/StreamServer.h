// StreamServer: predictions to whoever listens, as JSON lines over TCP. Nobody can slow the pipelines.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/hearing/Message.h"
#include "daemon/hearing/StreamClock.h"
#include "daemon/net/Address.h"

namespace earshot {

struct StreamSettings {
  Endpoint listen{"127.0.0.1", 7557};
  std::vector<IpNetwork> allow;  ///< who may connect from other machines
  std::size_t max_clients = 64;
  std::size_t client_buffer_kib = 256;  ///< unread lines kept for one client
  std::size_t history = 1000;  ///< predictions kept for those who come back; as many other messages, apart
  std::chrono::milliseconds heartbeat{5'000};
  std::chrono::milliseconds stall_limit{60'000};  ///< a client that took nothing for so long is dropped
};

/// What `hello` tells of a source at the start; its state follows from the SourceChange messages.
struct SourceFacts {
  std::string name;
  std::string kind;
};

/// What `hello` tells of the daemon.
struct StreamFacts {
  std::string model_name;
  std::string model_sha256;
  std::vector<std::string> labels;
  bool several_labels = false;  ///< at once: the scores are sigmoids, else a softmax
  std::uint64_t window_samples = 0;
  std::uint64_t hop_samples = 0;  ///< the effective hop
  int rate_hz = 0;
  std::vector<SourceFacts> sources;
  UtcAnchor anchor = UtcAnchor::now();
};

/// One thread of its own serves all clients.
class StreamServer final : public MessageSink {
 public:
  /// Listens from here on. Throws as open_listener does. `counters` outlives the server.
  StreamServer(StreamSettings settings, StreamFacts facts, const Counters& counters);
  /// stop() without a grace period, if nobody called it.
  ~StreamServer() override;
  StreamServer(const StreamServer&) = delete;
  StreamServer& operator=(const StreamServer&) = delete;

  /// Any thread. Waits at most for the server's own thread to take a backlog, which no client can hold up.
  /// Ignored after stop().
  void publish(Message message) noexcept override;

  /// Says bye and closes: clients have up to `grace` to take what was published before. Returns when all are
  /// closed.
  void stop(std::string_view reason, std::chrono::milliseconds grace = std::chrono::seconds(2)) noexcept;

  /// The port it listens on, also if the settings left the choice to the system (port 0).
  std::uint16_t port() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace earshot
