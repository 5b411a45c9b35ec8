// The unread lines of one client: bounded, whole, and what is missing is told in its place.
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/stream/ClientQueue.h"

namespace earshot::test {
namespace {

SharedLine text(const std::string& what) {
  return std::make_shared<const std::string>(what + "\n");
}

std::vector<std::string> take_all(ClientQueue& queue) {
  std::vector<std::string> lines;
  while (!queue.empty()) {
    std::string line = *queue.pop();
    line.pop_back();
    lines.push_back(line);
  }
  return lines;
}

std::string lost(int from, int to, int messages) {
  return "{\"type\":\"lost\",\"from_seq\":" + std::to_string(from) + ",\"to_seq\":" + std::to_string(to) +
         ",\"messages\":" + std::to_string(messages) + "}";
}

}  // namespace

TEST_CASE("a queue that has room gives back what went in") {
  ClientQueue queue(1000);
  queue.push_notice(text("hello"));
  queue.push(1, text("a"));
  queue.push(2, text("b"));
  CHECK(take_all(queue) == std::vector<std::string>{"hello", "a", "b"});
  CHECK(queue.bytes() == 0);
}

TEST_CASE("the oldest messages make room, one lost stands in their place") {
  const std::size_t limit = 2000;
  ClientQueue queue(limit);
  for (std::uint64_t seq = 1; seq <= 100; ++seq) {
    queue.push(seq * 10, text(std::string(150, 'x')));
    CHECK(queue.bytes() <= limit);
  }
  const auto lines = take_all(queue);
  const int kept = static_cast<int>(lines.size()) - 1;
  CHECK(kept >= 8);
  CHECK(lines[0] == lost(10, (100 - kept) * 10, 100 - kept));
  CHECK(queue.bytes() == 0);
}

TEST_CASE("answers are never dropped, and what was lost before and after one is told apart") {
  ClientQueue queue(500);
  queue.push(1, text(std::string(100, 'a')));
  queue.push_notice(text("subscribed"));
  for (std::uint64_t seq = 2; seq <= 9; ++seq) queue.push(seq, text(std::string(300, 'b')));
  CHECK(queue.notices() == 1);
  CHECK(take_all(queue) ==
        std::vector<std::string>{lost(1, 1, 1), "subscribed", lost(2, 8, 7), std::string(300, 'b')});
}

TEST_CASE("a message greater than the limit still gets through") {
  ClientQueue queue(10);
  queue.push(1, text(std::string(100, 'a')));
  queue.push(2, text(std::string(100, 'b')));
  CHECK(take_all(queue) == std::vector<std::string>{lost(1, 1, 1), std::string(100, 'b')});
}

TEST_CASE("after a lost was read, the next loss is a new one") {
  ClientQueue queue(400);
  for (std::uint64_t seq = 1; seq <= 3; ++seq) queue.push(seq, text(std::string(200, 'x')));
  CHECK(*queue.pop() == lost(1, 2, 2) + "\n");
  for (std::uint64_t seq = 4; seq <= 6; ++seq) queue.push(seq, text(std::string(200, 'x')));
  CHECK(take_all(queue) == std::vector<std::string>{lost(3, 5, 3), std::string(200, 'x')});
}

}  // namespace earshot::test
