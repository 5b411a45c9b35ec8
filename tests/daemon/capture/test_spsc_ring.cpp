// SpscRing keeps order, loses only what it says, and says where.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <numeric>
#include <span>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/capture/SpscRing.h"
#include "dsp/base/Error.h"
#include "dsp/base/KeyedRandom.h"
#include "tests/support/AllocationGuard.h"

namespace earshot::test {
namespace {

std::vector<float> counting(std::size_t count, float first) {
  std::vector<float> samples(count);
  std::iota(samples.begin(), samples.end(), first);
  return samples;
}

// Both sides, as two threads or two processes have them.
struct RingOf {
  explicit RingOf(std::size_t capacity) : cells(capacity), producer(shared, cells), consumer(shared, cells) {}

  void push(std::span<const float> samples) { producer.push(samples); }
  void push_hole(std::uint64_t samples) { producer.push_hole(samples); }
  SpscRing::Piece pop(std::span<float> out) { return consumer.pop(out); }

  RingIndices shared;
  std::vector<float> cells;
  SpscRing producer;
  SpscRing consumer;
};

}  // namespace

TEST_CASE("samples come out in order, over the ring's end too") {
  RingOf ring(8);
  std::vector<float> out(8);
  float next = 0;
  for (int round = 0; round < 10; ++round) {
    ring.push(counting(5, next));
    CHECK(ring.consumer.waiting() == 5);
    const SpscRing::Piece piece = ring.pop(out);
    REQUIRE(piece.samples == 5);
    CHECK(piece.hole == 0);
    for (std::size_t i = 0; i < 5; ++i) CHECK(out[i] == next + static_cast<float>(i));
    next += 5;
  }
  CHECK(ring.pop(out).samples == 0);
}

TEST_CASE("a ring of another number of cells than a power of two is refused") {
  CHECK(RingOf(8).consumer.capacity() == 8);
  CHECK_THROWS_AS(RingOf(5), Error);
  CHECK_THROWS_AS(RingOf(0), Error);
}

TEST_CASE("a consumer believes nothing that a producer cannot have meant") {
  std::vector<float> out(8);
  const auto breaks = [&](auto&& lie) {
    RingOf ring(8);
    ring.push(counting(3, 0));
    ring.pop(out);
    ring.push(counting(2, 3));
    lie(ring.shared);
    for (int i = 0; i < 3; ++i) {
      const SpscRing::Piece piece = ring.pop(out);
      if (piece.samples > 8 || piece.hole > 100) return false;
    }
    return ring.consumer.broken() && ring.consumer.waiting() == 0;
  };
  CHECK(breaks([](RingIndices& shared) { shared.pushed = 1'000; }));  // more than there are cells
  CHECK(breaks([](RingIndices& shared) { shared.pushed = 2; }));      // fewer than were popped
  CHECK(breaks([](RingIndices& shared) {
    shared.holes[0] = {.position = 1, .samples = 5};  // before what was heard
    shared.holes_pushed = 1;
  }));
  CHECK(breaks([](RingIndices& shared) {
    shared.holes[0] = {.position = 3, .samples = ~std::uint64_t{0}};
    shared.holes_pushed = 1;
  }));
  CHECK_FALSE(breaks([](RingIndices&) {}));
}

TEST_CASE("a consumer's own index is its own: what another writes over it changes nothing") {
  RingOf ring(8);
  std::vector<float> out(8);
  ring.push(counting(4, 0));
  CHECK(ring.pop(out).samples == 4);
  ring.shared.popped = 77;
  CHECK(ring.consumer.waiting() == 0);
  CHECK_FALSE(ring.consumer.broken());
}

TEST_CASE("what does not fit is a hole of exactly that length, at exactly that place") {
  RingOf ring(8);
  std::vector<float> out(16);
  ring.push(counting(6, 0));
  ring.push(counting(3, 100));  // too much: lost as a whole
  ring.push(counting(4, 200));  // still too much
  ring.push(counting(2, 6));    // fits, and brings the hole along
  SpscRing::Piece piece = ring.pop(out);
  CHECK(piece.samples == 6);
  piece = ring.pop(out);
  CHECK(piece.samples == 0);
  CHECK(piece.hole == 7);
  piece = ring.pop(out);
  CHECK(piece.samples == 2);
  CHECK(out[0] == 6);
}

TEST_CASE("a hole from before the ring is kept in its place") {
  RingOf ring(8);
  std::vector<float> out(16);
  ring.push_hole(11);
  CHECK(ring.pop(out).hole == 0);  // nothing follows yet
  ring.push(counting(1, 0));
  CHECK(ring.pop(out).hole == 11);
  CHECK(ring.pop(out).samples == 1);
}

TEST_CASE("more holes than can be noted become longer holes, and none is forgotten") {
  RingOf ring(1024);
  std::uint64_t pushed = 0;
  for (int i = 0; i < 200; ++i) {
    ring.push_hole(3);
    ring.push(counting(2, 0));
    pushed += 5;
  }
  std::vector<float> out(1024);
  std::uint64_t heard = 0;
  for (;;) {
    const SpscRing::Piece piece = ring.pop(out);
    if (piece.samples == 0 && piece.hole == 0) break;
    heard += piece.samples + piece.hole;
  }
  ring.push(counting(1, 0));
  for (int i = 0; i < 2; ++i) {
    const SpscRing::Piece piece = ring.pop(out);
    heard += piece.samples + piece.hole;
  }
  CHECK(heard == pushed + 1);
}

TEST_CASE("pushing and popping never allocate") {
  RingOf ring(64);
  const std::vector<float> samples = counting(48, 0);
  std::vector<float> out(64);
  const AllocationGuard guard;
  for (int i = 0; i < 100; ++i) {
    ring.push(samples);
    ring.push(samples);
    ring.pop(out);
  }
  const std::size_t count = guard.allocations();
  CHECK(count == 0);
}

TEST_CASE("between two threads every sample is heard or lost, once, in its place") {
  constexpr std::uint64_t kTotal = 1'000'000;
  RingOf ring(256);
  std::atomic<bool> finished{false};
  std::jthread producer([&] {
    KeyedRandom random(1);
    std::vector<float> block;
    for (std::uint64_t position = 0; position < kTotal;) {
      block.resize(std::min<std::uint64_t>(1 + random.below(64), kTotal - position));
      for (float& sample : block) sample = static_cast<float>(position++ % 65'536);
      if (random.below(50) == 0) {
        ring.push_hole(block.size());
      } else {
        ring.push(block);
      }
      if (random.below(8) == 0) std::this_thread::yield();
    }
    finished = true;
  });
  std::vector<float> out(100);
  std::uint64_t position = 0;
  std::uint64_t wrong = 0;
  const auto drain = [&] {
    for (;;) {
      const SpscRing::Piece piece = ring.pop(out);
      if (piece.samples == 0 && piece.hole == 0) return;
      position += piece.hole;
      for (std::size_t i = 0; i < piece.samples; ++i) {
        if (out[i] != static_cast<float>(position++ % 65'536)) ++wrong;
      }
    }
  };
  while (!finished) drain();
  producer.join();
  drain();
  const float last = static_cast<float>(kTotal % 65'536);
  ring.push({&last, 1});  // a hole at the very end shows once something follows it
  drain();
  CHECK(wrong == 0);
  CHECK(position == kTotal + 1);
}

}  // namespace earshot::test
