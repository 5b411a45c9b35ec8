// BankCommand: `trainer bank`, embeddings of outliers in the file that lies beside a base.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace earshot {

class CommandLine;

struct BankOptions {
  std::filesystem::path data;                 ///< as trainer outliers writes it
  std::optional<std::filesystem::path> base;  ///< the bundled model unless said
  std::filesystem::path out;
  std::optional<std::uint32_t> seed;  ///< of which windows are kept; 1 unless said
  int threads = 1;
};

/// At most kWindowsOfRecording windows of each sound, drawn from all its loud windows at all taught gains. Returns the
/// exit code: 0, or 128 + the signal that stopped it. Throws Error.
int run_bank(const BankOptions& options);
void add_bank(CommandLine& line);

}  // namespace earshot
