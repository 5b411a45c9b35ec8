// MqttOutlet: what is heard, told to an MQTT broker and to the Home Assistant behind it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "daemon/mqtt/ConnectAttempt.h"
#include "daemon/mqtt/MqttConnection.h"
#include "daemon/mqtt/MqttPicture.h"
#include "daemon/mqtt/MqttTeller.h"
#include "daemon/mqtt/Wake.h"
#include "daemon/pulse/Pulse.h"
#include "daemon/stream/Outlet.h"

namespace earshot {

/// A thread of its own, from the first configuration that asks for it, keeps a connection to the broker and
/// tells it what is new: no broker holds up who hears, starts or stops.
class MqttOutlet final : public Outlet {
 public:
  /// The outbox lies in `directory`. `gates`, which are its alone to switch, and `pulses` outlive it.
  MqttOutlet(std::filesystem::path directory, GateSwitches& gates, Pulses* pulses,
             const MqttTimes& times = {});
  /// Waits for the disk, not for the broker.
  ~MqttOutlet() override;

  void hear(const Message& message) noexcept override;
  /// Nothing happens if nothing is other. Looks for no file: check_mqtt() has, and each connection does.
  void change(const Config& config, const StreamFacts& facts) override;
  void stop(std::chrono::milliseconds limit) noexcept override;

 private:
  /// What has come since the thread last looked.
  struct News {
    bool has_wish = false;
    std::optional<MqttWish> wish;
    std::deque<HeardEvent> events;
    Outbox::Loss lost;  // before those
    bool has_picture = false;
    std::optional<std::chrono::steady_clock::time_point> end;  // told by then, if it can be
  };

  void run();  // its thread

  const std::filesystem::path directory_;
  GateSwitches& gates_;
  const MqttTimes times_;
  Pulses* const pulses_;
  const std::shared_ptr<Wake> wake_ = std::make_shared<Wake>();

  friend class MqttThread;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  MqttPicture picture_;
  News news_;
  bool wanted_ = false;  // by the present configuration
  bool ended_ = false;   // the thread has

  std::optional<MqttWish> present_;  // of whoever calls change()
  std::optional<Pulse> pulse_;
  std::thread thread_;  // of whoever calls change()
};

/// That the password and the certificates of a configuration can be read, the password not by all. Throws
/// Error.
void check_mqtt(const Config& config);

}  // namespace earshot
