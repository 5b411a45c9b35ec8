// MqttTeller: what a broker is told over one connection after another.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/hearing/BootClock.h"
#include "daemon/hearing/GateSwitches.h"
#include "daemon/log/LogSummary.h"
#include "daemon/mqtt/HomeAssistant.h"
#include "daemon/mqtt/MqttConnection.h"
#include "daemon/mqtt/MqttPicture.h"
#include "daemon/mqtt/MqttTopics.h"
#include "daemon/mqtt/Outbox.h"
#include "daemon/mqtt/SourceIds.h"
#include "daemon/mqtt/ToldDevices.h"
#include "daemon/settings/MqttSettings.h"
#include "nn/events/Event.h"

namespace earshot {

/// What tests shorten.
struct MqttTimes {
  std::chrono::milliseconds late{10'000};  ///< an event that the broker could not be handed within so long
  std::chrono::milliseconds level{5'000};  ///< between two levels of a source
  std::chrono::milliseconds least_pause{1'000};  ///< before it is tried again ...
  std::chrono::milliseconds most_pause{60'000};  ///< ... doubled up to this
  std::chrono::milliseconds welcome{10'000};     ///< of a broker that does not let us in, nor refuses
  std::size_t most_queued = 10'000;              ///< events on their way to the thread
  OutboxLimits outbox;
};

/// What the configuration asks for.
struct MqttWish {
  MqttSettings settings;
  std::vector<SourceSettings> sources;
  std::string model;
  MqttLogin login;
  bool operator==(const MqttWish&) const = default;
};

/// An event and when it was heard.
struct HeardEvent {
  Event event;
  BootClock::time_point heard;
};

/// States are told as they are now, retained; events in their order, one at a time, from an outbox. Not
/// thread safe.
class MqttTeller {
 public:
  /// Reads what an earlier run has left in `directory`. `gates` outlive it.
  MqttTeller(std::filesystem::path directory, GateSwitches& gates, const MqttTimes& times);

  /// From here on.
  void want(const MqttWish& wish);
  /// Nobody could do so any more.
  void switch_all_on();
  /// Into the outbox.
  void keep(const HeardEvent& event);
  /// These could not even be kept.
  void keep(const Outbox::Loss& loss);
  /// Of those that `picture` has as forgotten nothing more comes: the next tell() takes them back.
  void forget(const MqttPicture& picture);

  /// A broker has let us in: it knows nothing of this yet.
  void begin(MqttConnection& connection);
  /// It is gone: what it has not acknowledged is told to the next one.
  void end() noexcept;

  /// What is new; forget() has seen `picture`. By the connection that has begun; throws Error(unavailable) as
  /// it does.
  void tell(MqttConnection& connection, const MqttPicture& picture);
  void take(MqttConnection& connection);
  /// That we are away, the last that it is told. Once for a connection, however often it is called.
  void say_goodbye(MqttConnection& connection);
  /// Whether the broker has acknowledged that.
  bool has_said_goodbye() const noexcept { return has_said_goodbye_; }

  /// Whether tell() is due, for whatever reason lies here.
  bool has_news() const noexcept { return has_news_ || BootClock::now() >= levels_at_; }
  bool has_all_been_told() const noexcept { return outbox_.empty() && outbox_.loss().messages == 0; }
  void tick() noexcept {
    commands_.tick(LogSummary::Clock::now());
    odd_commands_.tick(LogSummary::Clock::now());
  }
  const MqttTopics& topics() const noexcept { return *topics_; }

 private:
  struct Device {
    std::string name;
    const MqttPicture::Source* source = nullptr;  // nothing has been heard of it yet
    bool is_sender = false;
  };
  using Devices = std::map<std::string, Device>;  // by their ids
  struct Settling {                               // a device that the broker is yet to acknowledge
    int number = 0;                               // the connection's
    std::optional<ToldDevice> then;               // nothing: it is gone
  };
  struct InFlight {
    int number = 0;  // the connection's
    bool is_loss = false;
    std::uint64_t which = 0;  // of the outbox
  };

  Devices present(const MqttPicture& picture);
  void switch_gates(const Devices& devices);
  void retire_gone(MqttConnection& connection, const Devices& devices);
  void retire(MqttConnection& connection, const ToldDevices::Key& key, const ToldDevice& told);
  void tell_states(MqttConnection& connection, const std::string& id, const Device& device);
  void discover(MqttConnection& connection, const std::string& id, const Device& device);
  void tell_level(MqttConnection& connection, const std::string& id, const Device& device);
  void tell_next(MqttConnection& connection);
  void retain(MqttConnection& connection, const std::string& topic, const std::string& payload);
  int clear(MqttConnection& connection, const std::string& topic);
  void settle(int number);
  void command(const MqttConnection::Received& received);
  std::string event_type(const std::string& label) const;
  bool is_off(const std::string& id, const std::string& label) const { return off_.contains({id, label}); }

  GateSwitches& gates_;
  const MqttTimes times_;
  Outbox outbox_;
  ToldDevices told_;
  SourceIds ids_;
  std::optional<MqttWish> wish_;
  std::optional<MqttTopics> topics_;
  std::set<std::pair<std::string, std::string>> off_;  // ids and labels that somebody has switched off
  std::set<std::string> gates_off_;                    // ids of sources whose gate is
  std::set<std::string> ungated_;                      // their names, as the gates have been told
  LogSummary commands_{LogLevel::info};
  LogSummary odd_commands_{LogLevel::warning};
  bool has_news_ = false;

  // Of this connection:
  std::map<std::string, std::string> retained_;    // topics and payloads
  std::map<std::string, std::string> discovered_;  // ids and names
  std::map<std::string, float> levels_;            // told, by ids
  std::map<ToldDevices::Key, Settling> settling_;
  BootClock::time_point levels_at_{};
  std::optional<InFlight> in_flight_;
  std::optional<int> goodbye_;  // the connection's number
  bool has_said_goodbye_ = false;
};

}  // namespace earshot
