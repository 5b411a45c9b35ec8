// BatchLoader: the same batches from any number of workers, bounded work ahead, errors where they are waited
// for.
#include "train/samples/BatchLoader.h"

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "dsp/base/KeyedRandom.h"

#include <catch2/catch.hpp>

namespace earshot::test {
namespace {

constexpr std::size_t kImage = 6;
constexpr std::size_t kClasses = 2;

std::vector<BatchLoader::Sample> plan(std::size_t n, std::uint64_t seed) {
  std::vector<BatchLoader::Sample> order;
  for (std::size_t i = 0; i < n; ++i) order.push_back({n - 1 - i, derive_key(seed, i)});
  return order;
}

BatchLoader::Make drawn() {
  return [](const BatchLoader::Sample& sample, std::span<float> image, std::span<float> target) {
    KeyedRandom random(sample.key);
    for (float& value : image) value = static_cast<float>(random.uniform());
    target[0] = static_cast<float>(sample.clip);
    target[1] = 1.0F;
    if (sample.key % 3 == 0) std::this_thread::yield();
  };
}

/// All batches of a plan, one after another.
Batch joined(BatchLoader& loader, std::size_t n, std::size_t size) {
  Batch all;
  while (all.size < n) {
    const Batch& batch = loader.next();
    CHECK(batch.size == std::min(size, n - all.size));
    all.size += batch.size;
    all.images.insert(all.images.end(), batch.images.begin(), batch.images.end());
    all.targets.insert(all.targets.end(), batch.targets.begin(), batch.targets.end());
    all.keys.insert(all.keys.end(), batch.keys.begin(), batch.keys.end());
  }
  return all;
}

}  // namespace

TEST_CASE("batches are the same whatever the number of workers, in the order asked for") {
  BatchLoader alone({kImage, kClasses, 1}, drawn);
  alone.start(plan(23, 7), 5);
  const Batch expected = joined(alone, 23, 5);
  CHECK(expected.targets[0] == 22.0F);
  CHECK(expected.targets[22 * kClasses] == 0.0F);
  CHECK(expected.keys[3] == derive_key(7, 3));
  for (const unsigned workers : {2U, 5U}) {
    BatchLoader loader({kImage, kClasses, workers}, drawn);
    for (int epoch = 0; epoch < 3; ++epoch) {
      loader.start(plan(23, 7), 5);
      const Batch all = joined(loader, 23, 5);
      CHECK(all.images == expected.images);
      CHECK(all.targets == expected.targets);
      CHECK(all.keys == expected.keys);
    }
  }
}

TEST_CASE("workers stay no more than some batches ahead") {
  std::atomic<int> made = 0;
  BatchLoader loader({kImage, kClasses, 3, 2}, [&] {
    return [&](const BatchLoader::Sample&, std::span<float>, std::span<float>) { ++made; };
  });
  loader.start(plan(40, 1), 4);
  for (int given = 1; given <= 10; ++given) {
    loader.next();
    CHECK(made <= 4 * (given + 2));
    CHECK(made >= 4 * given);
  }
  CHECK(made == 40);
}

TEST_CASE("a new plan takes the place of one that was not finished") {
  BatchLoader loader({kImage, kClasses, 4}, drawn);
  loader.start(plan(20, 2), 3);
  loader.next();
  loader.start(plan(8, 3), 3);
  const Batch all = joined(loader, 8, 3);
  CHECK(all.keys[0] == derive_key(3, 0));
  CHECK(all.keys[7] == derive_key(3, 7));
}

TEST_CASE("what a maker throws reaches the thread that trains, and a loader ends whatever is left to do") {
  BatchLoader loader({kImage, kClasses, 2}, [] {
    return [](const BatchLoader::Sample& sample, std::span<float>, std::span<float>) {
      if (sample.clip == 9) throw std::runtime_error("clip 9 is gone");
    };
  });
  loader.start(plan(20, 4), 4);
  const auto take_all = [&] {
    for (int i = 0; i < 5; ++i) loader.next();
  };
  CHECK_THROWS_WITH(take_all(), "clip 9 is gone");

  BatchLoader idle({kImage, kClasses, 2}, drawn);
  idle.start(plan(1000, 5), 10);
  BatchLoader unused({kImage, kClasses, 2}, drawn);
}

}  // namespace earshot::test
