// Features of a 5 s clip and of a 0.5 s hop against librosa and Pillow in the same run, one thread each,
// decoding aside.
//
//   bench_features     the peer runs under $EARSHOT_PYTHON, else python3, if it has librosa and Pillow
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <span>
#include <vector>

#include "dsp/features/FeatureExtractor.h"
#include "tests/bench/Measuring.h"
#include "tests/bench/PythonPeer.h"
#include "tests/dsp/Signals.h"

namespace {

using earshot::bench::median;
using earshot::bench::milliseconds;

constexpr int kRounds = 30;
constexpr std::size_t kHopSamples = 43 * 512;  // 0.5 s in whole STFT hops

}  // namespace

int main() {
  using namespace earshot;
  std::signal(SIGPIPE, SIG_IGN);
  const FeatureRecipe recipe;
  const std::vector<float> stream =
      test::ramped(test::noise(recipe.window_samples + kRounds * kHopSamples, 1));
  const auto clip = std::span(stream).first(recipe.window_samples);
  std::optional<bench::PythonPeer> peer = bench::PythonPeer::start(
      EARSHOT_SOURCE_DIR "/tests/bench/features_peer.py", {}, [&clip](std::FILE* input) {
        std::fprintf(input, "%zu\n", clip.size());
        std::fwrite(clip.data(), sizeof(float), clip.size(), input);
      });
  if (!peer)
    std::printf("peer absent: no python3 (or $EARSHOT_PYTHON) with librosa and Pillow; ours alone\n");

  FeatureExtractor extractor(recipe);
  std::vector<float> out(recipe.shape().size());
  extractor.extract_clip(clip, out);
  extractor.extract_window(clip, 0, out);
  std::vector<double> clip_ms, hop_ms, peer_ms;
  for (std::uint64_t round = 1; round <= kRounds; ++round) {
    extractor.extract_clip(clip, out);  // both sides warm up at each turn
    clip_ms.push_back(milliseconds([&] { extractor.extract_clip(clip, out); }));
    const std::uint64_t start = round * kHopSamples;
    const auto window = std::span(stream).subspan(start, recipe.window_samples);
    hop_ms.push_back(milliseconds([&] { extractor.extract_window(window, start, out); }));
    if (!peer) continue;
    if (const auto ms = peer->measure()) peer_ms.push_back(*ms);
  }

  std::printf("medians of %d rounds, one thread, ms\n", kRounds);
  std::printf("  features of a 5 s clip    %8.3f\n", median(clip_ms));
  std::printf("  features of a 0.5 s hop   %8.3f\n", median(hop_ms));
  if (peer_ms.empty()) return 0;
  const double peer_median = median(peer_ms);
  std::printf("  librosa, a 5 s clip       %8.3f\n", peer_median);
  std::printf("librosa / ours: clip %.2f (at least 2), hop %.2f (at least 6)\n",
              peer_median / median(clip_ms), peer_median / median(hop_ms));
  return peer_median >= 2.0 * median(clip_ms) && peer_median >= 6.0 * median(hop_ms) ? 0 : 1;
}
