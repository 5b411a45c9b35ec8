#include "train/commands/BankCommand.h"

#include <algorithm>
#include <array>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include "dsp/base/Csv.h"
#include "dsp/base/Draw.h"
#include "dsp/base/Error.h"
#include "dsp/base/NearestName.h"
#include "dsp/base/StopSignal.h"
#include "dsp/base/Utf8.h"
#include "nn/model/BundledModel.h"
#include "train/commands/CommandLine.h"
#include "train/commands/LoadClips.h"
#include "train/teaching/NegativeBank.h"

namespace earshot {
namespace {

constexpr std::size_t kWindowsOfRecording = 4;
constexpr std::array kAsTheyAre{0.0};  ///< dB: outliers are near and far by themselves
constexpr double kAll = 200.0;  ///< dB: pauses between words and what dies away are none of anything, too

struct OutlierList {
  std::vector<std::filesystem::path> files;
  std::vector<NegativeBank::Recording> recordings;  ///< one a file, without windows yet
  std::string notice;
};

OutlierList read_list(const std::filesystem::path& directory, const Model& base) {
  const Csv list = read_csv(directory / "outliers.csv");
  const std::size_t file = list.column("file");
  const std::size_t family = list.column("family");
  const std::size_t labels = list.column("labels");
  const std::size_t source = list.column("source");
  const std::size_t licence = list.column("licence");
  OutlierList outliers;
  std::set<std::string> credits;
  for (const Csv::Row& row : list.rows) {
    outliers.files.push_back(directory / row.fields[file]);
    outliers.recordings.push_back({row.fields[file], row.fields[family], listed_in(row.fields[labels]), 0});
    for (const std::string& label : outliers.recordings.back().labels) {
      if (std::ranges::find(base.labels, label) != base.labels.end()) continue;
      const std::string* nearest = nearest_name(base.labels, label);
      throw Error(ExitCode::bad_data,
                  fmt::format("{}:{}: labels: found '{}', expected a label of the base{}", list.path.string(), row.line,
                              printable(label), nearest ? ", perhaps '" + *nearest + "'" : ""));
    }
    credits.insert(fmt::format("{} ({})", row.fields[source].substr(0, row.fields[source].find(',')), row.fields[licence]));
  }
  outliers.notice = fmt::format("{}", fmt::join(credits, "; "));
  return outliers;
}

}  // namespace

int run_bank(const BankOptions& options) {
  const Base base(load_model(options.base.value_or(bundled_model())));
  OutlierList outliers = read_list(options.data, base.model);
  const StopSignal stop;
  const WindowEmbeddings windows =
      embed_clips(outliers.files, base, {kAsTheyAre, kAll},
                  {"outliers", static_cast<unsigned>(options.threads), true}, stop);
  if (!windows.complete) return 128 + stop.received();
  limit_kept_features();
  std::vector<float> kept;
  std::map<std::string, std::size_t> of_family;
  std::size_t first = 0;
  for (std::size_t i = 0; i < outliers.files.size(); ++i) {
    std::size_t last = first;
    while (last < windows.windows.size() && windows.windows[last].clip == i) ++last;
    std::vector<std::size_t> which(last - first);
    std::iota(which.begin(), which.end(), first);
    KeyedRandom random(derive_key(options.seed.value_or(1), i));
    shuffle(std::span(which), random);
    which.resize(std::min(which.size(), kWindowsOfRecording));
    for (const std::size_t window : which) {
      const std::span<const float> embedding = windows.embedding(window);
      kept.insert(kept.end(), embedding.begin(), embedding.end());
    }
    outliers.recordings[i].windows = which.size();
    of_family[outliers.recordings[i].family] += which.size();
    first = last;
  }
  if (kept.empty()) throw Error(ExitCode::bad_data, options.data.string() + ": found no loud window in any of its sounds");
  save_bank(make_bank(base, std::move(outliers.recordings), kept, std::move(outliers.notice)), options.out);
  for (const auto& [family, count] : of_family) std::cout << fmt::format("{:<12} {} windows\n", family, count);
  return 0;
}

void add_bank(CommandLine& line) {
  const auto options = std::make_shared<BankOptions>();
  Command command = line.add("bank", "Make the negatives that lie beside a base of what trainer outliers wrote",
                             [options] { return run_bank(*options); });
  command.option("--data", &options->data, "The directory of the outliers").required();
  command.option("--base", &options->base, "The model that they are for: the bundled one unless said");
  command.option("--out", &options->out, "The bank: BASE.bank beside BASE.safetensors is found by train").required();
  command.option("--seed", &options->seed, "Of which windows are kept; 1 unless said");
  command.threads(options->threads);
}

}  // namespace earshot
