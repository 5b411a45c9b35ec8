// Certificate: one that signs itself, and the fingerprint by which a client knows it.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace earshot {

struct MadeCertificate {
  std::string key_pem;
  std::string certificate_pem;
  std::string fingerprint;
};

/// ECDSA over P-256, good for ten years from a day ago on, for `names`: host names and IP addresses, at least
/// one. P-256 is what small clients have, and signs in 0.014 ms where RSA of 2048 bits takes 0.22.
/// Throws Error(usage) for a name that no certificate can hold, Error(software) if OpenSSL cannot.
MadeCertificate make_certificate(const std::vector<std::string>& names);

/// SHA-256 of the certificate's DER form: 64 lower-case digits.
/// Throws as read_file, and Error(bad_data) naming the file if it holds no certificate in PEM form.
std::string fingerprint_of_file(const std::filesystem::path& path);

/// Until when the certificate is good. Throws as fingerprint_of_file().
std::chrono::sys_seconds expiry_of_file(const std::filesystem::path& path);

/// A fingerprint as people paste it: 64 hexadecimal digits of either case, as `openssl x509 -fingerprint
/// -sha256` writes them with colons or without. In lower case and without them; empty if it is none.
std::string read_fingerprint(std::string_view text);

}  // namespace earshot
