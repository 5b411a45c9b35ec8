#include "train/commands/DataCommand.h"

#include <unistd.h>

#include <iostream>
#include <memory>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "dsp/base/Error.h"
#include "dsp/base/StopSignal.h"
#include "dsp/base/Terminal.h"
#include "train/commands/CommandLine.h"
#include "train/data/ClipSurvey.h"
#include "train/data/DataReport.h"
#include "train/data/DataSet.h"

namespace earshot {

int run_data(const DataOptions& options) {
  const DataSet data = read_data_set(options.directory);
  const StopSignal stop;
  const bool live = terminal_of(STDERR_FILENO).live;
  const std::vector<ClipFacts> facts =
      survey_clips(data, static_cast<unsigned>(options.threads), [&](std::size_t done) {
        if (live) std::cerr << fmt::format("\r\x1b[Kclips read {}/{}", done, data.clips.size()) << std::flush;
        return stop.received() == 0;
      });
  if (live) std::cerr << "\r\x1b[K";
  if (facts.size() < data.clips.size()) return 128 + stop.received();

  const DataReport report = report_on(data, facts);
  std::cout << (options.json ? data_report_json(data, report) : data_report_text(data, report)) << std::flush;
  if (report.readable == 0) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: found none of {} clips that can be read, expected at least one",
                            data.directory.string(), data.clips.size()));
  }
  if (options.strict && report.problems() > 0) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: found {} problem{}, expected none with --strict", data.directory.string(),
                            report.problems(), report.problems() == 1 ? "" : "s"));
  }
  return 0;
}

void add_data(CommandLine& line) {
  const auto options = std::make_shared<DataOptions>();
  Command command = line.add("data", "Tell what a data set holds and what is wrong with it",
                             [options] { return run_data(*options); });
  command.option("directory", &options->directory, "Directory of the data set").required();
  command.option("--json", &options->json, "One JSON document instead of text");
  command.option("--strict", &options->strict, "Exit with 65 if there are problems");
  command.threads(options->threads);
  command.footer(
      "Layouts: meta.csv (filename,fold,target,category) with audio/; Train.csv (file_name,classID) with "
      "Train/; or a folder for each class. docs/data.md tells more.");
}

}  // namespace earshot
