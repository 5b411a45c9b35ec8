// Lines that somebody provokes without end: one at once, then one a minute.
#include <chrono>

#include <catch2/catch.hpp>

#include "daemon/log/LogSummary.h"
#include "tests/daemon/LogLines.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;

constexpr LogSummary::Clock::time_point kAnyTime{1000h};

}  // namespace

TEST_CASE("the first line is written at once, the last of those within a minute stands for them") {
  const LogLines log;
  LogSummary summary(LogLevel::warning);
  for (int i = 0; i < 1000; ++i) summary.line(kAnyTime + i * 10ms, "client {} turned away", i);
  CHECK(log.count("") == 1);
  CHECK(log.count("client 0 turned away") == 1);
  summary.tick(kAnyTime + 60s - 1ns);
  CHECK(log.count("") == 1);
  summary.tick(kAnyTime + 60s);
  CHECK(log.count("") == 2);
  CHECK(log.count("client 999 turned away (the last of 999 such lines)") == 1);
}

TEST_CASE("whatever comes, and however long, there is a line a minute, and each was counted") {
  const LogLines log;
  LogSummary summary(LogLevel::info);
  for (int second = 0; second < 600; ++second) summary.line(kAnyTime + second * 1s, "again");
  CHECK(log.count("") == 10);
  summary.finish();
  CHECK(log.count("") == 11);
  CHECK(log.count("again (the last of 59 such lines)") == 1);  // beside the first
  CHECK(log.count("again (the last of 60 such lines)") == 9);
}

TEST_CASE("after a minute without any the next line is a first one, and what is alone needs no count") {
  const LogLines log;
  LogSummary summary(LogLevel::info);
  summary.line(kAnyTime, "one");
  summary.tick(kAnyTime + 60s);  // nothing more to say
  summary.line(kAnyTime + 61s, "two");
  CHECK(log.count("two") == 1);
  summary.line(kAnyTime + 62s, "three");
  CHECK(log.count("three") == 0);
  summary.finish();
  summary.finish();
  CHECK(log.count("three") == 1);
  CHECK(log.count("such lines") == 0);
}

}  // namespace earshot::test
