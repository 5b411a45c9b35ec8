// bench_training_step: v6's training step, batch 64, two threads, against the bare forward chain on one
// thread.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "nn/BuiltInArchitectures.h"
#include "nn/KeyedRandom.h"
#include "nn/Network.h"
#include "tests/bench/BareChain.h"
#include "train/Optimizer.h"

namespace {

using namespace earshot;

constexpr std::size_t kBatch = 64;
constexpr std::size_t kClasses = 10;
constexpr int kThreads = 2;
constexpr double kTarget = 2.2;
constexpr int kRounds = 7;
constexpr int kChainsARound = 20;

template <typename Work>
double milliseconds(Work work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Of the mean cross-entropy of class i modulo 10 for sample i.
void softmax_gradients(const std::vector<float>& logits, std::vector<float>& gradients) {
  for (std::size_t i = 0; i < kBatch; ++i) {
    const float* row = &logits[i * kClasses];
    const float highest = *std::max_element(row, row + kClasses);
    float sum = 0.0F;
    for (std::size_t c = 0; c < kClasses; ++c) sum += std::exp(row[c] - highest);
    for (std::size_t c = 0; c < kClasses; ++c) {
      const float expected = c == i % kClasses ? 1.0F : 0.0F;
      gradients[i * kClasses + c] =
          (std::exp(row[c] - highest) / sum - expected) / static_cast<float>(kBatch);
    }
  }
}

}  // namespace

int main() {
  const Architecture architecture = v6_architecture(static_cast<int>(kClasses));
  Network network(architecture, initial_weights(architecture, 1), kThreads);
  Optimizer adam(network.parameters());
  KeyedRandom random(2);
  std::vector<float> images(kBatch * architecture.input.size());
  for (float& value : images) value = static_cast<float>(random.below(256)) / 255.0F;
  std::vector<std::uint64_t> keys(kBatch);
  for (std::uint64_t& key : keys) key = random.bits();
  std::vector<float> logits(kBatch * kClasses);
  std::vector<float> gradients(kBatch * kClasses);
  const bench::BareChain chain(1);

  std::vector<double> forward;
  std::vector<double> step;
  std::vector<double> bare;
  for (int round = -1; round < kRounds; ++round) {  // the first one warms up
    const double bare_ms = milliseconds([&] {
                             for (int i = 0; i < kChainsARound; ++i) chain.run();
                           }) /
                           kChainsARound;
    const double forward_ms = milliseconds([&] { network.forward(images, keys, logits); }) / kBatch;
    const double backward_ms = milliseconds([&] {
                                 softmax_gradients(logits, gradients);
                                 network.backward(gradients);
                                 adam.step(0.001);
                               }) /
                               kBatch;
    if (round < 0) continue;
    bare.push_back(bare_ms);
    forward.push_back(forward_ms);
    step.push_back(forward_ms + backward_ms);
  }
  std::printf("v6, ms a sample, medians of %d interleaved rounds\n", kRounds);
  std::printf("  training step, batch %zu, %d threads  %6.2f  (forward %.2f)\n", kBatch, kThreads,
              median(step), median(forward));
  std::printf("  bare direct forward chain, 1 thread   %6.2f\n", median(bare));
  std::printf("  ratio                                 %6.2f  (must be under %.1f)\n",
              median(step) / median(bare), kTarget);
  return median(step) < kTarget * median(bare) ? 0 : 1;
}
