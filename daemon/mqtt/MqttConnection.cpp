#include "daemon/mqtt/MqttConnection.h"

#include <mosquitto.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <new>

#include "daemon/mqtt/MqttTopics.h"
#include "daemon/net/SecretFile.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

constexpr int kQos = 1;
constexpr int kKeepAliveS = 15;
constexpr std::size_t kMostPayloadBytes = 64 * 1024;  // nobody sends us more in earnest
constexpr std::uintmax_t kMostPasswordBytes = 4096;

void init_library() {
  static std::once_flag once;
  std::call_once(once, [] { ::mosquitto_lib_init(); });
}

}  // namespace

std::string read_mqtt_password(const std::filesystem::path& file) {
  std::string text = read_secret(file, kMostPasswordBytes, "a password");
  text.resize(std::min(text.size(), text.find_first_of("\r\n")));
  return text;
}

// The library calls them within turn(); no exception may pass through it.
struct MqttConnection::Callbacks {
  static MqttConnection& self(void* object) { return *static_cast<MqttConnection*>(object); }

  static void connected(mosquitto*, void* object, int code) {
    if (code == 0) {
      self(object).up_ = true;
    } else {
      self(object).refused_ = code;
    }
  }
  static void published(mosquitto*, void* object, int number) {
    try {
      self(object).acknowledged_.push_back(number);
    } catch (const std::bad_alloc&) {  // it is sent once more, after the next connection
    }
  }
  static void message(mosquitto*, void* object, const mosquitto_message* message) {
    if (message->payloadlen < 0 || static_cast<std::size_t>(message->payloadlen) > kMostPayloadBytes) return;
    try {
      self(object).received_.push_back({message->topic,
                                        std::string(static_cast<const char*>(message->payload),
                                                    static_cast<std::size_t>(message->payloadlen)),
                                        message->retain});
    } catch (const std::bad_alloc&) {  // as if it had not come
    }
  }
  static void log(mosquitto*, void* object, int level, const char* text) {
    try {
      if (level == MOSQ_LOG_ERR) self(object).library_says_ = text;
    } catch (const std::bad_alloc&) {  // a reason less
    }
  }
};

void MqttConnection::Free::operator()(mosquitto* handle) const noexcept {
  ::mosquitto_destroy(handle);
}

MqttConnection::MqttConnection(const MqttLogin& login) : broker_(login.broker.text()) {
  init_library();
  handle_.reset(::mosquitto_new(login.client_id.c_str(), true, this));
  if (!handle_) throw std::bad_alloc();
  mosquitto* const handle = handle_.get();
  ::mosquitto_connect_callback_set(handle, Callbacks::connected);
  ::mosquitto_publish_callback_set(handle, Callbacks::published);
  ::mosquitto_message_callback_set(handle, Callbacks::message);
  ::mosquitto_log_callback_set(handle, Callbacks::log);
  ::mosquitto_int_option(handle, MOSQ_OPT_TCP_NODELAY, 1);
  expect(::mosquitto_will_set(handle, login.status_topic.c_str(), static_cast<int>(std::strlen(kOffline)),
                              kOffline, kQos, true),
         "set the last will");
  if (!login.user.empty()) {
    const bool has_password = !login.password_file.empty();
    const std::string password = has_password ? read_mqtt_password(login.password_file) : "";
    expect(::mosquitto_username_pw_set(handle, login.user.c_str(), has_password ? password.c_str() : nullptr),
           "set the user");
  }
  if (login.tls && login.ca_file.empty()) {
    expect(::mosquitto_int_option(handle, MOSQ_OPT_TLS_USE_OS_CERTS, 1), "use the system's certificates");
  } else if (login.tls) {
    expect(::mosquitto_tls_set(handle, login.ca_file.c_str(), nullptr, nullptr, nullptr, nullptr),
           "use the certificates in " + login.ca_file.string());
  }
  expect(::mosquitto_connect(handle, login.broker.host.c_str(), login.broker.port, kKeepAliveS), "connect");
}

MqttConnection::~MqttConnection() = default;

int MqttConnection::socket() const noexcept {
  return ::mosquitto_socket(handle_.get());
}

bool MqttConnection::wants_write() const noexcept {
  return ::mosquitto_want_write(handle_.get());
}

void MqttConnection::turn(short ready) {
  // TLS may have something that no socket tells of. The library reads on until errno says that there is no
  // more, whoever has set that.
  errno = 0;
  expect(::mosquitto_loop_read(handle_.get(), 1), "read");
  if ((ready & POLLOUT) != 0) expect(::mosquitto_loop_write(handle_.get(), 1), "write");
  expect(::mosquitto_loop_misc(handle_.get()), "keep alive");
  if (refused_) throw Error(ExitCode::unavailable, broker_ + ": " + ::mosquitto_connack_string(*refused_));
  // It goes on with a handshake whose other side is gone.
  if ((ready & (POLLERR | POLLHUP | POLLNVAL)) != 0)
    throw Error(ExitCode::unavailable, broker_ + ": the broker has closed the connection");
}

int MqttConnection::publish(const std::string& topic, std::string_view payload, bool retain) {
  int number = 0;
  expect(::mosquitto_publish(handle_.get(), &number, topic.c_str(), static_cast<int>(payload.size()),
                             payload.data(), kQos, retain),
         "publish");
  return number;
}

void MqttConnection::subscribe(const std::string& topic) {
  expect(::mosquitto_subscribe(handle_.get(), nullptr, topic.c_str(), kQos), "subscribe");
}

void MqttConnection::disconnect() noexcept {
  ::mosquitto_disconnect(handle_.get());
}

void MqttConnection::expect(int code, const std::string& doing) {
  if (code == MOSQ_ERR_SUCCESS) return;
  if (refused_) throw Error(ExitCode::unavailable, broker_ + ": " + ::mosquitto_connack_string(*refused_));
  throw Error(ExitCode::unavailable, broker_ + ": cannot " + doing + ": " + reason(code));
}

std::string MqttConnection::reason(int code) const {
  const std::string system = code == MOSQ_ERR_ERRNO ? std::strerror(errno) : ::mosquitto_strerror(code);
  return library_says_.empty() ? system : system + " (" + library_says_ + ")";
}

}  // namespace earshot
