// What is held and what is gone, found and counted through a filter.
#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/stream/History.h"
#include "dsp/base/KeyedRandom.h"

namespace earshot::test {
namespace {

constexpr MessageKind kMicPrediction{Topic::prediction, 0};
constexpr MessageKind kOtherPrediction{Topic::prediction, 1};

MessageFilter only_source(std::uint16_t source) {
  return {kEveryTopic, std::vector<std::uint16_t>{source}};
}

/// Seconds of the processor that `work` takes at the least of some rounds.
template <typename Work>
double least_seconds(Work work) {
  const auto now = [] {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
  double least = 1e9;
  for (int round = 0; round < 5; ++round) {
    const double begin = now();
    work();
    least = std::min(least, now() - begin);
  }
  return least;
}

}  // namespace

TEST_CASE("what passes a filter is found and counted as by looking at every message") {
  KeyedRandom random(11);
  const auto one_of = [&](std::uint64_t count) {
    return static_cast<std::uint64_t>(random.uniform(0.0, static_cast<double>(count)));
  };
  constexpr std::size_t kDepth = 40;
  constexpr std::uint64_t kMessages = 9'000;  // more than two blocks
  History history(kDepth);
  std::vector<MessageKind> kinds;
  for (std::uint64_t i = 0; i < kMessages; ++i) {
    // Predictions of one source mostly, the others rarer and rarer.
    const auto source = static_cast<std::uint16_t>(one_of(200) == 0 ? 2 : one_of(20) == 0 ? 1 : 0);
    const Topic topic = one_of(300) == 0 ? Topic::gap : one_of(700) == 0 ? Topic::source : Topic::prediction;
    kinds.push_back({topic, source});
    CHECK(history.add(kinds.back(), Gap{}) == i + 1);
  }
  const auto is_held = [&](std::uint64_t seq) {
    const bool prediction = kinds[seq - 1].topic == Topic::prediction;
    const auto newer = std::count_if(
        kinds.begin() + static_cast<std::ptrdiff_t>(seq), kinds.end(),
        [&](MessageKind kind) { return (kind.topic == Topic::prediction) == prediction; });
    return static_cast<std::size_t>(newer) < kDepth;
  };
  std::vector<bool> held(kMessages + 1);
  for (std::uint64_t seq = 1; seq <= kMessages; ++seq) held[seq] = is_held(seq);

  for (int round = 0; round < 500; ++round) {
    MessageFilter filter{static_cast<unsigned>(one_of(16)), {}};
    if (one_of(2) == 0) filter.sources = {static_cast<std::uint16_t>(one_of(4))};
    const std::uint64_t from = 1 + one_of(kMessages + 1);
    const std::uint64_t to = 1 + one_of(kMessages + 1);
    std::uint64_t passing = 0;
    for (std::uint64_t seq = from; seq < to; ++seq) passing += filter.passes(kinds[seq - 1]) ? 1 : 0;
    std::uint64_t found = from;
    while (found <= kMessages && !(held[found] && filter.passes(kinds[found - 1]))) ++found;

    REQUIRE(history.count(from, to, filter) == passing);
    const History::Entry* entry = history.find_from(from, filter);
    REQUIRE((entry ? entry->seq : kMessages + 1) == found);
    if (entry) CHECK(entry->kind == kinds[found - 1]);
  }
}

TEST_CASE("beyond what is known one by one, a count is of the blocks around, never more than the messages") {
  History history(3);
  constexpr std::uint64_t kMessages = 300'000;  // more than 2^18
  for (std::uint64_t seq = 1; seq <= kMessages; ++seq) {
    history.add(seq == 100 ? kOtherPrediction : kMicPrediction, Prediction{});
  }
  CHECK(history.count(1, kMessages + 1, only_source(1)) == 1);
  CHECK(history.count(1, 4'097, only_source(1)) == 1);
  CHECK(history.count(4'097, kMessages + 1, only_source(1)) == 0);
  CHECK(history.count(4'097, 8'193, only_source(0)) == 4'096);
  CHECK(history.count(200, 300, only_source(0)) == 100);  // of its block at most what the range has
  CHECK(history.count(kMessages - 9, kMessages + 1, only_source(0)) == 10);
}

TEST_CASE("however many kinds there are, the index of a history takes no more than some megabytes") {
  const auto held_mb = [] {
    const struct mallinfo2 taken = ::mallinfo2();
    return static_cast<double>(taken.uordblks + taken.hblkhd) / 1e6;
  };
  constexpr std::uint16_t kSources = 16'384;
  constexpr std::uint64_t kBlocks = 400;
  History history(0);
  const double before_mb = held_mb();
  for (std::uint16_t source = 0; source < kSources; ++source) history.add({Topic::source, source}, Gap{});
  for (std::uint64_t i = 0; i < kBlocks * 4'096; ++i) history.add({Topic::source, 0}, Gap{});
  CHECK(held_mb() - before_mb < 30.0);
  CHECK(history.count(1, history.next_seq(), only_source(kSources - 1)) == 1);
}

TEST_CASE("one filtered request costs no more of a history of 300000 than of one of 1000") {
  const auto cost = [](std::size_t depth) {
    History history(depth);
    history.add(kOtherPrediction, Prediction{});
    for (std::size_t i = 0; i < depth; ++i) history.add(kMicPrediction, Prediction{});
    std::uint64_t sum = 0;
    const double seconds = least_seconds([&] {
      for (int i = 0; i < 200; ++i) {
        const History::Entry* found = history.find_from(1, only_source(1));
        sum += (found ? 1U : 0U) + history.count(1, history.next_seq(), only_source(1));
      }
    });
    CHECK(sum == 1'000);  // the one that is gone, at each of five rounds
    return seconds;
  };
  // 300 times as long when every entry is looked at.
  CHECK(cost(300'000) < 20.0 * cost(1'000));
}

}  // namespace earshot::test
