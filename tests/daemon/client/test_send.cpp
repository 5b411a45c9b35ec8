// `earshot send` to receivers that take everything, take nothing, or are not there.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/net/Address.h"
#include "tests/daemon/Daemon.h"
#include "tests/support/WavFile.h"

namespace earshot::test {
namespace {

constexpr int kSentHz = 16'000;
constexpr const char* kSource = "[[source]]\nname = \"net\"\nkind = \"tcp\"\npace = \"fast\"\nlisten = \"127.0.0.1:0\"\n";

Finished send(const std::filesystem::path& file, std::uint16_t port, const std::string& speed) {
  return run_program(
      {EARSHOT_EARSHOT, "send", file.string(), "127.0.0.1:" + std::to_string(port), "--speed", speed});
}

/// Takes one connection, says at once that it will send nothing, and counts what comes.
std::size_t listen_only(int listener) {
  pollfd ready{listener, POLLIN, 0};
  ::poll(&ready, 1, 20'000);
  const int socket = ::accept(listener, nullptr, nullptr);
  ::shutdown(socket, SHUT_WR);
  std::size_t bytes = 0;
  char buffer[65'536];
  for (ssize_t count = 0; (count = ::recv(socket, buffer, sizeof buffer, 0)) > 0;) {
    bytes += static_cast<std::size_t>(count);
  }
  ::close(socket);
  return bytes;
}

}  // namespace

TEST_CASE("send to a source that another sender has is 69 and says so, however long the file is") {
  const TemporaryDirectory directory;
  write_wav(directory / "short.wav", sine(440, kSentHz, kSentHz / 10), kSentHz);
  write_wav(directory / "long.wav", sine(440, kSentHz, 120 * kSentHz), kSentHz);
  Daemon daemon(kSource);
  const std::uint16_t port = daemon.sender_port("net");
  {
    StreamClient first(port);
    first.send("ab");
    daemon.await_log("source 'net' up");
    for (const auto& [file, speed] :
         {std::pair{"short.wav", "0"}, std::pair{"short.wav", "1"}, std::pair{"long.wav", "1"},
          std::pair{"long.wav", "0"}, std::pair{"long.wav", "0.1"}}) {
      INFO(file << " at " << speed);
      const Finished finished = send(directory / file, port, speed);
      CHECK(finished.code == 69);
      CHECK(finished.err == "earshot: 127.0.0.1:" + std::to_string(port) +
                                ": closed the connection before it had taken everything: another sender is "
                                "there, it does not let this machine in, it speaks TLS (--pin, "
                                "--token-file), or it has ended\n");
    }
  }
  daemon.await_log("source 'net' down");
  CHECK(send(directory / "short.wav", port, "0").code == 0);
}

TEST_CASE("send names itself to a source of many senders, tells what it sends, and says why it is refused") {
  const TemporaryDirectory directory;
  write_wav(directory / "short.wav", sine(440, kSentHz, kSentHz / 10), kSentHz);
  write_wav(directory / "long.wav", sine(440, kSentHz, 120 * kSentHz), kSentHz);
  Daemon daemon(
      "[[source]]\nname = \"barns\"\nkind = \"tcp\"\npace = \"fast\"\nlisten = \"127.0.0.1:0\"\nmax_senders "
      "= 2\n");
  const std::uint16_t port = daemon.sender_port("barns");
  const auto send_as = [&](const std::string& file, std::vector<std::string> options) {
    std::vector<std::string> command{EARSHOT_EARSHOT, "send", (directory / file).string(),
                                     "127.0.0.1:" + std::to_string(port)};
    command.insert(command.end(), options.begin(), options.end());
    return run_program(command);
  };
  StreamClient stream = daemon.subscribe();
  const Finished good = send_as("short.wav", {"--source", "barn-7", "--speed", "0", "--format", "f32le",
                                              "--rate", "44100", "--channels", "2"});
  CHECK(good.code == 0);
  CHECK(good.err.empty());
  for (const char* state : {"starting", "up", "down"}) {
    const auto change = stream.message("source");
    CHECK(change.at("source") == "barn-7");
    CHECK(change.at("state") == state);
    if (change.contains("end_sample")) CHECK(change.at("end_sample") == 4'410);  // 0.1 s at the model's rate
  }
  const std::string refused = "earshot: 127.0.0.1:" + std::to_string(port) + ": refused this sender: ";
  for (const char* speed : {"1", "0"}) {
    const Finished taken = send_as("long.wav", {"--source", "barns", "--speed", speed});
    CHECK(taken.code == 69);
    CHECK(taken.err == refused + "source: found \"barns\", expected a name that no other source has\n");
    const Finished nameless = send_as("long.wav", {"--speed", speed});
    CHECK(nameless.code == 69);
    CHECK_THAT(nameless.err, Catch::Matchers::StartsWith(refused + "found no"));
  }
  CHECK(send_as("short.wav", {"--source", "two words"}).code == 64);
  CHECK(daemon.connect().message("hello").at("sources").as_array().at(0).as_object().at("name") == "barn-7");
}

TEST_CASE("send to where nobody listens is 69 with the reason") {
  const TemporaryDirectory directory;
  write_wav(directory / "short.wav", sine(440, kSentHz, kSentHz / 10), kSentHz);
  const int listener = open_listener({"127.0.0.1", 0}, {});
  const std::uint16_t port = bound_port(listener);
  ::close(listener);
  const Finished finished = send(directory / "short.wav", port, "1");
  CHECK(finished.code == 69);
  CHECK(finished.err == "earshot: 127.0.0.1:" + std::to_string(port) + ": Connection refused\n");
}

TEST_CASE("a receiver that only listens is sent everything") {
  const TemporaryDirectory directory;
  write_wav(directory / "sound.wav", sine(440, kSentHz, kSentHz / 2), kSentHz);
  const int listener = open_listener({"127.0.0.1", 0}, {});
  std::size_t received = 0;
  std::thread receiver([&] { received = listen_only(listener); });
  const Finished finished = send(directory / "sound.wav", bound_port(listener), "1");
  receiver.join();
  ::close(listener);
  CHECK(finished.code == 0);
  CHECK(finished.err.empty());
  CHECK(received == kSentHz / 2 * 2);  // s16le
}

}  // namespace earshot::test
