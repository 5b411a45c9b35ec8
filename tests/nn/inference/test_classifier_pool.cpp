// Many threads, few classifiers: each window is classified once, and as if it had been alone.
#include "nn/inference/ClassifierPool.h"

#include <atomic>
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
              if (!pool.classify(window_of_thread(model, thread, round), scores)) ++wrong;
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
  CHECK_FALSE(pool.classify(std::vector<float>(5), scores));
  CHECK(pool.classify(window_of_thread(model, 1, 1), scores));
}

}  // namespace earshot::test
