#include "daemon/client/CertificateCommand.h"

#include <unistd.h>

#include <array>
#include <climits>

#include "daemon/client/NewFile.h"
#include "daemon/net/Certificate.h"
#include "dsp/base/Error.h"
#include "dsp/base/StandardOutput.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

// And as others of its network call it where no name server knows it.
std::vector<std::string> own_names() {
  std::array<char, HOST_NAME_MAX + 1> text{};
  if (::gethostname(text.data(), text.size() - 1) != 0 || text[0] == '\0') return {"localhost"};
  const std::string name = text.data();
  if (name.find('.') != std::string::npos) return {name};
  return {name, name + ".local"};
}

void write_pair(const MadeCertificate& made, const std::filesystem::path& certificate,
                const std::filesystem::path& key) {
  write_new_file(key, 0600, made.key_pem);
  try {
    write_new_file(certificate, 0644, made.certificate_pem);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(key, ignored);
    throw;
  }
}

}  // namespace

void run_certificate(const CertificateSettings& settings, std::ostream& out, std::ostream& notices) {
  std::string fingerprint;
  if (settings.file) {
    fingerprint = fingerprint_of_file(*settings.file);
  } else {
    const std::filesystem::path certificate = settings.directory / "certificate.pem";
    const std::filesystem::path key = settings.directory / "key.pem";
    const std::vector<std::string> names = settings.names.empty() ? own_names() : settings.names;
    const MadeCertificate made = make_certificate(names);
    write_pair(made, certificate, key);
    fingerprint = made.fingerprint;
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    notices << "earshot: made " << printable(certificate.string()) << " for " << list
            << ", good for ten years, and " << printable(key.string()) << "; its fingerprint:\n";
  }
  out << fingerprint << '\n';
  flush_output(out);
}

}  // namespace earshot
