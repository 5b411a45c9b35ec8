// bench_transfer: ten new classes of ten clips each, from the bundled model with its first layers frozen,
// beside the same clips and settings from scratch, three seeds each; all measured on clips that none saw.
//   bench_transfer [CLIPS_A_CLASS_TO_TEST]      the data set is made here, of tests/support/SoundClasses.h
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "tests/support/Child.h"
#include "tests/support/SoundClasses.h"
#include "tests/support/TemporaryDirectory.h"
#include "tests/support/WavFile.h"

using namespace earshot;
namespace fs = std::filesystem;

namespace {

constexpr int kRateHz = 44100;
constexpr double kClipS = 5.0;
constexpr int kEpochs =
    60;  ///< from scratch: about five minutes; and as many as fit into the transfer's time
constexpr std::uint64_t kFirst = 1000;  ///< of the clips: others than those the settings were found with
constexpr int kTrained = 10;            ///< clips a class, fold 1; those to test are fold 2
constexpr int kSeeds = 3;
constexpr double kMostSeconds = 300.0;

void make_data_set(const test::TemporaryDirectory& directory, int tested) {
  fs::create_directories(directory / "data/audio");
  std::string meta = "filename,fold,target,category\n";
  for (int label = 0; label < static_cast<int>(test::kSoundClasses.size()); ++label) {
    for (int clip = 0; clip < kTrained + tested; ++clip) {
      const std::string& category = test::kSoundClasses[static_cast<std::size_t>(label)];
      const std::string name = category + '-' + std::to_string(clip) + ".wav";
      test::write_wav(directory / "data/audio" / name,
                      test::sound_of_class(label, kFirst + static_cast<std::uint64_t>(clip), kRateHz, kClipS),
                      kRateHz);
      meta += name + (clip < kTrained ? ",1," : ",2,") + std::to_string(label) + ',' + category + '\n';
    }
  }
  directory.write("data/meta.csv", meta);
}

/// Seconds it took. Exits if it failed.
double run(const std::vector<std::string>& arguments, const fs::path& cache, std::string* out = nullptr) {
  const auto start = std::chrono::steady_clock::now();
  test::Child child(arguments, {"XDG_CACHE_HOME=" + cache.string()});
  if (child.wait(std::chrono::hours(1)) != 0) {
    std::cerr << child.err();
    std::exit(1);
  }
  if (out) *out = child.out();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct Outcome {
  double seconds = 0.0;   ///< of the training, features included; the mean over the seeds
  double accuracy = 0.0;  ///< likewise
};

/// Trains and measures with one recipe.
class Bench {
 public:
  explicit Bench(int tested) { make_data_set(directory_, tested); }

  Outcome train(const std::string& name, const fs::path& config, std::optional<int> epochs) const {
    Outcome mean;
    for (int seed = 1; seed <= kSeeds; ++seed) {
      const Outcome one = train_once(name, config, epochs, seed);
      mean.seconds += one.seconds / kSeeds;
      mean.accuracy += one.accuracy / kSeeds;
    }
    std::printf("%-14s mean of %d seeds  %7.1f s   %5.1f %%\n", name.c_str(), kSeeds, mean.seconds,
                100.0 * mean.accuracy);
    return mean;
  }

 private:
  Outcome train_once(const std::string& name, const fs::path& config, std::optional<int> epochs,
                     int seed) const {
    const std::string place = name + std::to_string(seed);
    const std::string data = directory_ / "data";
    const std::string out = directory_ / place;
    std::vector<std::string> arguments{EARSHOT_TRAINER, "train", "--data", data,
                                       "--config",      config,  "--out",  out,
                                       "--fold",        "2",     "--seed", std::to_string(seed),
                                       "--threads",     "2"};
    if (epochs) arguments.insert(arguments.end(), {"--epochs", std::to_string(*epochs)});
    const double seconds = run(arguments, directory_ / ("cache-" + place));
    std::string result;
    run({EARSHOT_TRAINER, "evaluate", out + "/model.safetensors", "--data", data, "--fold", "2", "--json"},
        directory_ / "cache-evaluation", &result);
    const boost::json::value figures = boost::json::parse(result);
    const double accuracy = figures.at("accuracy").to_number<double>();
    std::printf("%-14s seed %d, %4s epochs %7.1f s   %5.1f %% of %lld clips (95 %% interval %.1f to %.1f)\n",
                name.c_str(), seed, epochs ? std::to_string(*epochs).c_str() : "all", seconds,
                100.0 * accuracy, static_cast<long long>(figures.at("clips").as_int64()),
                100.0 * figures.at("accuracy_low").to_number<double>(),
                100.0 * figures.at("accuracy_high").to_number<double>());
    std::fflush(stdout);
    return {seconds, accuracy};
  }

  test::TemporaryDirectory directory_;
};

}  // namespace

int main(int argc, char** argv) {
  const Bench bench(argc > 1 ? std::atoi(argv[1]) : 30);
  const fs::path source = EARSHOT_SOURCE_DIR;
  const fs::path scratch = source / "tests/bench/transfer_scratch.toml";
  const Outcome transferred = bench.train("transfer", source / "config/transfer.toml", std::nullopt);
  const Outcome from_scratch = bench.train("scratch", scratch, kEpochs);
  bench.train("scratch_brief", scratch,
              std::max(1, static_cast<int>(kEpochs * transferred.seconds / from_scratch.seconds)));
  const bool passed = transferred.seconds < kMostSeconds && transferred.accuracy > from_scratch.accuracy;
  std::printf("transfer under %.0f s and better than from scratch: %s\n", kMostSeconds,
              passed ? "passed" : "FAILED");
  return passed ? 0 : 1;
}
