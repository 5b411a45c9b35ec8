// Outbox: what it keeps over restarts, full disks and torn records, and what it says it has lost.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/mqtt/Outbox.h"
#include "tests/daemon/LogLines.h"
#include "tests/daemon/books/FullDisk.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {
namespace {

Outbox::Entry numbered_entry(int number) {
  return {.topic = "mic/event",
          .time = "t" + std::to_string(number),
          .payload = "{\"n\":" + std::to_string(number) + '}',
          .heard = BootClock::now()};
}

/// The payloads' numbers, in order; the outbox is empty then.
std::vector<int> empty_outbox(Outbox& outbox) {
  std::vector<int> numbers;
  while (!outbox.empty()) {
    numbers.push_back(std::stoi(outbox.front().payload.substr(5)));
    outbox.remove(outbox.front_number());
  }
  return numbers;
}

}  // namespace

TEST_CASE("an outbox gives back in order what it was given, over a restart without an end") {
  TemporaryDirectory directory;
  {
    Outbox outbox(directory.path());
    for (int i = 0; i < 5; ++i) outbox.add(numbered_entry(i));
    outbox.remove(outbox.front_number());
    CHECK(outbox.front().heard.has_value());
  }
  Outbox outbox(directory.path());
  CHECK_FALSE(outbox.front().heard.has_value());
  CHECK(outbox.front().time == "t1");
  CHECK(outbox.front().topic == "mic/event");
  outbox.add(numbered_entry(5));
  CHECK(empty_outbox(outbox) == std::vector{1, 2, 3, 4, 5});
}

TEST_CASE("a record of an outbox that was cut off is none, and those before it are there") {
  TemporaryDirectory directory;
  {
    Outbox outbox(directory.path());
    for (int i = 0; i < 3; ++i) outbox.add(numbered_entry(i));
  }
  const auto size = std::filesystem::file_size(directory / "outbox");
  std::filesystem::resize_file(directory / "outbox", size - 4);
  {
    Outbox outbox(directory.path());
    outbox.add(numbered_entry(7));
  }
  Outbox outbox(directory.path());
  CHECK(empty_outbox(outbox) == std::vector{0, 1, 7});
}

TEST_CASE("an outbox that is full loses the oldest and says how many, over a restart, too") {
  TemporaryDirectory directory;
  const OutboxLimits limits{.messages = 3, .bytes = 1000};
  {
    Outbox outbox(directory.path(), limits);
    for (int i = 0; i < 5; ++i) outbox.add(numbered_entry(i));
    outbox.hold_loss();
    for (int i = 5; i < 8; ++i) outbox.add(numbered_entry(i));
    outbox.forget_loss();
  }
  Outbox outbox(directory.path(), limits);
  CHECK(outbox.loss().messages == 3);
  CHECK(outbox.loss().first_time == "t2");
  CHECK(outbox.loss().last_time == "t4");
  CHECK(empty_outbox(outbox) == std::vector{5, 6, 7});
}

TEST_CASE("an outbox is bounded in bytes, too, and one message always finds room") {
  Outbox outbox("", {.messages = 100, .bytes = 40});
  for (int i = 0; i < 8; ++i) outbox.add(numbered_entry(i));
  CHECK(outbox.size() == 2);
  outbox.add({.topic = "mic/event", .time = "t", .payload = std::string(100, 'x')});
  CHECK(outbox.size() == 1);
  CHECK(outbox.loss().messages == 8);
}

TEST_CASE("what is removed from an outbox after it had to go anyway takes no other with it") {
  Outbox outbox("", {.messages = 2, .bytes = 1000});
  outbox.add(numbered_entry(0));
  const std::uint64_t in_flight = outbox.front_number();
  outbox.add(numbered_entry(1));
  outbox.add(numbered_entry(2));
  outbox.remove(in_flight);
  CHECK(empty_outbox(outbox) == std::vector{1, 2});
}

TEST_CASE("what is on its way keeps its place in a full outbox, over a restart, too") {
  TemporaryDirectory directory;
  const OutboxLimits limits{.messages = 2, .bytes = 1000};
  {
    Outbox outbox(directory.path(), limits);
    outbox.add(numbered_entry(0));
    outbox.hold_front();
    const std::uint64_t in_flight = outbox.front_number();
    outbox.add(numbered_entry(1));
    outbox.add(numbered_entry(2));
    CHECK(outbox.loss().first_time == "t1");
    outbox.remove(in_flight);
    outbox.add(numbered_entry(3));
  }
  Outbox outbox(directory.path(), limits);
  CHECK(outbox.loss().messages == 1);
  CHECK(empty_outbox(outbox) == std::vector{2, 3});
}

TEST_CASE("a message that stands for many lost ones counts as them when it is lost itself") {
  Outbox outbox("", {.messages = 1, .bytes = 1000});
  outbox.add({.topic = "lost", .time = "t", .payload = "{}", .messages = 5});
  outbox.add(numbered_entry(1));
  CHECK(outbox.loss().messages == 5);
}

TEST_CASE("what a disk that was away at the start has comes first, and goes with nothing else") {
  TemporaryDirectory directory;
  const auto box = directory / "box";
  {
    Outbox outbox(box);
    for (int i = 0; i < 2; ++i) outbox.add(numbered_entry(i));
  }
  std::filesystem::rename(box, directory / "away");
  directory.write("box", "no folder");
  Outbox outbox(box);
  outbox.add(numbered_entry(5));
  const std::uint64_t in_flight = outbox.front_number();
  std::filesystem::remove(box);
  std::filesystem::rename(directory / "away", box);
  outbox.retry();
  outbox.remove(in_flight);
  CHECK(empty_outbox(outbox) == std::vector{0, 1, 5});
}

TEST_CASE("an outbox's file stays small however much goes through it") {
  TemporaryDirectory directory;
  Outbox outbox(directory.path(), {.messages = 10, .bytes = 1000});
  for (int i = 0; i < 50'000; ++i) {
    outbox.add(numbered_entry(i));
    if (i >= 5) outbox.remove(outbox.front_number());
  }
  CHECK(std::filesystem::file_size(directory / "outbox") < 1'100'000);
  CHECK(empty_outbox(outbox).size() == 5);
}

TEST_CASE("an outbox on a full disk goes on in memory, says so once, and is on disk again when it can") {
  TemporaryDirectory directory;
  LogLines log;
  {
    Outbox outbox(directory.path());
    {
      FullDisk full(64);
      for (int i = 0; i < 20; ++i) outbox.add(numbered_entry(i));
    }
    CHECK(log.count("kept in memory alone") == 1);
    CHECK(outbox.size() == 20);
    outbox.retry();
    CHECK(log.count("kept on disk again") == 1);
  }
  Outbox outbox(directory.path());
  CHECK(empty_outbox(outbox).size() == 20);
}

TEST_CASE("a second outbox in one folder keeps to memory and leaves the first one's file alone") {
  TemporaryDirectory directory;
  LogLines log;
  Outbox first(directory.path());
  first.add(numbered_entry(1));
  {
    Outbox second(directory.path());
    CHECK_FALSE(second.holds_folder());
    CHECK(second.empty());
    second.add(numbered_entry(2));
    CHECK(log.count("another earshotd") == 1);
  }
  first.add(numbered_entry(3));
  CHECK(first.size() == 2);
}

}  // namespace earshot::test
