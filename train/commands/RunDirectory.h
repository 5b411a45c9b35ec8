// RunDirectory: the directory that a run leaves: written file by file, recognised by the run that goes on.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>

#include "nn/model/Model.h"
#include "train/data/DataSet.h"
#include "train/learning/TrainConfig.h"
#include "train/learning/Training.h"
#include "train/samples/FeatureSet.h"

namespace earshot {

/// What lies in a directory before a run begins there. Throws Error(io) if that cannot be told.
struct RunFiles {
  explicit RunFiles(const std::filesystem::path& directory);

  std::filesystem::path state;  ///< the file that --resume goes on from, there or not
  bool has_state = false;
  bool has_model = false;
  /// A run that was killed before it had saved its state left this directory, and nobody else.
  bool begun = false;
};

/// Writes what a run leaves. Not thread safe; every method throws Error(io).
class RunDirectory {
 public:
  /// `config` and `data` must outlive it. `frame` is everything but the weights that are trained, `settings`
  /// what must be equal for the run to go on. The directory is there.
  RunDirectory(std::filesystem::path directory, const TrainConfig& config, const DataSet& data, Model frame,
               std::map<std::string, std::string> settings);

  /// Whether its model is the one that the finished run is for: not of fewer epochs before, not cut off.
  bool is_complete(const Training& training) const;
  /// What says that all is done goes first: the run goes on to more epochs.
  void reopen() const;

  Model save_model(const char* file, Weights weights, int epoch) const;
  /// History first: a run that dies between the two writes both again. Unless it must be, nothing is written
  /// as long as more than a tenth of the time would go into writing.
  void save_progress(const Training& training, bool must_be);
  void finish(const Training& training, const FeatureSet& train, const FeatureSet& validation,
              int threads) const;

 private:
  std::filesystem::path directory_;
  const TrainConfig& config_;
  const DataSet& data_;
  Model frame_;
  std::map<std::string, std::string> settings_;
  std::chrono::steady_clock::time_point saved_;   ///< when progress was last
  std::chrono::steady_clock::duration saving_{};  ///< how long that took
};

/// And all above it. Throws Error(io) naming it.
void make_run_directory(const std::filesystem::path& directory);

/// Removes what a run that was killed while it saved has left unfinished.
void remove_unfinished_files(const std::filesystem::path& directory);

}  // namespace earshot
