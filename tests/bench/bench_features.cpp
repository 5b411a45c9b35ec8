// Features of a 5 s clip and of a 0.5 s hop against librosa and Pillow in the same run, one thread each,
// decoding aside.
//
//   bench_features     the peer runs under $EARSHOT_PYTHON, else python3, if it has librosa and Pillow
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "dsp/FeatureExtractor.h"
#include "tests/dsp/Signals.h"

namespace {

constexpr int kRounds = 30;
constexpr std::size_t kHopSamples = 43 * 512;  // 0.5 s in whole STFT hops

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

template <typename Work>
double milliseconds(Work work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

/// The Python process, asked for one measurement at a time so that both take turns.
class Peer {
 public:
  /// Nothing if Python, librosa or Pillow is absent.
  static std::optional<Peer> start(std::span<const float> samples) {
    std::array<int, 2> to{};
    std::array<int, 2> from{};
    if (pipe(to.data()) != 0 || pipe(from.data()) != 0) return std::nullopt;
    const pid_t child = fork();
    if (child == 0) {
      dup2(to[0], STDIN_FILENO);
      dup2(from[1], STDOUT_FILENO);
      for (const int end : {to[0], to[1], from[0], from[1]}) close(end);
      const char* chosen = std::getenv("EARSHOT_PYTHON");
      const char* python = chosen ? chosen : "python3";
      execlp(python, python, EARSHOT_SOURCE_DIR "/tests/bench/features_peer.py", nullptr);
      _exit(127);
    }
    close(to[0]);
    close(from[1]);
    Peer peer(child, fdopen(to[1], "w"), fdopen(from[0], "r"));
    std::fprintf(peer.to_.get(), "%zu\n", samples.size());
    std::fwrite(samples.data(), sizeof(float), samples.size(), peer.to_.get());
    std::fflush(peer.to_.get());
    const std::optional<std::string> name = peer.read_line();
    if (!name) return std::nullopt;
    std::printf("peer: %s", name->c_str());
    return peer;
  }

  /// One picture, in ms.
  std::optional<double> measure() {
    std::fputs("\n", to_.get());
    std::fflush(to_.get());
    const std::optional<std::string> line = read_line();
    return line ? std::optional(std::stod(*line)) : std::nullopt;
  }

  Peer(Peer&& other) noexcept
      : child_(std::exchange(other.child_, -1)), to_(std::move(other.to_)), from_(std::move(other.from_)) {}
  ~Peer() {
    if (child_ < 0) return;
    to_.reset();
    waitpid(child_, nullptr, 0);
  }

 private:
  struct Close {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, Close>;

  Peer(pid_t child, std::FILE* to, std::FILE* from) : child_(child), to_(to), from_(from) {}

  std::optional<std::string> read_line() {
    std::array<char, 128> line{};
    if (!std::fgets(line.data(), line.size(), from_.get())) return std::nullopt;
    return std::string(line.data());
  }

  pid_t child_;
  File to_;
  File from_;
};

}  // namespace

int main() {
  using namespace earshot;
  std::signal(SIGPIPE, SIG_IGN);
  const FeatureRecipe recipe;
  const std::vector<float> stream =
      test::ramped(test::noise(recipe.window_samples + kRounds * kHopSamples, 1));
  const auto clip = std::span(stream).first(recipe.window_samples);
  std::optional<Peer> peer = Peer::start(clip);
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
