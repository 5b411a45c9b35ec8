// The real earshotd's books: its stream adds up to the sample, and what it heard outlives it.
#include <chrono>
#include <csignal>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "tests/daemon/BookCheck.h"
#include "tests/daemon/Daemon.h"
#include "tests/daemon/Speaker.h"
#include "tests/support/WavFile.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

json::object books_in(const std::filesystem::path& directory) {
  const Finished shown = run_program({EARSHOT_EARSHOT, "books", "--json", "--dir", directory.string()});
  return shown.code == 0 ? json::parse(shown.out).as_object() : json::object();
}

json::object source_in(const std::filesystem::path& directory) {
  const json::object books = books_in(directory);
  const json::value* sources = books.if_contains("sources");
  return sources && !sources->as_array().empty() ? sources->as_array()[0].as_object() : json::object();
}

void await_books(const std::filesystem::path& directory,
                 const std::function<bool(const json::object&)>& condition) {
  for (int i = 0; i < 500; ++i) {
    const json::object source = source_in(directory);
    if (!source.empty() && condition(source)) return;
    std::this_thread::sleep_for(20ms);
  }
  throw std::runtime_error("the books never said it: " + json::serialize(source_in(directory)));
}

double number_in(const json::object& object, std::string_view key) {
  return object.at(key).to_number<double>();
}

}  // namespace

TEST_CASE("whatever senders do, and if the daemon is stopped for a while, its stream adds up to the sample") {
  const TemporaryDirectory directory;
  write_wav(directory / "loop.wav", sine(440, 11'025, 77'177), 11'025);
  Daemon daemon(live_source("porch", 16'000) + live_source("barn", 44'100) +
                    "[[source]]\nname = \"loop\"\nkind = \"file\"\nat_end = \"loop\"\npath = \"" +
                    (directory / "loop.wav").string() + "\"\n",
                {}, "/dev/null", small_yamnet());
  BookCheck check;
  StreamClient client = daemon.connect();
  check.take(client.message("hello"));
  client.send("{\"type\":\"subscribe\",\"from_seq\":1}\n");

  std::jthread barn([&] {
    Speaker(daemon.connect_sender("barn"), 44'100).speak(1'500ms);
    std::this_thread::sleep_for(200ms);
    Speaker again(daemon.connect_sender("barn"), 44'100);
    again.speak(600ms);  // too short for a window
    again.send(6s);      // more than is live
    again.speak(4s);
  });
  {
    Speaker porch(daemon.connect_sender("porch"), 16'000);
    porch.speak(2s);
    std::this_thread::sleep_for(1'200ms);  // what never came
    porch.speak(1'500ms);
    daemon.child().send_signal(
        SIGSTOP);  // what comes late, and of the file what would be classified too late
    porch.speak(2'500ms);
    daemon.child().send_signal(SIGCONT);
    porch.speak(1'500ms);
  }
  barn.join();
  daemon.child().send_signal(SIGTERM);
  std::uint64_t overloads = 0;
  while (const auto line = client.line()) {
    const json::object message = json::parse(*line).as_object();
    if (message.at("type").as_string() == "gap" && message.at("reason").as_string() == "overload")
      ++overloads;
    check.take(message);
  }
  CHECK(daemon.child().wait() == 0);
  CHECK(check.problems() == "");
  REQUIRE(check.sources().size() == 3);
  std::uint64_t gaps = 0;
  for (const auto& [name, book] : check.sources()) {
    INFO(name);
    CHECK(book.ended());
    CHECK(book.totals().predictions > 2);
    CHECK(book.totals().samples() == book.totals().position);
    gaps += book.totals().gaps;
  }
  CHECK(gaps >= 3);
  CHECK(overloads >= 1);
}

TEST_CASE("what was heard, and that a daemon was killed, stopped and started anew, is in the books") {
  const TemporaryDirectory state;
  const std::vector<std::string> keeping{"STATE_DIRECTORY=" + state.path().string()};
  const std::string source = live_source("porch", 16'000);
  {
    Daemon killed(source, keeping, "/dev/null", small_yamnet());
    std::this_thread::sleep_for(300ms);
    Speaker(killed.connect_sender("porch"), 16'000).speak(2s);
    await_books(state.path(), [](const json::object& porch) { return number_in(porch, "heard_s") > 1.5; });
    CHECK(books_in(state.path()).at("running").as_bool());
    killed.child().send_signal(SIGKILL);
    CHECK(killed.child().wait() == -SIGKILL);
  }
  std::this_thread::sleep_for(500ms);
  {
    Daemon stopped(source, keeping, "/dev/null", small_yamnet());
    std::this_thread::sleep_for(300ms);
    Speaker(stopped.connect_sender("porch"), 16'000).speak(1'500ms);
    stopped.child().send_signal(SIGTERM);
    CHECK(stopped.child().wait() == 0);
  }
  std::this_thread::sleep_for(300ms);
  const json::object books = books_in(state.path());
  CHECK_FALSE(books.at("running").as_bool());
  REQUIRE(books.at("sources").as_array().size() == 1);
  const json::object& porch = books.at("sources").as_array()[0].as_object();
  INFO(json::serialize(porch));
  CHECK(number_in(porch, "heard_s") > 2.9);
  double unheard = 0;
  std::string reasons;
  for (const json::value& gap : porch.at("gaps").as_array()) {
    for (const json::value& part : gap.as_object().at("parts").as_array()) {
      unheard += number_in(part.as_object(), "unheard_s");
      reasons += std::string(part.as_object().at("reason").as_string()) + ' ';
    }
  }
  CHECK(unheard == Approx(number_in(porch, "unheard_s")).margin(1e-5));
  CHECK(reasons.starts_with("starting "));
  const std::size_t killed = reasons.find("not_running");
  REQUIRE(killed != std::string::npos);
  CHECK(reasons.find("starting", killed) != std::string::npos);
  CHECK(reasons.ends_with("not_running "));
  CHECK(porch.at("gaps").as_array().back().as_object().at("goes_on").as_bool());

  const Finished page = run_program({EARSHOT_EARSHOT, "books"}, keeping);
  CHECK(page.code == 0);
  CHECK(page.out.find("earshotd was not running: it was killed, or crashed") != std::string::npos);
  CHECK(page.out.find("earshotd was not running: stopped (SIGTERM)") != std::string::npos);
  CHECK(run_program({EARSHOT_EARSHOT, "books", "--since", "2027-01-01"}, keeping).out.find("Nothing since") !=
        std::string::npos);
  CHECK(run_program({EARSHOT_EARSHOT, "books", "--since", "soon"}, keeping).code == 64);
  const Finished other = run_program({EARSHOT_EARSHOT, "books", "--source", "barn"}, keeping);
  CHECK(other.code == 64);
  CHECK(other.err == "earshot: --source: found 'barn', expected one of porch\n");
  CHECK(run_program({EARSHOT_EARSHOT, "books", "--dir", (state / "none").string()}).code == 66);
}

TEST_CASE(
    "a source that a reload takes and another brings back has books of before and after, not of between") {
  using Clock = std::chrono::steady_clock;
  const auto seconds_of = [](Clock::duration time) { return std::chrono::duration<double>(time).count(); };
  const TemporaryDirectory directory;
  write_wav(directory / "loop.wav", sine(440, 16'000, 77'177), 16'000);
  const std::string barn = live_source("barn", 16'000);
  const std::string attic = "[[source]]\nname = \"attic\"\nkind = \"file\"\nat_end = \"loop\"\npath = \"" +
                            (directory / "loop.wav").string() + "\"\n";
  const std::filesystem::path state = directory / "state";
  const auto heard_more_than = [](double least_s) {
    return [least_s](const json::object& source) { return number_in(source, "heard_s") > least_s; };
  };
  const auto began = Clock::now();
  Daemon daemon(attic + barn, {"STATE_DIRECTORY=" + state.string()}, "/dev/null", small_yamnet());
  StreamClient client = daemon.subscribe();
  await_books(state, heard_more_than(1.5));
  daemon.reload(barn, small_yamnet());
  while (client.message("source").at("state").as_string() != "ended") continue;
  const auto taken = Clock::now();
  std::this_thread::sleep_for(2s);
  const auto away = Clock::now() - taken;
  const double heard_before_s = number_in(source_in(state), "heard_s");
  daemon.reload(attic + barn, small_yamnet());
  await_books(state, heard_more_than(heard_before_s + 1.5));
  daemon.child().send_signal(SIGTERM);
  CHECK(daemon.child().wait() == 0);
  const json::object books = source_in(state);
  const auto passed = Clock::now() - began;
  INFO(json::serialize(books));
  CHECK(books.at("source") == "attic");
  const double told_s = number_in(books, "heard_s") + number_in(books, "unheard_s");
  CHECK(told_s < seconds_of(passed - away) + 0.1);
}

TEST_CASE("what keeps no time has no books, nor have a listener's senders that do not") {
  const TemporaryDirectory state;
  Daemon daemon(live_source("porch", 16'000) + live_source("attic", 16'000) + "pace = \"fast\"\n" +
                    live_source("many", 16'000) + "max_senders = 3\npace = \"fast\"\n",
                {"STATE_DIRECTORY=" + state.path().string()}, "/dev/null", small_yamnet());
  StreamClient client = daemon.subscribe();
  Speaker(daemon.connect_sender("attic"), 16'000).send(2s);
  client.message("prediction");
  StreamClient socket = daemon.connect_sender("many");
  socket.send("{\"source\":\"barn\"}\n");
  Speaker(std::move(socket), 16'000).send(2s);
  while (client.message("prediction").at("source").as_string() != "barn") continue;
  daemon.child().send_signal(SIGTERM);
  CHECK(daemon.child().wait() == 0);
  const json::object books = books_in(state.path());
  REQUIRE(books.at("sources").as_array().size() == 1);
  CHECK(source_in(state.path()).at("source") == "porch");
}

TEST_CASE("where it may not write, the daemon hears and publishes all the same") {
  Daemon daemon(live_source("porch", 16'000), {"STATE_DIRECTORY=/dev/null/books"}, "/dev/null",
                small_yamnet());
  StreamClient client = daemon.subscribe();
  Speaker(daemon.connect_sender("porch"), 16'000).speak(1'200ms);
  client.message("prediction");
  daemon.await_log("what is heard and what is not cannot be kept in the books: /dev/null/books");
  daemon.child().send_signal(SIGTERM);
  CHECK(daemon.child().wait() == 0);
}

}  // namespace earshot::test
