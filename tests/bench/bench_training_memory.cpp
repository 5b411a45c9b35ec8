// bench_training_memory: the peak memory of training v6, batch 64, two threads, against PyTorch's for the
// same.
//   bench_training_memory   the peer runs under $EARSHOT_TORCH_PYTHON, else python3, if it has PyTorch
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "dsp/base/KeyedRandom.h"
#include "nn/model/BuiltInArchitectures.h"
#include "nn/training/Network.h"
#include "train/learning/Optimizer.h"

namespace {

using namespace earshot;

constexpr std::size_t kBatch = 64;
constexpr std::size_t kClasses = 10;

double peak_mb() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word && word != "VmHWM:") {
  }
  double kilobytes = 0.0;
  status >> kilobytes;
  return kilobytes / 1024.0;
}

void train_three_steps() {
  const Architecture architecture = v6_architecture(static_cast<int>(kClasses));
  Network network(architecture, initial_weights(architecture, 1), 2);
  Optimizer optimizer(network.parameters());
  KeyedRandom random(2);
  std::vector<float> images(kBatch * architecture.input.size());
  for (float& value : images) value = static_cast<float>(random.below(256)) / 255.0F;
  std::vector<std::uint64_t> keys(kBatch);
  for (std::uint64_t& key : keys) key = random.bits();
  std::vector<float> logits(kBatch * kClasses);
  std::vector<float> gradients(kBatch * kClasses);
  for (int step = 0; step < 3; ++step) {
    network.forward(images, keys, logits);
    for (std::size_t i = 0; i < logits.size(); ++i) {  // of half the squared distance to the class
      const float expected = i % kClasses == i / kClasses % kClasses ? 1.0F : 0.0F;
      gradients[i] = (logits[i] - expected) / static_cast<float>(kBatch);
    }
    network.backward(gradients);
    optimizer.step(0.001);
  }
}

}  // namespace

int main() {
  const char* chosen = std::getenv("EARSHOT_TORCH_PYTHON");
  const std::string command =
      std::string(chosen ? chosen : "python3") + " '" EARSHOT_SOURCE_DIR "/tests/bench/memory_peer.py'";
  std::FILE* peer = popen(command.c_str(), "r");
  std::array<char, 128> name{};
  double bare_kb = 0.0;
  double peak_kb = 0.0;
  const bool present = peer && std::fgets(name.data(), name.size(), peer) &&
                       std::fscanf(peer, "%lf %lf", &bare_kb, &peak_kb) == 2;
  if (peer) pclose(peer);

  train_three_steps();
  const double ours = peak_mb();
  std::printf("v6, batch %zu, three steps: peak memory in MB\n  ours     %6.0f\n", kBatch, ours);
  if (!present) {
    std::printf("peer absent: no python3 (or $EARSHOT_TORCH_PYTHON) with PyTorch\n");
    return 0;
  }
  const double theirs = peak_kb / 1024.0;
  std::printf("  theirs   %6.0f  (%.0f before there was a network)  %s", theirs, bare_kb / 1024.0,
              name.data());
  std::printf("  ratio    %6.2f  (must be under 1): %s\n", ours / theirs,
              ours < theirs ? "passed" : "FAILED");
  return ours < theirs ? 0 : 1;
}
