#include "train/commands/OutliersCommand.h"

#include <iostream>
#include <memory>
#include <string>

#include <spdlog/fmt/fmt.h>

#include "train/commands/CommandLine.h"
#include "train/commands/Tell.h"
#include "train/outliers/OutlierFolder.h"
#include "train/outliers/PackagedSounds.h"
#include "train/outliers/Voices.h"

namespace earshot {
namespace {

constexpr std::uint32_t kUsualSeed = 1;

void report_family(const std::string& name, std::size_t files) {
  if (files == 0) return;  // what is missing was told
  std::cout << fmt::format("{:<12} {} files, {} s\n", name, files, files * kOutlierSeconds) << std::flush;
}

}  // namespace

void run_outliers(const OutliersOptions& options) {
  const std::uint64_t seed = options.seed.value_or(kUsualSeed);
  OutlierFolder folder(options.out);
  for (const GeneratedFamily& family : generated_families()) {
    const std::size_t count = family.share * options.generated;
    for (std::size_t i = 0; i < count; ++i) folder.add(family.name, generate(family, i, seed));
    report_family(family.name, count);
  }
  const auto record = [&](const std::string& family, void (*make)(const RecordedRequest&)) {
    std::size_t files = 0;
    make({.root = options.root,
          .seed = seed,
          .made = [&](const Outlier& outlier) { folder.add(family, outlier), ++files; },
          .missing = [](const std::string& line) { tell(line); }});
    report_family(family, files);
  };
  record("voices", make_voices);
  record("speech", make_speech);
  record("music", make_music);
  record("instruments", make_instruments);
  folder.finish();
}

void add_outliers(CommandLine& line) {
  const auto options = std::make_shared<OutliersOptions>();
  Command command = line.add(
      "outliers", "Write sounds that are none of what people teach: noises, tones, voices, music", [options] {
        run_outliers(*options);
        return 0;
      });
  command.option("--out", &options->out, "A new or empty directory, for some 620 MB").required();
  command.option("--seed", &options->seed, "Of all that is left to chance; 1 unless said");
}

}  // namespace earshot
