// FalseAlarmsCommand: `trainer false-alarms`, how often a model hears what is not there, and thresholds for a rate.
#pragma once

#include <filesystem>
#include <optional>

namespace earshot {

class CommandLine;

struct FalseAlarmsOptions {
  std::filesystem::path model;
  std::filesystem::path data;
  std::optional<double> set_per_hour;        ///< thresholds are raised until no label has more
  std::optional<std::filesystem::path> out;  ///< the model with them
  bool json = false;
  int threads = 1;
};

/// Events of the usual rules over all sounds below a folder, as the live path hears them; results to standard output.
/// Returns the exit code: 0, or 128 + the signal that ended it. Throws Error: Error(bad_data) if nothing can be read,
/// and, once the results are told, for a rate that so few hours cannot show.
int run_false_alarms(const FalseAlarmsOptions& options);
void add_false_alarms(CommandLine& line);

}  // namespace earshot
