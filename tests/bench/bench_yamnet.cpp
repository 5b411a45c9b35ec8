// bench_yamnet: a patch of YAMNet on one core beside ONNX Runtime, OpenVINO and LiteRT with the same weights, in turns,
// in one run; weights hot and cold.
//
//   bench_yamnet yamnet.safetensors yamnet.onnx yamnet.h5 [rounds]
//
// The model as `trainer import` makes it, as `trainer export` writes it, and the file it came from (for LiteRT). Peers
// run under $EARSHOT_PYTHON, else python3; those whose packages are absent are left out by name. Prints medians and the
// medians of each round's ratio to that round's fastest peer; exits 1 if a patch takes more than 0.8 of it, or each of four
// at once more than 0.65.
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "dsp/base/FunctionClones.h"
#include "dsp/base/KeyedRandom.h"
#include "nn/inference/Classifier.h"
#include "nn/kernels/LaneVectors.h"
#include "tests/bench/Measuring.h"
#include "tests/bench/PythonPeer.h"

namespace {

using earshot::bench::median;
using earshot::bench::milliseconds;

using namespace earshot;
using Clock = std::chrono::steady_clock;

constexpr int kWarmUp = 5;
constexpr int kRunsAtATurn = 20;
constexpr std::size_t kTogether = 4;
constexpr double kMostOfPeer = 0.8;
constexpr double kMostOfPeerTogether = 0.65;
constexpr double kMultiplications = 69.0e6;  // of a patch: YAMNet's layers added up
constexpr std::size_t kCacheFloats = 24U << 20U;  // more than any cache holds

// Multiply-adds that depend on none of their neighbours: as fast as this core is at this moment.
constexpr int kChains = 12;
EARSHOT_CLONES void multiply_add(float* values, int times) {
  Float<8> sums[kChains];
  for (int i = 0; i < kChains; ++i) sums[i] = at<8>(values, static_cast<std::size_t>(i));
  const Float<8> factor = at<8>(values) * 0.0F + 0.999F;
  for (int t = 0; t < times; ++t) {
    for (Float<8>& sum : sums) sum = sum * factor + factor;
  }
  for (int i = 0; i < kChains; ++i) at<8>(values, static_cast<std::size_t>(i)) = sums[i];
}

double peak_per_second() {
  alignas(64) std::array<float, 8 * kChains> values{};
  constexpr int kTimes = 100'000;
  double best_ms = 1e9;
  for (int i = 0; i < 10; ++i) best_ms = std::min(best_ms, milliseconds([&] { multiply_add(values.data(), kTimes); }));
  return 8.0 * kChains * kTimes / best_ms * 1e3;
}

struct Peer {
  std::string name;
  bench::PythonPeer one;
  bench::PythonPeer together;
  std::vector<double> one_ms;
  std::vector<double> together_ms;  // each of them
};

std::vector<Peer> start_peers(const char* onnx, const char* h5) {
  std::vector<Peer> peers;
  const std::array<std::array<const char*, 2>, 3> programs = {{{"onnxruntime", onnx}, {"openvino", onnx}, {"litert", h5}}};
  for (const auto& [name, model] : programs) {
    const auto start = [&, name = name, model = model](std::size_t patches) {
      return bench::PythonPeer::start(EARSHOT_SOURCE_DIR "/tests/bench/yamnet_peer.py",
                                      {name, model, std::to_string(patches)});
    };
    auto one = start(1);
    auto together = one ? start(kTogether) : std::nullopt;
    if (one && together) {
      peers.push_back({name, std::move(*one), std::move(*together), {}, {}});
    } else {
      std::printf("peer absent: %s\n", name);
    }
  }
  return peers;
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 4 ? std::atoi(argv[4]) : 15;
  if (argc < 4 || rounds < 1) {
    std::fputs("usage: bench_yamnet yamnet.safetensors yamnet.onnx yamnet.h5 [rounds, at least 1]\n", stderr);
    return 64;
  }
  std::signal(SIGPIPE, SIG_IGN);
  const Model model = load_model(argv[1]);
  Classifier classifier(model, 1);
  std::vector<float> features(model.architecture.input.size() * kTogether);
  KeyedRandom random(1);
  for (float& value : features) value = static_cast<float>(2.0 * random.uniform() - 1.0);
  std::vector<float> scores(model.labels.size() * kTogether);
  const auto classify = [&](std::size_t patches) {
    if (!classifier.classify(std::span(features).first(features.size() / kTogether * patches),
                             std::span(scores).first(model.labels.size() * patches)))
      std::abort();
  };
  const auto turn = [&](std::size_t patches) {
    for (int i = 0; i < kWarmUp; ++i) classify(patches);
    std::vector<double> times;
    for (int i = 0; i < kRunsAtATurn; ++i) times.push_back(milliseconds([&] { classify(patches); }));
    return median(times) / static_cast<double>(patches);
  };

  std::vector<Peer> peers = start_peers(argv[2], argv[3]);
  std::vector<float> cache(kCacheFloats);
  std::vector<double> one, together, cold, cold_together, peak;
  for (int round = 0; round < rounds; ++round) {
    one.push_back(turn(1));
    together.push_back(turn(kTogether));
    peak.push_back(peak_per_second());
    for (Peer& peer : peers) {
      peer.one_ms.push_back(peer.one.measure().value());
      peer.together_ms.push_back(peer.together.measure().value() / static_cast<double>(kTogether));
    }
    const auto flush = [&] {
      for (float& value : cache) value += 1.0F;
    };
    flush();
    cold.push_back(milliseconds([&] { classify(1); }));
    flush();
    cold_together.push_back(milliseconds([&] { classify(kTogether); }) / static_cast<double>(kTogether));
  }

  const auto share = [&](double ms) { return 100.0 * kMultiplications / (ms * 1e-3) / median(peak); };
  std::printf("medians of %d rounds, one core, ms a patch       one at once   %zu at once\n", rounds, kTogether);
  std::printf("  ours                                            %8.3f      %8.3f\n", median(one), median(together));
  std::printf("  share of %.0f G multiply-adds a second, %%        %8.1f      %8.1f\n", median(peak) * 1e-9,
              share(median(one)), share(median(together)));
  std::printf("  ours, caches cold                               %8.3f      %8.3f\n", median(cold), median(cold_together));
  for (const Peer& peer : peers) {
    std::printf("  %-15s                                 %8.3f      %8.3f\n", peer.name.c_str(), median(peer.one_ms),
                median(peer.together_ms));
  }
  if (peers.empty()) return 0;
  const auto ratio_to = [&](const std::vector<double>& ours, std::vector<double> Peer::*theirs) {
    std::vector<double> ratios;
    for (std::size_t round = 0; round < ours.size(); ++round) {
      double fastest = 1e9;
      for (const Peer& peer : peers) fastest = std::min(fastest, (peer.*theirs).at(round));
      ratios.push_back(ours[round] / fastest);
    }
    return median(ratios);
  };
  const double ratio = ratio_to(one, &Peer::one_ms);
  const double ratio_together = ratio_to(together, &Peer::one_ms);
  std::printf("ours / the fastest: %.3f (at most %.2f); each of %zu / the fastest one at once %.3f (at most %.2f), / the "
              "fastest %zu at once %.3f\n",
              ratio, kMostOfPeer, kTogether, ratio_together, kMostOfPeerTogether, kTogether,
              ratio_to(together, &Peer::together_ms));
  return ratio <= kMostOfPeer && ratio_together <= kMostOfPeerTogether ? 0 : 1;
}
