// DataCommand: `trainer data`, what a data set holds and what is wrong with it.
#pragma once

#include <filesystem>

namespace earshot {

class CommandLine;

struct DataOptions {
  std::filesystem::path directory;
  bool json = false;
  bool strict = false;  ///< problems are an error, once they are listed
  int threads = 1;
};

/// Decodes every clip. The report goes to standard output. Returns the exit code: 0, or 128 + the signal that
/// ended it. Throws Error as read_data_set does; Error(bad_data) if no clip can be read, or for problems if
/// `strict`.
int run_data(const DataOptions& options);
void add_data(CommandLine& line);

}  // namespace earshot
