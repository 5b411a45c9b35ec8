#include "train/report/CrossvalReport.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include <spdlog/fmt/fmt.h>
#include <boost/json.hpp>

#include "dsp/base/AtomicFile.h"
#include "dsp/base/Error.h"
#include "dsp/base/JsonText.h"
#include "dsp/base/ReadFile.h"
#include "train/report/ReportPage.h"
#include "train/report/RunReport.h"

namespace earshot {
namespace {

constexpr std::uintmax_t kMaxReportBytes = std::uintmax_t{256} << 20U;

// The run's epochs and which of them its model is of, as its report.json has them.
Report::Run run_of(int fold, const std::filesystem::path& path) {
  const std::string text = read_file(path, kMaxReportBytes, "the report of a run");
  try {
    const boost::json::value report = boost::json::parse(text);
    return {fmt::format("fold {}", fold), parse_history(report.at("history")),
            report.at("model_epoch").to_number<int>()};
  } catch (const std::exception& error) {
    throw Error(ExitCode::bad_data, fmt::format("{}: found {}, expected the report of a run of this version",
                                                path.string(), error.what()));
  }
}

}  // namespace

void CrossvalReport::add_fold(int fold, const std::filesystem::path& directory, const FeatureSet& features,
                              const FeatureRecipe& recipe, const ScoredClips& clips,
                              const Evaluation& evaluation) {
  report_.runs.push_back(run_of(fold, directory / "report.json"));
  report_.folds.push_back({fold, evaluation.clips, evaluation.correct, evaluation.loss});
  std::vector<Report::ScoredClip> worst =
      worst_scored_clips(data_, features, recipe, clips.scores, clips.truth);
  const std::size_t most = std::max(worst.size(), report_.worst.size());
  std::ranges::move(worst, std::back_inserter(report_.worst));
  std::ranges::stable_sort(report_.worst, std::greater<>{}, &Report::ScoredClip::loss);
  if (report_.worst.size() > most) report_.worst.resize(most);
}

void CrossvalReport::write(const std::filesystem::path& directory, const Evaluation& pooled, int threads) {
  report_.recipe = config_.name;
  report_.data = data_.name();
  report_.scored = fmt::format("{} clips of {} folds, each by a model that was trained without its fold",
                               pooled.clips, report_.folds.size());
  report_.notes = architecture_notes(config_.architecture);
  report_.evaluation = pooled;
  report_.data_facts = {{"directory", report_.data},
                        {"clips", fmt::format("{}", pooled.clips)},
                        {"classes", fmt::format("{}", data_.labels.size())},
                        {"folds", fmt::format("{}", report_.folds.size())}};
  report_.configuration.clear();
  for (const auto& [name, value] : settings_of(config_)) report_.configuration.push_back({name, value});
  report_.machine = {{"seed", fmt::format("{}", config_.seed)}};
  double seconds = 0.0;
  for (const Report::Run& run : report_.runs) {
    for (const EpochRecord& record : run.history) seconds += record.seconds;
  }
  report_.machine.push_back({"seconds of training", fmt::format("{:.0f}", seconds)});
  std::ranges::move(machine_facts(threads), std::back_inserter(report_.machine));

  const std::string html = render_html(report_);
  write_file_atomically(directory / "report.html", std::string_view(html));
  boost::json::object object{{"preset", config_.name}, {"seed", config_.seed}};
  for (auto& [key, value] : report_json(report_)) object[key] = std::move(value);
  const std::string json = json_text(object);
  write_file_atomically(directory / "report.json", std::string_view(json));
}

}  // namespace earshot
