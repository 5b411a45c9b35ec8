// `earshot certificate`: by what clients of a network know a daemon.
#pragma once

#include <filesystem>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace earshot {

struct CertificateSettings {
  std::optional<std::filesystem::path> file = {};  ///< show this one's fingerprint, make none
  std::filesystem::path directory = ".";           ///< where certificate.pem and key.pem go
  std::vector<std::string> names = {};             ///< hosts and addresses; none: this machine's own name
};

/// The fingerprint to `out`, what was made to `notices`. Throws Error as fingerprint_of_file and
/// make_certificate, and Error(io) if one of the files is there already or cannot be written; then neither
/// is.
void run_certificate(const CertificateSettings& settings, std::ostream& out, std::ostream& notices);

}  // namespace earshot
