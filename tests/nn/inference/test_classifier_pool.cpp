// Many threads, few classifiers: each window is classified once, and as if it had been alone.
#include "nn/inference/ClassifierPool.h"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "dsp/base/KeyedRandom.h"
#include "nn/model/BuiltInArchitectures.h"

namespace earshot::test {
namespace {

// Small, and of both kinds: our own loops take several windows at once, oneDNN's one.
std::vector<Model> pooled_models() {
  Architecture separable = yamnet_architecture(9);
  separable.input = {32, 32, 1};
  const Architecture dense{"dense", {4, 4, 1}, {{"flat", Flatten{}}, {"d", Dense{.units = 9}}}};
  std::vector<Model> models;
  for (const Architecture& architecture : {separable, dense}) {
    Model& model = models.emplace_back();
    model.architecture = architecture;
    model.weights = initial_weights(architecture, 2);
    model.labels = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
  }
  return models;
}

std::vector<float> window_of_thread(const Model& model, std::uint64_t thread, std::uint64_t round) {
  KeyedRandom random(100 * thread + round);
  std::vector<float> features(model.architecture.input.size());
  for (float& value : features) value = static_cast<float>(random.uniform());
  return features;
}

using Result = ClassifierPool::Result;

}  // namespace

TEST_CASE("windows of many threads get their own scores, however many are computed at once") {
  constexpr std::uint64_t kThreads = 9, kRounds = 12;
  for (const Model& model : pooled_models()) {
    for (const std::size_t classifiers : {std::size_t{1}, std::size_t{2}}) {
      ClassifierPool pool(prepare_network(model), classifiers, 1);
      std::atomic<int> wrong{0};
      std::vector<std::vector<std::vector<float>>> found(kThreads);
      {
        std::vector<std::jthread> threads;
        for (std::uint64_t thread = 0; thread < kThreads; ++thread) {
          threads.emplace_back([&, thread] {
            for (std::uint64_t round = 0; round < kRounds; ++round) {
              std::vector<float> scores(9);
              if (pool.classify(window_of_thread(model, thread, round), scores, {}) != Result::classified) ++wrong;
              found[thread].push_back(std::move(scores));
            }
          });
        }
      }
      CHECK(wrong == 0);
      Classifier alone(model, 1);
      for (std::uint64_t thread = 0; thread < kThreads; ++thread) {
        for (std::uint64_t round = 0; round < kRounds; ++round) {
          std::vector<float> expected(9);
          REQUIRE(alone.classify(window_of_thread(model, thread, round), expected));
          CHECK(found[thread][round] == expected);
        }
      }
    }
  }
}

TEST_CASE("a window of the wrong size is refused, and others go on") {
  const Model model = pooled_models()[0];
  ClassifierPool pool(prepare_network(model), 1, 1);
  std::vector<float> scores(9);
  CHECK(pool.classify(std::vector<float>(5), scores, {}) == Result::refused);
  CHECK(pool.classify(window_of_thread(model, 1, 1), scores, {}) == Result::classified);
}

// A thread that is woken for its turn may have no time left at that very moment, and nobody else come.
TEST_CASE("whoever gives up leaves nobody behind who waits for ever") {
  constexpr std::ptrdiff_t kThreads = 4;
  constexpr int kRounds = 1'000;
  const Model model = pooled_models()[1];
  ClassifierPool pool(prepare_network(model), 1, 1);
  const std::vector<float> window = window_of_thread(model, 0, 0);
  std::barrier round_begins(kThreads);
  std::atomic<int> classified{0};
  {
    std::vector<std::jthread> threads;
    for (std::ptrdiff_t thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back(
          [&, patient = thread % 2 == 0, random = KeyedRandom(static_cast<std::uint64_t>(thread))]() mutable {
            std::vector<float> scores(9);
            for (int round = 0; round < kRounds; ++round) {
              round_begins.arrive_and_wait();
              ClassifierPool::Turn turn;
              if (!patient) {
                turn.skipped = 1;  // before those who wait
                turn.patience =
                    std::chrono::nanoseconds(static_cast<std::int64_t>(random.uniform(0.0, 100'000.0)));
              }
              if (pool.classify(window, scores, turn) == Result::classified && patient) ++classified;
            }
          });
    }
  }
  CHECK(classified == kThreads / 2 * kRounds);
}

TEST_CASE("where there is time for half the windows, all sources skip alike, and none waits longer than it may") {
  const Model model = pooled_models()[0];
  ClassifierPool pool(prepare_network(model), 1, 1);
  // How long one takes decides how fast the sources speak: twice as fast as is classified.
  const std::vector<float> window = window_of_thread(model, 0, 0);
  std::vector<float> scores(9);
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) REQUIRE(pool.classify(window, scores, {}) == Result::classified);
  const auto once = (std::chrono::steady_clock::now() - begin) / 20;
  constexpr std::size_t kSources = 40;
  constexpr int kHops = 150;
  const auto hop = std::max<std::chrono::nanoseconds>(once * kSources / 16, std::chrono::milliseconds(2));
  std::vector<int> skipped(kSources);
  {
    std::vector<std::jthread> sources;
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t source = 0; source < kSources; ++source) {
      sources.emplace_back([&, source] {
        std::vector<float> own(9);
        std::uint64_t in_a_row = 0;
        for (int i = 0; i < kHops; ++i) {
          const auto spoken = start + (i * kSources + source) * hop / kSources;
          std::this_thread::sleep_until(spoken);
          const auto left = spoken + 2 * hop - std::chrono::steady_clock::now();
          const bool late = left <= std::chrono::nanoseconds::zero() ||
                            pool.classify(window, own, {.skipped = in_a_row, .patience = left}) == Result::too_late;
          in_a_row = late ? in_a_row + 1 : 0;
          skipped[source] += late ? 1 : 0;
        }
      });
    }
  }
  const auto [least, most] = std::minmax_element(skipped.begin(), skipped.end());
  INFO("skipped " << *least << " to " << *most << " of " << kHops << ", one takes " << once.count() << " ns");
  // On a machine that is busy otherwise more are skipped; where turns went by age alone, some sources would skip all.
  CHECK(*most - *least <= kHops / 4);
}

TEST_CASE("whoever waits without a limit has its turn, though others who skipped more always wait") {
  const Model model = pooled_models()[0];
  ClassifierPool pool(prepare_network(model), 1, 1);
  std::atomic<bool> over = false;
  std::vector<std::jthread> others;
  for (int i = 0; i < 12; ++i) {
    others.emplace_back([&, i] {
      const std::vector<float> window = window_of_thread(model, i, 0);
      std::vector<float> scores(9);
      while (!over) (void)pool.classify(window, scores, {.skipped = 5, .patience = std::chrono::seconds(10)});
    });
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  std::vector<float> scores(9);
  for (int i = 0; i < 20; ++i) CHECK(pool.classify(window_of_thread(model, 0, i), scores, {}) == ClassifierPool::Result::classified);
  over = true;
}

TEST_CASE("a stop ends its own source's wait for a turn, however long that may last, and no other's") {
  const Model model = pooled_models()[0];
  ClassifierPool pool(prepare_network(model), 0, 1);  // no turn ever comes
  const std::vector<float> window = window_of_thread(model, 0, 0);
  const auto waits = [&](std::stop_token stop, std::optional<std::chrono::nanoseconds> patience) {
    std::vector<float> scores(9);
    return pool.classify(window, scores, {.skipped = 0, .patience = patience, .stop = std::move(stop)});
  };
  std::stop_source first, second;
  std::atomic<std::optional<Result>> of_second{};
  std::jthread other([&] { of_second = waits(second.get_token(), {}); });
  {
    const std::jthread stopper([&] { first.request_stop(); });
    CHECK(waits(first.get_token(), std::chrono::hours(1)) == Result::too_late);
  }
  CHECK(waits(first.get_token(), {}) == Result::too_late);  // requested before
  CHECK_FALSE(of_second.load());
  second.request_stop();
  other.join();
  CHECK(of_second.load() == Result::too_late);
}

TEST_CASE("whoever is stopped while it waits leaves nobody behind who waits for ever") {
  constexpr std::ptrdiff_t kThreads = 4;
  constexpr int kRounds = 1'000;
  const Model model = pooled_models()[1];
  ClassifierPool pool(prepare_network(model), 1, 1);
  const std::vector<float> window = window_of_thread(model, 0, 0);
  std::vector<std::stop_source> stops(kRounds);
  std::barrier round_begins(kThreads);
  std::atomic<int> classified{0};
  std::vector<std::jthread> threads;
  for (std::ptrdiff_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      std::vector<float> scores(9);
      for (std::size_t round = 0; round < kRounds; ++round) {
        round_begins.arrive_and_wait();
        if (thread == 0) {
          for (std::size_t i = 0; i < round % 50; ++i) std::this_thread::yield();
          stops[round].request_stop();
        } else if (thread == 1) {
          (void)pool.classify(window, scores,
                              {.skipped = 1, .patience = {}, .stop = stops[round].get_token()});
        } else if (pool.classify(window, scores, {}) == Result::classified) {
          ++classified;
        }
      }
    });
  }
  threads.clear();
  CHECK(classified == (kThreads - 2) * kRounds);
}

}  // namespace earshot::test
