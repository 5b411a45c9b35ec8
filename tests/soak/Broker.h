// Broker: a real Mosquitto, what befalls it, and whether all that it was told is what the stream told.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/daemon/mqtt/MqttBroker.h"
#include "tests/soak/EventBook.h"
#include "tests/soak/Subscriber.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::soak {

/// It lets the daemon in only once the soak's own subscriber is there: from then on whatever it confirms to
/// the one it has sent to the other.
class Broker {
 public:
  Broker(std::uint16_t port, Findings& findings, Trace& trace);

  static bool is_installed();

  /// At most, should it go on with what it was handed meanwhile: after longer it is given up.
  static constexpr std::chrono::seconds kLongestFrozen{12};

  /// The table [publish.mqtt].
  std::string table() const;

  void stop() { mosquitto_->stop(); }
  void kill() { mosquitto_->kill(); }
  void freeze(bool on) { mosquitto_->freeze(on); }
  /// Returns when the daemon may come.
  void start();

  Subscriber& subscriber() noexcept { return *subscriber_; }

  /// That all of `sources`, and nobody else, stands there as Home Assistant likes it, online.
  void hold_states(const std::vector<std::string>& sources);
  /// After the daemon's end: that the broker knows it, and has had all events or `state` has them for the
  /// next start.
  void hold_events(const EventBook& book, const std::filesystem::path& state);

  struct Totals {
    std::size_t messages = 0;
    std::size_t events = 0;
    std::size_t late = 0;
    std::size_t repeated = 0;  ///< directly behind their first copy
    std::size_t taken = 0;     ///< by kill -9, before they were on disk
    std::size_t left = 0;      ///< in the outbox
    std::size_t connections = 0;
  };
  const Totals& totals() const noexcept { return totals_; }

 private:
  void let_in(bool daemon);
  void open_to_daemon();
  void hold_late(const Subscriber::Came& came, const EventBook& book);

  Findings& findings_;
  test::TemporaryDirectory directory_;
  std::string witness_line_;  // of the file of passwords
  std::string daemon_line_;
  std::unique_ptr<test::MqttBroker> mosquitto_;
  std::unique_ptr<Subscriber> subscriber_;
  Totals totals_;
};

}  // namespace earshot::soak
