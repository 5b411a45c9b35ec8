#include "daemon/net/Certificate.h"

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <ctime>

#include "daemon/net/Address.h"
#include "daemon/net/OpenSsl.h"
#include "dsp/base/Error.h"
#include "dsp/base/ReadFile.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

constexpr std::size_t kFingerprintDigits = 64;
constexpr std::size_t kMostNameBytes = 253;
constexpr std::uintmax_t kMostPemBytes = std::uintmax_t{1} << 20;
constexpr long kDayS = 24L * 3600;
constexpr int kDays = 3653;
using OwnedExtension = std::unique_ptr<X509_EXTENSION, OpenSslFree<X509_EXTENSION_free>>;

void expect(bool good, const char* what) {
  if (!good)
    throw Error(ExitCode::software,
                std::string("OpenSSL cannot ") + what + ": " + openssl_reason("no reason given"));
}

std::string pem_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

// Of what stands in "DNS:..." no character may mean more than itself.
bool is_host_name(std::string_view name) {
  const auto fits = [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '.' || c == '_'; };
  return !name.empty() && name.size() <= kMostNameBytes && std::ranges::all_of(name, fits);
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    const bool is_address = parse_ip(name).has_value();
    if (!is_address && !is_host_name(name)) {
      throw Error(ExitCode::usage,
                  "--name: found '" + printable(name) + "', expected a host's name or an IP address");
    }
    text += (text.empty() ? "" : ",") + std::string(is_address ? "IP:" : "DNS:") + name;
  }
  return text;
}

void add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const OwnedExtension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  expect(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "extend a certificate");
}

void set_serial_number(X509* certificate) {
  unsigned char bytes[16];
  expect(RAND_bytes(bytes, sizeof bytes) == 1, "draw random bytes");
  bytes[0] = 0x45;  // positive, and as long as the others
  const std::unique_ptr<BIGNUM, OpenSslFree<BN_free>> number(BN_bin2bn(bytes, sizeof bytes, nullptr));
  expect(number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)),
         "number a certificate");
}

OwnedX509 read_certificate(const std::filesystem::path& path) {
  const std::string text = read_file(path, kMostPemBytes, "a certificate");
  OwnedX509 certificate(PEM_read_bio_X509(bio_of(text).get(), nullptr, nullptr, nullptr));
  if (!certificate) {
    throw Error(ExitCode::bad_data, printable(path.string()) +
                                        ": found no certificate, expected PEM (-----BEGIN CERTIFICATE-----)");
  }
  return certificate;
}

}  // namespace

MadeCertificate make_certificate(const std::vector<std::string>& names) {
  const std::string alternatives = alternative_names(names);
  const OwnedKey key(EVP_EC_gen("P-256"));
  expect(key != nullptr, "make a key");
  const OwnedX509 certificate(X509_new());
  expect(certificate && X509_set_version(certificate.get(), 2) == 1, "make a certificate");
  set_serial_number(certificate.get());
  // A board without a battery comes up with a clock that is late.
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDayS);
  X509_time_adj_ex(X509_getm_notAfter(certificate.get()), kDays, 0, nullptr);
  X509_NAME* const subject = X509_get_subject_name(certificate.get());
  const std::string common = names.front().substr(0, 64);  // as long as X.520 lets it be
  expect(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common.c_str()), -1, -1, 0) == 1 &&
             X509_set_issuer_name(certificate.get(), subject) == 1 &&
             X509_set_pubkey(certificate.get(), key.get()) == 1,
         "fill a certificate");
  add_extension(certificate.get(), NID_subject_alt_name, alternatives);
  add_extension(certificate.get(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate.get(), NID_ext_key_usage, "serverAuth");
  expect(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0, "sign a certificate");

  const OwnedBio key_text(BIO_new(BIO_s_mem()));
  const OwnedBio certificate_text(BIO_new(BIO_s_mem()));
  expect(PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1 &&
             PEM_write_bio_X509(certificate_text.get(), certificate.get()) == 1,
         "write a certificate");
  return {pem_of(key_text.get()), pem_of(certificate_text.get()), fingerprint_of(certificate.get())};
}

std::string fingerprint_of_file(const std::filesystem::path& path) {
  return fingerprint_of(read_certificate(path).get());
}

std::chrono::sys_seconds expiry_of_file(const std::filesystem::path& path) {
  const OwnedX509 certificate = read_certificate(path);
  std::tm date{};
  expect(ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &date) == 1, "read a certificate's end");
  return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&date)));
}

std::string read_fingerprint(std::string_view text) {
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool is_between = i > 0 && i + 1 < text.size() && digits.size() % 2 == 0 && text[i - 1] != ':';
    if (c == ':' && is_between) continue;
    if (!std::isxdigit(c)) return {};
    digits += static_cast<char>(std::tolower(c));
  }
  return digits.size() == kFingerprintDigits ? digits : std::string();
}

}  // namespace earshot
