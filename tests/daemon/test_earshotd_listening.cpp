// The real earshotd where it is told to listen, and with as many open files as its clients take.
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>

#include <catch2/catch.hpp>

#include "tests/daemon/Daemon.h"

namespace earshot::test {
namespace {

constexpr const char* kOneSender = "[[source]]\nname = \"n\"\nkind = \"tcp\"\nlisten = \"127.0.0.1:0\"\n";

/// Configurations beside a model, and daemons started with them.
struct ListeningPlace {
  ListeningPlace() { save_model(untrained_model(), directory / "model.safetensors"); }

  std::vector<std::string> command(const std::string& listen) const {
    const std::string text =
        "[model]\npath = \"model.safetensors\"\n[publish.tcp]\nlisten = " + listen + "\n" + kOneSender;
    return {EARSHOT_EARSHOTD, "--config", directory.write("earshot.toml", text).string()};
  }
  /// Once it is ready.
  std::unique_ptr<Child> start(const std::string& listen) const {
    auto child = std::make_unique<Child>(command(listen), std::vector{notify.variable()});
    if (notify.receive("READY=1", 30s).empty()) throw std::runtime_error("not ready: " + child->err());
    return child;
  }

  TemporaryDirectory directory;
  NotifySocket notify{directory / "notify"};
  UnixPath socket{(directory / "earshot.sock").string()};
};

std::uint64_t soft_limit_of(pid_t pid) {
  rlimit limit{};
  ::prlimit(pid, RLIMIT_NOFILE, nullptr, &limit);
  return limit.rlim_cur;
}

}  // namespace

TEST_CASE(
    "earshotd publishes on a list of addresses, its Unix socket survives a kill and goes with a clean end") {
  const ListeningPlace place;
  const std::string listen = "[\"" + place.socket.text() + "\", \"127.0.0.1:0\"]";
  {
    const auto killed = place.start(listen);
    CHECK_THAT(killed->err(), Catch::Matchers::Contains("publishing on 127.0.0.1:") &&
                                  Catch::Matchers::Contains(", " + place.socket.text()));
    const Finished second = run_program(place.command("\"" + place.socket.text() + "\""));
    CHECK(second.code == 69);
    CHECK_THAT(second.err, Catch::Matchers::Contains("cannot listen on " + place.socket.text() +
                                                     ": Address already in use"));
    killed->send_signal(SIGKILL);
    killed->wait();
  }
  CHECK(std::filesystem::is_socket(place.socket.path));
  const auto next = place.start(listen);
  StreamClient client(place.socket);
  CHECK(client.message().at("type") == "hello");
  next->send_signal(SIGTERM);
  CHECK(client.message("bye").at("reason") == "SIGTERM");
  CHECK(next->wait() == 0);
  CHECK_FALSE(std::filesystem::exists(place.socket.path));
}

TEST_CASE("earshotd raises its limit of open files to what its clients take, and says where it cannot") {
  const auto with_limits = [](const std::string& limits) {
    const ListeningPlace place;
    std::vector<std::string> command = place.command("\"127.0.0.1:0\"\nmax_clients = 300");
    command.insert(command.begin(), {"/bin/sh", "-c", "ulimit " + limits + " && exec \"$0\" \"$@\""});
    Child child(command, {place.notify.variable()});
    CHECK(place.notify.receive(30s) == "READY=1");
    return std::pair(soft_limit_of(child.pid()), child.err());
  };
  const auto [raised, quiet] = with_limits("-Sn 64");
  CHECK(raised == 508);
  CHECK_THAT(quiet, !Catch::Matchers::Contains("open files"));
  const auto [bounded, warned] = with_limits("-n 128");
  CHECK(bounded == 128);
  CHECK_THAT(warned, Catch::Matchers::Contains(
                         "max_clients = 300 may need 508 open files, the hard limit allows 128"));
}

}  // namespace earshot::test
