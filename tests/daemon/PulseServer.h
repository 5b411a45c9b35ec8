// PulseServer: a sound card without hardware: PulseAudio as an ordinary process, usually with a null sink
// whose monitor is recorded.
#pragma once

#include <csignal>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/Child.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {

/// Home, runtime directory and ALSA's configuration are the test's own: nothing of the user's is touched or
/// heard.
class PulseServer {
 public:
  /// `device` is a module of PulseAudio, with its arguments.
  explicit PulseServer(std::string device = "module-null-sink sink_name=card") : device_(std::move(device)) {
    std::filesystem::create_directory(directory_ / "run");
    std::filesystem::permissions(directory_ / "run", std::filesystem::perms::owner_all);
    directory_.write(
        "asound.conf",
        "</usr/share/alsa/alsa.conf>\npcm.!default { type pulse }\nctl.!default { type pulse }\n");
  }

  static bool is_installed() {
    return std::filesystem::exists("/usr/bin/pulseaudio") && std::filesystem::exists("/usr/bin/paplay");
  }

  /// The device appears. Returns once clients can connect.
  void start() {
    const std::string socket = this->socket().string();
    server_ = std::make_unique<Child>(
        std::vector<std::string>{"/usr/bin/pulseaudio", "-n", "--exit-idle-time=-1", "--daemonize=no",
                                 "--use-pid-file=no", "-L", device_, "-L",
                                 "module-native-protocol-unix auth-anonymous=1 socket=" + socket},
        environment());
    for (int i = 0; i < 1'000 && !std::filesystem::exists(socket); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  /// The device is unplugged.
  void stop() {
    server_.reset();
    std::filesystem::remove(socket());
  }
  /// It answers nobody until it is thawed, though everybody can still connect.
  void freeze() const { server_->send_signal(SIGSTOP); }
  void thaw() const { server_->send_signal(SIGCONT); }

  /// Where it listens.
  std::filesystem::path socket() const { return directory_ / "socket"; }

  /// It is gone, and what clients connect to is still there.
  void leave_dead_socket() { server_.reset(); }

  /// For programs that record from it or play to it.
  std::vector<std::string> environment() const {
    return {"HOME=" + directory_.path().string(),
            "XDG_RUNTIME_DIR=" + (directory_ / "run").string(),
            "ALSA_CONFIG_PATH=" + (directory_ / "asound.conf").string(),
            "PULSE_SERVER=unix:" + socket().string(),
            "PULSE_SOURCE=card.monitor",
            "PULSE_SINK=card"};
  }

  /// Another device appears, as the constructor's does; its number is for unplug(). The server runs.
  std::string plug(const std::string& module) const {
    std::vector<std::string> words{"/usr/bin/pactl", "load-module"};
    std::istringstream rest(module);
    for (std::string word; rest >> word;) words.push_back(word);
    std::string number = run_program(words, environment()).out;
    while (number.ends_with('\n')) number.pop_back();
    return number;
  }
  void unplug(const std::string& number) const {
    run_program({"/usr/bin/pactl", "unload-module", number}, environment());
  }

  /// Plays a file to its end, or as long as the result lives.
  std::unique_ptr<Child> play(const std::filesystem::path& file) const {
    return std::make_unique<Child>(std::vector<std::string>{"/usr/bin/paplay", file.string()}, environment());
  }

 private:
  TemporaryDirectory directory_;
  std::string device_;
  std::unique_ptr<Child> server_;
};

}  // namespace earshot::test
