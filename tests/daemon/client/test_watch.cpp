// `earshot watch` against a server that comes, goes and returns.
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "daemon/client/Watch.h"
#include "daemon/net/Address.h"
#include "dsp/base/Error.h"
#include "tests/daemon/TestServer.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {
namespace {

std::vector<std::uint64_t> prediction_seqs(const std::string& lines) {
  std::vector<std::uint64_t> seqs;
  std::istringstream stream(lines);
  for (std::string line; std::getline(stream, line);) {
    const auto message = boost::json::parse(line).as_object();
    if (message.at("type") == "prediction") seqs.push_back(message.at("seq").to_number<std::uint64_t>());
  }
  return seqs;
}

}  // namespace

TEST_CASE("watch shows predictions and returns after as many as were asked for") {
  TestServer server(0);
  std::ostringstream out;
  std::ostringstream notices;
  const WatchSettings settings{
      .server = Endpoint{"127.0.0.1", server.stream->port()}, .json = false, .terminal = {}, .count = 3};
  std::thread watching([&] { watch(settings, out, notices); });
  server.wait_for_clients(1);
  server.predict(5);
  watching.join();
  const std::string text = out.str();
  CHECK(std::count(text.begin(), text.end(), '\n') == 3);
  CHECK(text.find("mic     rain      75.0 %") != std::string::npos);
  CHECK(notices.str().find("model 'esc10' with 2 labels; sources: mic (microphone, starting)") !=
        std::string::npos);
}

TEST_CASE("watch goes on through a reload, and says by what is heard then") {
  TestServer server(0);
  std::ostringstream out;
  std::ostringstream notices;
  const WatchSettings settings{
      .server = Endpoint{"127.0.0.1", server.stream->port()}, .json = true, .terminal = {}, .count = 4};
  std::thread watching([&] { watch(settings, out, notices); });
  server.wait_for_clients(1);
  server.predict(2);
  StreamSettings same;
  same.listen = {Endpoint{"127.0.0.1", 0}};
  server.stream->change(
      same, StreamFacts{"barn", "", {"owl"}, false, 15'600, 8'000, 16'000, {{"mic", "microphone"}}});
  server.predict(2);
  watching.join();
  CHECK(prediction_seqs(out.str()) == std::vector<std::uint64_t>{1, 2, 1, 2});
  CHECK_THAT(notices.str(), Catch::Matchers::Contains("reloaded: ") &&
                                Catch::Matchers::Contains("model 'barn' with 1 label"));
}

TEST_CASE("watch reads from a Unix socket, and waits until there is one") {
  const TemporaryDirectory directory;
  const UnixPath path{(directory / "earshot.sock").string()};
  std::ostringstream out;
  std::ostringstream notices;
  const WatchSettings settings{.server = path, .json = true, .terminal = {}, .count = 2};
  std::thread watching([&] { watch(settings, out, notices); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  TestServer server(path);
  server.wait_for_clients(1);
  server.predict(2);
  watching.join();
  CHECK(prediction_seqs(out.str()) == std::vector<std::uint64_t>{1, 2});
  CHECK_THAT(notices.str(),
             Catch::Matchers::Contains("earshot: " + path.text() + ": No such file or directory") &&
                 Catch::Matchers::Contains("connected to " + path.text()));
}

TEST_CASE("watch ends when its output fails") {
  TestServer server(0);
  std::ofstream full("/dev/full");
  std::ostringstream notices;
  const WatchSettings settings{
      .server = Endpoint{"127.0.0.1", server.stream->port()}, .json = true, .terminal = {}, .count = {}};
  CHECK_THROWS_WITH(watch(settings, full, notices), "standard output: cannot write");
}

TEST_CASE("watch waits for a daemon, and finds it again after a restart, missing nothing that is held") {
  std::uint16_t port = 0;
  {
    TestServer nobody(0);
    port = nobody.stream->port();
  }
  std::ostringstream out;
  std::ostringstream notices;
  const WatchSettings settings{
      .server = Endpoint{"127.0.0.1", port}, .json = true, .terminal = {}, .count = 7};
  std::thread watching([&] { watch(settings, out, notices); });
  {
    TestServer first(port);
    first.wait_for_clients(1);
    first.predict(3);
    first.stream->stop("restart");
  }
  TestServer second(port);
  second.predict(4);  // before watch is back, or after
  watching.join();
  CHECK(prediction_seqs(out.str()) == std::vector<std::uint64_t>{1, 2, 3, 1, 2, 3, 4});
  CHECK(notices.str().find("says bye: restart") != std::string::npos);
}

TEST_CASE("something else than a daemon is named, not watched for ever") {
  const int listener = open_listener({"127.0.0.1", 0}, {});
  const std::uint16_t port = bound_port(listener);
  std::thread impostor([listener] {
    pollfd ready{listener, POLLIN, 0};
    ::poll(&ready, 1, 20000);
    const int socket = ::accept(listener, nullptr, nullptr);
    ::send(socket, "HTTP/1.1 400 Bad Request\r\n", 26, MSG_NOSIGNAL);
    ::close(socket);
  });
  std::ostringstream out;
  std::ostringstream notices;
  try {
    watch({.server = Endpoint{"127.0.0.1", port}, .json = false, .terminal = {}, .count = 1}, out, notices);
    FAIL("watched an impostor");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::bad_data);
    CHECK(std::string(error.what()).find("found 'HTTP/1.1 400 Bad Request\\r'") != std::string::npos);
  }
  impostor.join();
  ::close(listener);
}

}  // namespace earshot::test
