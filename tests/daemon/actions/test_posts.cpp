// Actions that POST: what servers get, when it is tried again, and when it is not.
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/actions/HttpPoster.h"
#include "daemon/stream/JsonLine.h"
#include "dsp/base/Error.h"
#include "tests/daemon/actions/HookServer.h"
#include "tests/daemon/actions/Telling.h"
#include "tests/support/Child.h"
#include "tests/support/Skip.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::string post_action(const std::string& url, const std::string& more = "") {
  return "[[action]]\nurl = \"" + url + "\"\n" + more + "\n";
}

}  // namespace

TEST_CASE("a URL is POSTed the event as JSON, with the token of its file") {
  const TemporaryDirectory files;
  const std::string token = files.write_secret("token", "tk_geheim\n").string();
  const HookServer server([](std::size_t) { return http_answer("200 OK"); });
  Telling telling(post_action(server.url("/hook/abc?tpl=1&m={{.label}}"), "token_file = \"" + token + "\""));
  const Event event = event_of("Dog");
  telling.outlet.hear(event);
  const std::vector<HookRequest> requests = server.await(1);
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].head.starts_with("POST /hook/abc?tpl=1&m={{.label}} HTTP/1.1\r\n"));
  CHECK(requests[0].head.find("\r\nContent-Type: application/json\r\n") != std::string::npos);
  CHECK(requests[0].head.find("\r\nAuthorization: Bearer tk_geheim\r\n") != std::string::npos);
  CHECK(requests[0].body == json_line(event, std::nullopt));
  files.write("token", "another");
  telling.hear("Dog");
  const std::vector<HookRequest> more = server.await(2);
  REQUIRE(more.size() == 2);
  CHECK(more[1].head.find("\r\nAuthorization: Bearer another\r\n") != std::string::npos);
}

TEST_CASE("what a server cannot take now is tried again, with longer and longer pauses") {
  const HookServer server([](std::size_t number) {
    return http_answer(number < 2 ? "503 Service Unavailable" : "204 No Content");
  });
  Telling telling(post_action(server.url()));
  telling.hear("Dog");
  const std::vector<HookRequest> requests = server.await(3);
  REQUIRE(requests.size() == 3);
  CHECK(requests[1].when - requests[0].when >= 990ms);
  CHECK(requests[2].when - requests[1].when >= 1990ms);
  CHECK(requests[2].body == requests[0].body);
  CHECK(telling.log.await("answered 503; tried again in 1 s") == 1);
  telling.outlet.stop(5s);
  CHECK(telling.log.count("untold") == 0);
}

TEST_CASE("a server that says when it may be asked again is not asked before") {
  const HookServer server([](std::size_t number) {
    return number == 0 ? http_answer("429 Too Many Requests", "Retry-After: 3\r\n") : http_answer("200 OK");
  });
  Telling telling(post_action(server.url()));
  telling.hear("Dog");
  const std::vector<HookRequest> requests = server.await(2);
  REQUIRE(requests.size() == 2);
  CHECK(requests[1].when - requests[0].when >= 2990ms);
}

TEST_CASE("what a server refuses, or sends elsewhere, is given up, with the reason in the log") {
  const HookServer elsewhere([](std::size_t) { return http_answer("200 OK"); });
  const HookServer server([&](std::size_t number) {
    return number == 0 ? http_answer("302 Found", "Location: " + elsewhere.url() + "\r\n")
                       : http_answer("404 Not Found", "", "no such hook as /secret-hook");
  });
  {
    Telling telling(post_action(server.url("/secret-hook")));
    telling.hear("Dog");
    CHECK(telling.log.await("answered 302, a redirect, which is not followed; an event is given up") == 1);
    telling.hear("Dog");
    REQUIRE(server.await(2).size() == 2);
    telling.outlet.stop(5s);
    telling.change("");
    CHECK(telling.log.count("action '" + server.url("") +
                            "' answered 404: no such hook as /*; an event is given up") == 1);
    CHECK(telling.log.count("secret-hook") == 0);
  }
  CHECK(elsewhere.await(0).empty());
  CHECK(server.await(2).size() == 2);
}

TEST_CASE(
    "a server that is not there is tried again, and one that hangs takes its time-out and no other's turn") {
  std::string nowhere;
  {
    const HookServer gone([](std::size_t) { return ""; });
    nowhere = gone.url();
  }
  const HookServer hangs([](std::size_t) { return ""; });
  const HookServer server([](std::size_t) { return http_answer("200 OK"); });
  Telling telling(post_action(nowhere) + post_action(hangs.url(), "timeout_s = 0.5\nat_once = 1") +
                  post_action(server.url()));
  telling.hear("Dog");
  CHECK(server.await(1).size() == 1);
  CHECK(telling.log.await("connect to server; tried again in 1 s") == 1);
  CHECK(telling.log.await("Operation timed out") == 1);
  CHECK(hangs.await(2).size() >= 2);
}

TEST_CASE("no more than at_once are under way, and the rest waits its turn") {
  const HookServer hangs([](std::size_t) { return ""; });
  Telling telling(post_action(hangs.url(), "at_once = 2\nper_minute = 5"));
  telling.hear(6, "Dog");
  CHECK(telling.log.await("left an event out: 5 have begun within a minute") == 1);
  CHECK(hangs.await(2).size() == 2);
  const Clock::time_point begun = Clock::now();
  telling.outlet.stop(300ms);
  CHECK(Clock::now() - begun < 3s);
  CHECK(hangs.await(2).size() == 2);
  CHECK(telling.log.count("events left untold, since their servers did not take them yet: 5") == 1);
}

TEST_CASE("what was heard just before a stop is posted still") {
  const HookServer server([](std::size_t) { return http_answer("200 OK"); });
  Telling telling(post_action(server.url(), "per_minute = 100\nat_once = 3"));
  telling.hear(20, "Dog");
  telling.outlet.stop(10s);
  CHECK(server.await(20).size() == 20);
  CHECK(telling.log.count("untold") == 0);
}

TEST_CASE("a server whose certificate nobody vouches for is told nothing") {
  const char* const openssl = "/usr/bin/openssl";
  if (::access(openssl, X_OK) != 0) return skip("there is no openssl");
  const TemporaryDirectory files;
  const std::string key = (files / "key.pem").string();
  const std::string certificate = (files / "certificate.pem").string();
  REQUIRE(run_program({openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                       "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out",
                       certificate})
              .code == 0);
  const Child server(
      {openssl, "s_server", "-accept", "127.0.0.1:0", "-key", key, "-cert", certificate, "-www"});
  std::string port;
  for (int i = 0; i < 2'000 && port.empty(); ++i) {
    const std::string text = server.out();
    const std::size_t at = text.find("ACCEPT 127.0.0.1:");
    if (at != std::string::npos && text.find('\n', at) != std::string::npos)
      port = text.substr(at + 17, text.find('\n', at) - at - 17);
    std::this_thread::sleep_for(5ms);
  }
  REQUIRE_FALSE(port.empty());
  Telling telling(post_action("https://127.0.0.1:" + port + "/hook"));
  telling.hear("Dog");
  CHECK(telling.log.await("action 'https://127.0.0.1:" + port +
                          "' SSL certificate problem: self-signed certificate; "
                          "an event is given up") == 1);
}

TEST_CASE("the log knows a URL by its server alone") {
  CHECK(url_origin("https://me:pass@example.org:8443/secret?token=x#y") == "https://example.org:8443");
  CHECK(url_origin("http://[::1]/a b") == std::nullopt);
  CHECK(url_origin("http://10.0.0.7") == "http://10.0.0.7");
  CHECK(url_origin("http://host:port/") == std::nullopt);
}

TEST_CASE(
    "a token's file that is missing, empty, of two lines or open to all is refused, and all is as before") {
  const TemporaryDirectory files;
  const HookServer server([](std::size_t) { return http_answer("200 OK"); });
  Telling telling(post_action(server.url()));
  const auto error_of = [&](const std::string& name) {
    try {
      telling.change(post_action(server.url(), "token_file = \"" + (files / name).string() + "\""));
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK_THAT(error_of("none"),
             Catch::Matchers::Contains("none: No such file or directory, expected a token"));
  files.write_secret("empty", "\n");
  CHECK_THAT(error_of("empty"),
             Catch::Matchers::EndsWith("empty: found nothing, expected a token on a line of its own"));
  files.write_secret("two", "a\nb\n");
  CHECK_THAT(error_of("two"), Catch::Matchers::Contains("two: found spaces, more than a line or no ASCII"));
  std::filesystem::permissions(files.write("open", "tk_geheim\n"), std::filesystem::perms(0604));
  CHECK_THAT(error_of("open"),
             Catch::Matchers::Contains("open: found a file that every user of this machine"));
  telling.hear("Dog");
  CHECK(server.await(1).size() == 1);
}

}  // namespace earshot::test
