#include "train/commands/CrossvalFolds.h"

#include <algorithm>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "dsp/base/Error.h"
#include "train/commands/LoadClips.h"
#include "train/data/Folds.h"

namespace earshot {

DataSet open_with_folds(const TrainOptions& options, std::optional<int> folds, std::uint32_t seed) {
  constexpr int kUsualFolds = 5;
  DataSet data = open_data_set(options.data, options.strict);
  if (std::ranges::any_of(data.clips, [](const LabelledClip& clip) { return clip.fold > 0; })) {
    if (folds) {
      throw Error(ExitCode::usage, fmt::format("--folds: found {}, expected nothing: {} has folds of its own", *folds,
                                               options.data.string()));
    }
    return data;
  }
  const std::vector<int> dealt = assign_folds(data, folds.value_or(kUsualFolds), seed);
  for (std::size_t clip = 0; clip < dealt.size(); ++clip) data.clips[clip].fold = dealt[clip];
  return data;
}

}  // namespace earshot
