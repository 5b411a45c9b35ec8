// The real earshot: its options, its terminal, and how it ends.
#include <fcntl.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/net/Address.h"
#include "nn/model/Model.h"
#include "tests/daemon/TestModel.h"
#include "tests/daemon/TestServer.h"
#include "tests/support/Child.h"
#include "tests/support/Pty.h"
#include "tests/support/Skip.h"
#include "tests/support/WavFile.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;

void await(const std::function<bool()>& condition) {
  for (int i = 0; i < 3'000; ++i) {
    if (condition()) return;
    std::this_thread::sleep_for(10ms);
  }
  throw std::runtime_error("waited in vain");
}

std::string address_of(const TestServer& server) {
  return "127.0.0.1:" + std::to_string(server.stream->port());
}

/// What the test's children inherit, until it is gone.
class Inherited {
 public:
  Inherited(int signal, sighandler_t handler) : signal_(signal), before_(std::signal(signal, handler)) {}
  ~Inherited() { std::signal(signal_, before_); }
  Inherited(const Inherited&) = delete;
  Inherited& operator=(const Inherited&) = delete;

 private:
  int signal_;
  sighandler_t before_;
};

/// A model and a recording that takes long to classify.
struct LongWork {
  LongWork() {
    save_model(untrained_model(), directory / "model.safetensors");
    write_wav(directory / "long.wav", sine(440, 8'000, 1'200 * 8'000), 8'000);
  }
  std::vector<std::string> classify() const {
    return {EARSHOT_EARSHOT, "classify", (directory / "long.wav").string(), "--model",
            (directory / "model.safetensors").string()};
  }

  TemporaryDirectory directory;
};

/// Runs `arguments` into a pipe whose reader has gone, as systemd starts a service: SIGPIPE ignored.
Finished run_into_closed_pipe(std::vector<std::string> arguments, const std::function<void()>& meanwhile) {
  const TemporaryDirectory directory;
  const std::filesystem::path fifo = directory / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const int reader = ::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const Inherited ignored(SIGPIPE, SIG_IGN);
  Child child(std::move(arguments), {}, "/dev/null", fifo);
  ::close(reader);
  meanwhile();
  const int code = child.wait();
  return {code, "", child.err()};
}

}  // namespace

TEST_CASE("a number that is none, or out of range, is a usage error that names option and range") {
  const std::vector<std::vector<std::string>> wrong{
      {"watch", "--count", "-1"},
      {"watch", "--count", "0"},
      {"watch", "--count", "1e3"},
      {"watch", "--count", ""},
      {"watch", "--count", "0x10"},
      {"watch", "--count", "true"},
      {"watch", "--count", "99999999999999999999999"},
      {"classify", "f.wav", "--hop-s", "nan"},
      {"classify", "f.wav", "--hop-s", "-1"},
      {"classify", "f.wav", "--hop-s", ""},
      {"classify", "f.wav", "--gate", "nan"},
      {"classify", "f.wav", "--gate", "1"},
      {"send", "f.wav", "127.0.0.1:1", "--rate", "-1"},
      {"send", "f.wav", "127.0.0.1:1", "--rate", "1e4"},
      {"send", "f.wav", "127.0.0.1:1", "--rate", "016000"},
      {"send", "f.wav", "127.0.0.1:1", "--channels", "-1"},
      {"send", "f.wav", "127.0.0.1:1", "--channels", "1.5"},
      {"send", "f.wav", "127.0.0.1:1", "--speed", "inf"},
      {"send", "f.wav", "127.0.0.1:1", "--speed", "-0.5"},
  };
  for (std::vector<std::string> arguments : wrong) {
    const std::string option = arguments.rbegin()[1];
    INFO(option << ' ' << arguments.back());
    arguments.insert(arguments.begin(), EARSHOT_EARSHOT);
    const Finished finished = run_program(arguments);
    CHECK(finished.code == 64);
    CHECK_THAT(finished.err, Catch::Matchers::Contains(option) && Catch::Matchers::Contains("expected"));
    CHECK(std::count(finished.err.begin(), finished.err.end(), '\n') == 1);
  }
}

TEST_CASE("watch paints and draws on a terminal, not against NO_COLOR, nor on a dumb one") {
  TestServer server(0);
  Pty pty(100);
  const auto first_line = [&](std::vector<std::string> environment) {
    environment.push_back("LC_ALL=C.UTF-8");
    Child child({EARSHOT_EARSHOT, "watch", address_of(server), "--count", "1"}, environment, "/dev/null",
                pty.path());
    server.wait_for_clients(1);
    server.predict(1);
    CHECK(child.wait() == 0);
    return pty.read_until("\n");
  };
  const std::string bar = "\u2588\u2591";
  const std::string painted = first_line({"TERM=xterm", "NO_COLOR="});
  CHECK_THAT(painted, Catch::Matchers::Contains("\x1B[1mrain"));
  CHECK_THAT(painted, Catch::Matchers::Contains(bar));
  const std::string plain = first_line({"TERM=xterm", "NO_COLOR=1"});
  CHECK_THAT(plain, !Catch::Matchers::Contains("\x1B") && Catch::Matchers::Contains(bar));
  const std::string dumb = first_line({"TERM=dumb", "NO_COLOR="});
  CHECK_THAT(dumb, !Catch::Matchers::Contains("\x1B") && !Catch::Matchers::Contains(bar));
  CHECK_THAT(dumb, Catch::Matchers::Contains("rain"));
}

TEST_CASE("watch draws its screen in place, follows the terminal's size, and leaves it as it was, whatever ends it") {
  const std::string taken = "\x1b[?1049h\x1b[?25l";
  const std::string given_back = "\x1b[?25h\x1b[?1049l";
  TestServer server(0);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    INFO("signal " << signal);
    Pty pty(80);
    Child child({EARSHOT_EARSHOT, "watch", address_of(server)}, {"TERM=xterm", "NO_COLOR=1", "LC_ALL=C.UTF-8"},
                "/dev/null", pty.path());
    const std::string first = pty.read_until("0 clients");
    CHECK(first.starts_with(taken));
    server.wait_for_clients(1);
    server.stream->publish(SourceChange{"mic", SourceState::up, {}, {}});
    server.predict(1);
    const std::string second = pty.read_until("rain 75 %");
    CHECK(second.find("\x1b[2J") == std::string::npos);
    CHECK(second.find("\x1b[0m") == std::string::npos);
    pty.resize(40, 10);
    // The first may still be laid out for the old size.
    const std::string frame_end = "\x1b[J\x1b[H";
    std::string drawn = pty.read_until("\x1b[2J\x1b[H");
    for (const char* detail : {"one", "two", "three"}) {
      server.stream->publish(SourceChange{"mic", SourceState::up, detail, {}});
      drawn += pty.read_until(frame_end);
    }
    const std::size_t end = drawn.rfind(frame_end);
    const std::size_t begin = drawn.rfind(frame_end, end - 1);
    CHECK(std::count(drawn.begin() + static_cast<std::ptrdiff_t>(begin), drawn.begin() + static_cast<std::ptrdiff_t>(end),
                     '\n') == 9);
    child.send_signal(signal);
    // What was seen last stays, as lines.
    std::string last = pty.read_until(given_back);
    last.erase(0, last.find(given_back));
    if (last.find("dropped") == std::string::npos) last += pty.read_until("dropped");
    CHECK_THAT(last, Catch::Matchers::Contains("up: three"));
    CHECK(last.find("\x1b[", given_back.size()) == std::string::npos);
    CHECK(child.wait(10s) == 128 + signal);
    CHECK(child.err().empty());
    server.wait_for_clients(0);
  }
}

TEST_CASE("watch stopped by Ctrl-Z gives the terminal back, and takes it again when it goes on") {
#ifdef __SANITIZE_THREAD__
  return skip("ThreadSanitizer keeps a handler of its own where the program's has gone: the signal stops nobody");
#endif
  TestServer server(0);
  Pty pty(80);
  Child child({EARSHOT_EARSHOT, "watch", address_of(server)}, {"TERM=xterm"}, "/dev/null", pty.path());
  // Of a process group without a parent outside nobody is ever stopped (POSIX: orphaned), and a test may run in such a
  // one: so its parent steps out of the child's.
  const pid_t group = ::getpgrp();
  ::setpgid(0, 0);
  pty.read_until("0 clients");
  child.send_signal(SIGTSTP);
  int status = 0;
  await([&] { return ::waitpid(child.pid(), &status, WUNTRACED | WNOHANG) == child.pid(); });
  CHECK(WIFSTOPPED(status));
  ::setpgid(0, group);
  pty.read_until("\x1b[?25h\x1b[?1049l");
  child.send_signal(SIGCONT);
  pty.read_until("\x1b[?1049h\x1b[?25l");
  pty.read_until("1 client");
  child.send_signal(SIGTERM);
  CHECK(child.wait(10s) == 128 + SIGTERM);
}

TEST_CASE("watch on a terminal shows a daemon that goes and comes back, and what is written to its notes") {
  const TemporaryDirectory directory;
  const std::filesystem::path notes = directory.write("notes", "");
  auto server = std::make_unique<TestServer>(0);
  const std::uint16_t port = server->stream->port();
  Pty pty(80);
  Child child({EARSHOT_EARSHOT, "watch", address_of(*server), "--notes", notes}, {"TERM=xterm", "NO_COLOR=1"},
              "/dev/null", pty.path());
  pty.read_until("model esc10");
  std::ofstream(notes) << "demo: now a voice\n";
  pty.read_until("demo: now a voice");
  server.reset();
  pty.read_until("trying again");
  server = std::make_unique<TestServer>(port);
  pty.read_until("model esc10");
  child.send_signal(SIGTERM);
  CHECK(child.wait(10s) == 128 + SIGTERM);
}

TEST_CASE("Ctrl-C, SIGTERM and SIGHUP end every command at once, quietly, with 128 and their number") {
  const LongWork work;
  TestServer server(0);
  const int listener = open_listener({"127.0.0.1", 0}, {});
  const std::string receiver = "127.0.0.1:" + std::to_string(bound_port(listener));
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    INFO("signal " << signal);
    {
      Child watching({EARSHOT_EARSHOT, "watch", address_of(server)});
      server.wait_for_clients(1);
      watching.send_signal(signal);
      CHECK(watching.wait(10s) == 128 + signal);
      const std::string said = watching.err();
      CHECK(std::count(said.begin(), said.end(), '\n') <= 1);  // "connected to ..."
      server.wait_for_clients(0);
    }
    {
      Child sending({EARSHOT_EARSHOT, "send", (work.directory / "long.wav").string(), receiver});
      pollfd connected{listener, POLLIN, 0};
      REQUIRE(::poll(&connected, 1, 20'000) == 1);
      const int socket = ::accept(listener, nullptr, nullptr);
      sending.send_signal(signal);
      CHECK(sending.wait(10s) == 128 + signal);
      CHECK(sending.err().empty());
      ::close(socket);
    }
    {
      Child playing({EARSHOT_EARSHOT, "demo"});
      await([&] { return !playing.out().empty(); });
      CHECK_THAT(playing.err(), Catch::Matchers::StartsWith("demo: now a voice, synthesised\n"));
      playing.send_signal(signal);
      CHECK(playing.wait(10s) == 128 + signal);
    }
    {
      Child classifying(work.classify());
      await([&] { return !classifying.out().empty(); });
      classifying.send_signal(signal);
      CHECK(classifying.wait(10s) == 128 + signal);
      CHECK(classifying.err().empty());
    }
  }
  ::close(listener);
}

TEST_CASE("under nohup a hangup changes nothing") {
  TestServer server(0);
  const Inherited ignored(SIGHUP, SIG_IGN);
  Child watching({EARSHOT_EARSHOT, "watch", address_of(server), "--count", "1"});
  server.wait_for_clients(1);
  watching.send_signal(SIGHUP);
  server.predict(1);
  CHECK(watching.wait(20s) == 0);
}

TEST_CASE("what writes into a closed pipe ends without a word, even where SIGPIPE is ignored") {
  const LongWork work;
  TestServer server(0);
  const Finished watched = run_into_closed_pipe({EARSHOT_EARSHOT, "watch", address_of(server)}, [&] {
    server.wait_for_clients(1);
    server.predict(1);
  });
  CHECK(watched.code == -SIGPIPE);
  CHECK_THAT(watched.err, Catch::Matchers::Contains("connected to") && !Catch::Matchers::Contains("write"));
  const Finished played = run_into_closed_pipe({EARSHOT_EARSHOT, "demo"}, [] {});
  CHECK(played.code == -SIGPIPE);
  CHECK_THAT(played.err, !Catch::Matchers::Contains("write"));
  const Finished classified = run_into_closed_pipe(work.classify(), [] {});
  CHECK(classified.code == -SIGPIPE);
  CHECK(classified.err.empty());
}

}  // namespace earshot::test
