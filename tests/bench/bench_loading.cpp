// Features of a whole data set from its files, decoding included, on two threads, against librosa and Pillow
// in two processes, each with half of the clips. The files lie in the page cache for both. Beside it, what it
// takes to keep them in an empty cache as well, which the peers do not.
//
//   bench_loading [ESC10]     the peers run under $EARSHOT_PYTHON, else python3, if it has librosa and Pillow
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <list>
#include <numeric>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "dsp/features/FeatureRecipe.h"
#include "tests/bench/Measuring.h"
#include "tests/bench/PythonPeer.h"
#include "tests/support/Esc10.h"
#include "tests/support/TemporaryDirectory.h"
#include "train/data/DataSet.h"
#include "train/samples/FeatureSet.h"

namespace {

using earshot::bench::median;

using earshot::bench::PythonPeer;

constexpr int kRounds = 5;
constexpr std::size_t kWorkers = 2;

template <typename Work>
double seconds(Work work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Every second clip each. Empty if Python, librosa or Pillow is absent.
std::vector<PythonPeer> start_peers(const earshot::DataSet& data) {
  std::vector<PythonPeer> peers;
  for (std::size_t worker = 0; worker < kWorkers; ++worker) {
    std::optional<PythonPeer> peer = PythonPeer::start(
        EARSHOT_SOURCE_DIR "/tests/bench/features_peer.py", {"--files"}, [&](std::FILE* input) {
          std::fprintf(input, "%zu\n", (data.clips.size() + kWorkers - 1 - worker) / kWorkers);
          for (std::size_t i = worker; i < data.clips.size(); i += kWorkers) {
            std::fprintf(input, "%s\n", data.clips[i].path.c_str());
          }
        });
    if (!peer) return {};
    peers.push_back(*std::move(peer));
  }
  return peers;
}

/// All at once; false if one failed.
bool measure(std::vector<PythonPeer>& peers) {
  std::atomic<bool> failed = false;
  {
    std::vector<std::jthread> waiting;
    for (PythonPeer& peer : peers) {
      waiting.emplace_back([&] {
        if (!peer.measure()) failed = true;
      });
    }
  }
  return !failed;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace earshot;
  std::signal(SIGPIPE, SIG_IGN);
  const auto directory = argc > 1 ? std::optional<std::filesystem::path>(argv[1]) : test::find_esc10();
  if (!directory) return 0;
  const DataSet data = read_data_set(*directory);
  std::vector<std::size_t> all(data.clips.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  std::vector<PythonPeer> peers = start_peers(data);
  if (peers.empty())
    std::printf("peer absent: no python3 (or $EARSHOT_PYTHON) with librosa and Pillow; ours alone\n");

  std::size_t loaded = 0;
  std::list<test::TemporaryDirectory> caches;  // removed at the end, not in the time that is measured
  const auto load = [&](bool keep) {
    FeatureLoading loading;
    loading.threads = kWorkers;
    if (keep) loading.cache = caches.emplace_back().path();
    const FeatureSet set = load_features(data, all, FeatureRecipe{}, loading);
    loaded = set.size();
    if (set.from_cache > 0) std::abort();
  };
  load(false);  // and the page cache is warm
  std::vector<double> ours_s;
  std::vector<double> kept_s;
  std::vector<double> peers_s;
  for (int round = 0; round < kRounds; ++round) {
    ours_s.push_back(seconds([&] { load(false); }));
    kept_s.push_back(seconds([&] { load(true); }));
    if (peers.empty()) continue;
    peers_s.push_back(seconds([&] {
      if (!measure(peers)) std::exit(1);
    }));
  }

  const auto clips = static_cast<double>(loaded);
  std::printf("medians of %d rounds, %zu clips decoded, %zu cores\n", kRounds, loaded, kWorkers);
  std::printf("  ours      %8.2f s %8.0f clips/s\n", median(ours_s), clips / median(ours_s));
  std::printf("  and kept  %8.2f s %8.0f clips/s\n", median(kept_s), clips / median(kept_s));
  if (peers_s.empty()) return 0;
  std::printf("  librosa   %8.2f s %8.0f clips/s\n", median(peers_s), clips / median(peers_s));
  const double ratio = median(peers_s) / median(ours_s);
  std::printf("librosa / ours: %.2f (at least 2): %s\n", ratio, ratio >= 2.0 ? "pass" : "FAIL");
  return ratio >= 2.0 ? 0 : 1;
}
