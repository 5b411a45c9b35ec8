// MqttConnection: one connection to a broker, from its beginning to its end. libmosquitto's one door.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/net/Address.h"

struct mosquitto;

namespace earshot {

/// A file's first line. Throws Error(no_input) if it cannot be read, Error(bad_data) if it is too long to be
/// one, or as expect_secret().
std::string read_mqtt_password(const std::filesystem::path& file);

/// How a broker is reached, and what it says of us when we are gone.
struct MqttLogin {
  Endpoint broker;
  bool tls = false;
  std::filesystem::path ca_file;  ///< empty: the system's
  std::string user;
  std::filesystem::path password_file;  ///< empty: none
  std::string client_id;
  std::string status_topic;  ///< retained "offline", should the connection be lost
  bool operator==(const MqttLogin&) const = default;
};

/// QoS 1, clean session. A connection that is lost is not made again: another one is. Not thread safe, but
/// may be made by one thread and used by another.
class MqttConnection {
 public:
  struct Received {
    std::string topic;
    std::string payload;
    bool retained = false;
  };

  /// Reads the password, looks the broker's name up and connects, however long that takes. Throws
  /// Error(unavailable), or as read_mqtt_password().
  explicit MqttConnection(const MqttLogin& login);
  ~MqttConnection();
  MqttConnection(const MqttConnection&) = delete;
  MqttConnection& operator=(const MqttConnection&) = delete;

  /// To poll for reading, and for writing while wants_write().
  int socket() const noexcept;
  bool wants_write() const noexcept;
  /// Reads, writes and keeps alive as is due; `ready` is what poll(2) says of the socket. Throws
  /// Error(unavailable) if the broker refuses us or the connection is lost.
  void turn(short ready);
  /// The broker has let us in.
  bool is_up() const noexcept { return up_; }

  /// Returns a number that acknowledged() will have once the broker has it. Throws Error(unavailable).
  int publish(const std::string& topic, std::string_view payload, bool retain);
  void subscribe(const std::string& topic);
  /// By us: the broker says nothing of it.
  void disconnect() noexcept;

  /// Since the last call.
  std::vector<int> acknowledged() noexcept { return std::exchange(acknowledged_, {}); }
  std::vector<Received> received() noexcept { return std::exchange(received_, {}); }

 private:
  struct Callbacks;
  struct Free {
    void operator()(mosquitto* handle) const noexcept;
  };
  void expect(int code, const std::string& doing);
  std::string reason(int code) const;

  std::string broker_;
  std::string library_says_;  // the last error it has logged
  bool up_ = false;
  std::optional<int> refused_;
  std::vector<int> acknowledged_;
  std::vector<Received> received_;
  std::unique_ptr<mosquitto, Free> handle_;
};

}  // namespace earshot
