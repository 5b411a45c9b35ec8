// Daemon: the real earshotd, run by a test with a configuration and a model of the test's own.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "nn/model/Model.h"
#include "tests/daemon/StreamClient.h"
#include "tests/daemon/TestModel.h"
#include "tests/support/Child.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {

using namespace std::chrono_literals;

/// What sd_notify(3) sends goes here.
class NotifySocket {
 public:
  explicit NotifySocket(std::filesystem::path path)
      : path_(std::move(path)), socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.string().copy(address.sun_path, sizeof address.sun_path - 1);
    if (::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("cannot bind " + path_.string());
    }
  }
  ~NotifySocket() { ::close(socket_); }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  std::string variable() const { return "NOTIFY_SOCKET=" + path_.string(); }

  /// The next message; "" after `limit` without one.
  std::string receive(std::chrono::milliseconds limit) const {
    pollfd ready{socket_, POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(limit.count())) <= 0) return "";
    char text[2048];
    const ssize_t count = ::recv(socket_, text, sizeof text, 0);
    return {text, static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
  }

  /// The next message that begins so, others passed over; "" if each wait for one takes longer than `limit`.
  std::string receive(std::string_view begin, std::chrono::milliseconds limit) const {
    std::string message = receive(limit);
    while (!message.empty() && !message.starts_with(begin)) message = receive(limit);
    return message;
  }

 private:
  std::filesystem::path path_;
  int socket_;
};

/// `sources` is TOML, [[source]] tables and whatever else but [model] and [publish.tcp]. Ports are the
/// system's choice; `listen` is TOML, too.
class Daemon {
 public:
  explicit Daemon(const std::string& sources, std::vector<std::string> environment = {},
                  const std::filesystem::path& input = "/dev/null", const Model& model = untrained_model(),
                  std::string listen = "\"127.0.0.1:0\"")
      : listen_(std::move(listen)),
        notify_(directory_ / "notify"),
        arguments_(arguments(sources, model)),
        started_(std::chrono::steady_clock::now()),
        child_(arguments_, with_notify(std::move(environment)), input) {
    if (notify_.receive(30s) != "READY=1") throw std::runtime_error("not ready: " + child_.err());
    ready_after_ = std::chrono::steady_clock::now() - started_;
  }

  Child& child() noexcept { return child_; }
  const TemporaryDirectory& directory() const noexcept { return directory_; }

  /// Another configuration and model in the files, and a SIGHUP; returns when that was answered.
  void reload(const std::string& sources, const Model& model = untrained_model()) {
    write(sources, model);
    reload();
  }
  void reload() {
    child_.send_signal(SIGHUP);
    if (notify_.receive("RELOADING=1\nMONOTONIC_USEC=", 30s).empty())
      throw std::runtime_error("no RELOADING=1: " + child_.err());
    if (notify_.receive("READY=1", 30s).empty())
      throw std::runtime_error("no READY=1 after RELOADING=1: " + child_.err());
  }
  const NotifySocket& notifications() const noexcept { return notify_; }
  std::chrono::steady_clock::duration ready_after() const noexcept { return ready_after_; }

  /// A client of the stream.
  StreamClient connect() const { return StreamClient(port_after("publishing on 127.0.0.1:")); }

  /// A client of the stream that has read the hello and asked for everything from the first message on.
  StreamClient subscribe() const {
    StreamClient client = connect();
    client.message("hello");
    client.send("{\"type\":\"subscribe\",\"from_seq\":1}\n");
    client.message("subscribed");
    return client;
  }

  /// A sender's connection to the tcp source called `name`.
  StreamClient connect_sender(const std::string& name) const { return StreamClient(sender_port(name)); }
  std::uint16_t sender_port(const std::string& name) const {
    return port_after("source '" + name + "' starting: listening on 127.0.0.1:");
  }

  /// The port that the log names after `text`.
  std::uint16_t port_after(const std::string& text) const {
    await_log(text);
    const std::string log = child_.err();
    return static_cast<std::uint16_t>(std::stoi(log.substr(log.find(text) + text.size())));
  }

  /// Waits for a line of the log.
  void await_log(const std::string& text) const {
    for (int i = 0; i < 3'000; ++i) {
      if (child_.err().find(text) != std::string::npos) return;
      std::this_thread::sleep_for(10ms);
    }
    throw std::runtime_error("the log never said \"" + text + "\": " + child_.err());
  }

 private:
  std::filesystem::path write(const std::string& sources, const Model& model) {
    save_model(model, directory_ / "model.safetensors");
    const std::string text =
        "[model]\npath = \"model.safetensors\"\n[publish.tcp]\nlisten = " + listen_ + "\n" + sources;
    return directory_.write("earshot.toml", text);
  }
  std::vector<std::string> arguments(const std::string& sources, const Model& model) {
    return {EARSHOT_EARSHOTD, "--config", write(sources, model).string()};
  }
  std::vector<std::string> with_notify(std::vector<std::string> environment) const {
    environment.push_back(notify_.variable());
    return environment;
  }

  std::string listen_;
  TemporaryDirectory directory_;
  NotifySocket notify_;
  std::vector<std::string> arguments_;
  std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::duration ready_after_{};
  Child child_;
};

}  // namespace earshot::test
