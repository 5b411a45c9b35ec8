// bench_classifier: v6's classifier against a bare chain of direct oneDNN primitives, in turns, in one run.
//
//   bench_classifier [rounds] [threads]
//
// Prints medians and their ratio; exits 1 if one thread's ratio is above 0.75.
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "dsp/base/KeyedRandom.h"
#include "nn/inference/Classifier.h"
#include "nn/model/BuiltInArchitectures.h"
#include "tests/bench/BareChain.h"
#include "tests/bench/Measuring.h"

namespace {

using earshot::bench::median;
using earshot::bench::milliseconds;

using Clock = std::chrono::steady_clock;
constexpr double kTarget = 0.75;

}  // namespace

int main(int argc, char** argv) {
  using namespace earshot;
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 200;
  const int threads = argc > 2 ? std::atoi(argv[2]) : 1;
  if (rounds < 1 || threads < 1) {
    std::fputs("usage: bench_classifier [rounds] [threads], both at least 1\n", stderr);
    return 64;
  }

  Model model;
  model.architecture = v6_architecture(10);
  model.weights = initial_weights(model.architecture, 1);
  std::vector<float> features(model.architecture.input.size());
  KeyedRandom random(1);
  for (float& value : features) value = static_cast<float>(random.uniform());
  std::array<float, 10> scores{};

  const auto begin = Clock::now();
  Classifier classifier(model, threads);
  const double construction = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const bench::BareChain bare(threads);

  std::vector<double> ours;
  std::vector<double> theirs;
  std::vector<double> ratios;
  for (int round = 0; round < rounds; ++round) {
    ours.push_back(milliseconds([&] {
      if (!classifier.classify(features, scores)) std::abort();
    }));
    theirs.push_back(milliseconds([&] { bare.run(); }));
    ratios.push_back(ours.back() / theirs.back());
  }
  const double ratio = median(ratios);
  std::printf("threads %d, rounds %d\n", threads, rounds);
  std::printf("classifier        %7.2f ms median, %7.2f ms best\n", median(ours),
              *std::min_element(ours.begin(), ours.end()));
  std::printf("bare direct chain %7.2f ms median, %7.2f ms best\n", median(theirs),
              *std::min_element(theirs.begin(), theirs.end()));
  std::printf("ratio             %7.3f median over rounds (target: at most %.2f on one thread)\n", ratio,
              kTarget);
  std::printf("construction      %7.1f ms, peak resident after it %.1f MB\n", construction,
              static_cast<double>(usage.ru_maxrss) / 1024.0);
  return threads == 1 && ratio > kTarget ? 1 : 0;
}
