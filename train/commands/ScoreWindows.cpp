#include "train/commands/ScoreWindows.h"

#include <array>
#include <filesystem>

#include <spdlog/fmt/fmt.h>

#include "dsp/base/Error.h"

namespace earshot {

std::optional<WindowScores> load_window_scores(const Model& model, const DataSet& data,
                                               const std::vector<std::size_t>& which,
                                               const ClipLoading& loading, const StopSignal& stop) {
  constexpr std::array kAsTheyAre{0.0};
  std::vector<std::filesystem::path> files;
  for (const std::size_t clip : which) files.push_back(data.clips[clip].path);
  const Base base(model);
  const WindowEmbeddings windows = embed_clips(files, base, {.gains_db = kAsTheyAre}, loading, stop);
  if (!windows.complete) return std::nullopt;
  if (windows.problems.size() == files.size()) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: found none of {} clips that can be read, expected at least one",
                            data.directory.string(), files.size()));
  }
  return score_windows(base, data, which, windows);
}

}  // namespace earshot
