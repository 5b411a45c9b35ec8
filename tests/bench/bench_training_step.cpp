// bench_training_step: a training step, batch 64, two threads: v6's, in f32 and bf16, against the bare
// forward chain on one thread, v5's against Keras on TensorFlow.
//   bench_training_step [v6|v5]   without a word, both; the peer runs under $EARSHOT_PYTHON, else python3
#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "dsp/base/KeyedRandom.h"
#include "nn/kernels/Processor.h"
#include "nn/model/BuiltInArchitectures.h"
#include "nn/training/Network.h"
#include "tests/bench/BareChain.h"
#include "tests/bench/Measuring.h"
#include "tests/bench/PythonPeer.h"
#include "train/learning/Optimizer.h"

namespace {

using earshot::bench::median;
using earshot::bench::milliseconds;

using namespace earshot;

constexpr std::size_t kBatch = 64;
constexpr std::size_t kClasses = 10;
constexpr int kThreads = 2;
constexpr double kTargetOfChain = 2.0;
constexpr double kTargetOfChainInBf16 = 1.3;
constexpr double kTargetOfKeras = 0.6;
constexpr int kRounds = 7;
constexpr int kChainsARound = 20;

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

/// A network that trains on one batch of noise.
class Training {
 public:
  explicit Training(const Architecture& architecture, Precision precision = Precision::f32)
      : network_(architecture, initial_weights(architecture, 1), kThreads, 0, precision),
        optimizer_(network_.parameters()),
        images_(kBatch * architecture.input.size()) {
    KeyedRandom random(2);
    for (float& value : images_) value = static_cast<float>(random.below(256)) / 255.0F;
    for (std::uint64_t& key : keys_) key = random.bits();
  }

  /// Milliseconds a sample.
  struct Step {
    double forward = 0.0;
    double whole = 0.0;
  };
  Step step() {
    const double forward = milliseconds([&] { network_.forward(images_, keys_, logits_); }) / kBatch;
    const double backward = milliseconds([&] {
                              softmax_gradients(logits_, gradients_);
                              network_.backward(gradients_);
                              optimizer_.step(0.001);
                            }) /
                            kBatch;
    return {forward, forward + backward};
  }

 private:
  Network network_;
  Optimizer optimizer_;
  std::vector<float> images_;
  std::vector<std::uint64_t> keys_ = std::vector<std::uint64_t>(kBatch);
  std::vector<float> logits_ = std::vector<float>(kBatch * kClasses);
  std::vector<float> gradients_ = std::vector<float>(kBatch * kClasses);
};

/// Milliseconds a sample, by round.
struct Rounds {
  std::vector<double> forward;
  std::vector<double> whole;

  void add(const Training::Step& step) {
    forward.push_back(step.forward);
    whole.push_back(step.whole);
  }
};

bool report_v6(const char* precision, const Rounds& rounds, double bare_ms, double target) {
  const double step_ms = median(rounds.whole);
  const bool passed = step_ms < target * bare_ms;
  std::printf("  training step in %-4s, batch %zu, %d threads  %6.2f  (forward %.2f)\n", precision, kBatch,
              kThreads, step_ms, median(rounds.forward));
  std::printf("  ratio                                         %6.2f  (must be under %.1f): %s\n",
              step_ms / bare_ms, target, passed ? "passed" : "FAILED");
  return passed;
}

bool bench_v6() {
  const Architecture architecture = v6_architecture(static_cast<int>(kClasses));
  Training training(architecture);
  std::optional<Training> rounded;
  if (has_avx512()) rounded.emplace(architecture, Precision::bf16);
  const bench::BareChain chain(1);
  Rounds floats;
  Rounds halves;
  std::vector<double> bare;
  for (int round = -1; round < kRounds; ++round) {  // the first one warms up
    const double bare_ms = milliseconds([&] {
                             for (int i = 0; i < kChainsARound; ++i) chain.run();
                           }) /
                           kChainsARound;
    const Training::Step step = training.step();
    if (round >= 0) {
      bare.push_back(bare_ms);
      floats.add(step);
    }
    if (!rounded) continue;
    const Training::Step rounded_step = rounded->step();
    if (round >= 0) halves.add(rounded_step);
  }
  const double bare_ms = median(bare);
  std::printf("v6, ms a sample, medians of %d interleaved rounds\n", kRounds);
  std::printf("  bare direct forward chain in f32, 1 thread    %6.2f\n", bare_ms);
  bool passed = report_v6("f32", floats, bare_ms, kTargetOfChain);
  if (rounded) {
    passed = report_v6("bf16", halves, bare_ms, kTargetOfChainInBf16) && passed;
  } else {
    std::printf("  bf16: no AVX-512 here\n");
  }
  return passed;
}

bool bench_v5() {
  std::optional<bench::PythonPeer> keras =
      bench::PythonPeer::start(EARSHOT_SOURCE_DIR "/tests/bench/training_peer.py", {});
  if (!keras)
    std::printf("peer absent: no python3 (or $EARSHOT_PYTHON) with Keras and TensorFlow; ours alone\n");
  Training training(v5_architecture(static_cast<int>(kClasses)));
  std::vector<double> step;
  std::vector<double> peer;
  for (int round = -1; round < kRounds; ++round) {
    const Training::Step ours = training.step();
    const std::optional<double> theirs = keras ? keras->measure() : std::nullopt;
    if (round < 0) continue;
    step.push_back(ours.whole);
    if (theirs) peer.push_back(*theirs);
  }
  std::printf("v5, ms a sample, medians of %d interleaved rounds\n", kRounds);
  std::printf("  training step, batch %zu, %d threads  %6.2f\n", kBatch, kThreads, median(step));
  if (peer.empty()) return true;
  const bool passed = median(step) < kTargetOfKeras * median(peer);
  std::printf("  Keras                                 %6.2f\n", median(peer));
  std::printf("  ratio                                 %6.2f  (must be under %.1f): %s\n",
              median(step) / median(peer), kTargetOfKeras, passed ? "passed" : "FAILED");
  return passed;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  const std::string only = argc > 1 ? argv[1] : "";
  const bool v6_passed = only == "v5" || bench_v6();
  const bool v5_passed = only == "v6" || bench_v5();
  return v6_passed && v5_passed ? 0 : 1;
}
