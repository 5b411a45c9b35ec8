// LoadClips: the features of a part of a data set, with a word to the user about what was done and left out.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "dsp/base/StopSignal.h"
#include "dsp/features/FeatureRecipe.h"
#include "train/data/DataSet.h"
#include "train/samples/FeatureSet.h"
#include "train/teaching/WindowEmbeddings.h"

namespace earshot {

/// read_data_set, with its problems printed to standard error, or the first of them thrown as Error(bad_data)
/// if `strict`.
DataSet open_data_set(const std::filesystem::path& directory, bool strict, std::size_t least_classes = 2);

/// Prints to standard error which validation clips hold the very sound of a training clip: what is measured
/// on them is no news to the network.
void warn_of_shared_sounds(const DataSet& data, const FeatureSet& train, const FeatureSet& validation);

struct ClipLoading {
  std::string what;                         ///< "training clips", for the lines printed
  unsigned threads = 0;                     ///< 0: as many as there are cores
  bool strict = false;                      ///< a clip that cannot be read is an error
  std::size_t most_bytes = memory_share();  ///< features that take more are streamed
};

/// Prints to standard error: how far it is, what was kept from before, each clip that is left out. `complete`
/// is false once `stop` received a signal. Throws Error of the first clip that cannot be read if `strict`,
/// Error(bad_data) if none can.
FeatureSet load_clips(const DataSet& data, std::span<const std::size_t> which, const FeatureRecipe& recipe,
                      const ClipLoading& loading, const StopSignal& stop);

/// Likewise the loud windows of files that a base is taught with (WindowEmbeddings.h); there may be none.
WindowEmbeddings embed_clips(std::span<const std::filesystem::path> files, const Base& base,
                             const WantedWindows& wanted, const ClipLoading& loading, const StopSignal& stop);

/// Once the clips of a run are loaded: keeps what is kept of features below its limit, what this process has
/// used aside, and prints to standard error where it lies and how large it is.
void limit_kept_features();

}  // namespace earshot
