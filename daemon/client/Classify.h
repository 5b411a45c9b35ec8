// `earshot classify`: the live path over files.
#pragma once

#include <filesystem>
#include <optional>
#include <ostream>
#include <vector>

#include "dsp/base/Error.h"
#include "dsp/features/LiveHop.h"

namespace earshot {

struct ClassifySettings {
  std::vector<std::filesystem::path> files;
  std::optional<std::filesystem::path> model;  ///< else find_model()
  double hop_s = kUsualHopS;
  std::optional<double> gate_dbfs;
  bool json = false;    ///< lines as on the stream, `source` is the file
  bool events = false;  ///< what begins and ends in the place of predictions
};

/// The model of the configuration that earshotd would load; without one the bundled model, as it lies beside
/// the program:
/// ../share/earshot/ when installed, ../../config/ in a checkout's build. Throws Error(no_input) if there is
/// neither.
std::filesystem::path find_model();

/// Windows to `out` as they are classified; or events as they end, as lines of JSON also as they begin, by the rules of
/// the configuration that the model comes from, else by the usual ones. A file that cannot be read is named on
/// `errors`, and the others are done. Returns the first file's code that failed. Throws Error for what concerns them all.
ExitCode classify_files(const ClassifySettings& settings, std::ostream& out, std::ostream& errors);

}  // namespace earshot
