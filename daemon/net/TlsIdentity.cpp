#include "daemon/net/TlsIdentity.h"

#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

#include <algorithm>
#include <utility>

#include "daemon/net/OpenSsl.h"
#include "daemon/net/SecretFile.h"
#include "dsp/base/Error.h"
#include "dsp/base/ReadFile.h"
#include "dsp/base/Sha256.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

constexpr std::uintmax_t kMostIdentityBytes = std::uintmax_t{1} << 20;
// Those of TLS 1.2, for clients that have no 1.3: Mozilla's "intermediate" ones for such a key or an RSA one.
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

[[noreturn]] void refuse_file(const std::filesystem::path& path, const std::string& found,
                              const std::string& expected) {
  throw Error(ExitCode::config, printable(path.string()) + ": found " + found + ", expected " + expected);
}

// A key with a passphrase would ask for it on the terminal.
int no_passphrase(char*, int, int, void*) {
  return 0;
}

void take_certificates(SSL_CTX* context, const std::filesystem::path& path, const std::string& text) {
  const OwnedBio bio = bio_of(text);
  const OwnedX509 own(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
  if (!own) refuse_file(path, "no certificate", "one in PEM form (-----BEGIN CERTIFICATE-----)");
  if (SSL_CTX_use_certificate(context, own.get()) != 1)
    refuse_file(path, "a certificate that cannot be used: " + openssl_reason("no reason given"), "another");
  while (X509* issuer = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)) {
    if (SSL_CTX_add0_chain_cert(context, issuer) != 1) X509_free(issuer);
  }
  ERR_clear_error();  // the end of the file
}

void take_key(SSL_CTX* context, const std::filesystem::path& path, const std::string& text,
              const std::filesystem::path& certificate) {
  const OwnedKey key(PEM_read_bio_PrivateKey(bio_of(text).get(), nullptr, no_passphrase, nullptr));
  if (!key)
    refuse_file(path, "no private key",
                "one in PEM form, without a passphrase (-----BEGIN PRIVATE KEY-----)");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    ERR_clear_error();
    refuse_file(path, "another key than that of the certificate",
                "the key that " + printable(certificate.string()) + " was made with");
  }
}

}  // namespace

std::string read_token(const std::filesystem::path& path) {
  const auto refuse = [&](const std::string& found) {
    throw Error(ExitCode::bad_data,
                printable(path.string()) + ": found " + found +
                    ", expected a token of 16 to 1024 printable characters without spaces, such "
                    "as `earshot token` makes");
  };
  std::string token = read_file_or_pipe(path, kMostTokenBytes + 2, "a token");
  if (token.ends_with('\n')) token.pop_back();
  if (token.ends_with('\r')) token.pop_back();
  if (token.size() < kLeastTokenBytes) refuse(std::to_string(token.size()) + " characters");
  if (token.size() > kMostTokenBytes) refuse("more than " + std::to_string(kMostTokenBytes) + " characters");
  if (!std::ranges::all_of(token, [](char c) { return c > ' ' && c <= '~'; }))
    refuse("a character that is not printable, or a space");
  return token;
}

TlsIdentity::Hash TlsIdentity::hash_of(std::string_view text) noexcept {
  Hash hash;
  ::SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
  return hash;
}

TlsIdentity::TlsIdentity(const std::filesystem::path& certificate, const std::filesystem::path& key,
                         const std::filesystem::path& token_file) {
  const std::string certificate_text = read_file(certificate, kMostIdentityBytes, "a certificate");
  const std::string key_text = read_secret(key, kMostIdentityBytes, "a private key");
  std::string token;
  try {
    token = read_token(token_file);
  } catch (const Error& error) {
    if (error.code() != ExitCode::bad_data) throw;
    throw Error(ExitCode::config, error.what());
  }
  expect_secret(token_file);
  token_hash_ = hash_of(token);
  digest_ = sha256_of(sha256_of(certificate_text) + sha256_of(key_text) + sha256_of(token));

  OwnedTlsContext context(SSL_CTX_new(TLS_server_method()));
  if (!context)
    throw Error(ExitCode::software, "OpenSSL cannot speak TLS: " + openssl_reason("no reason given"));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_num_tickets(context.get(), 0);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  // Else one call reads as many records without data as a client cares to send.
  SSL_CTX_clear_mode(context.get(), SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_cipher_list(context.get(), kCiphers);
  take_certificates(context.get(), certificate, certificate_text);
  take_key(context.get(), key, key_text, certificate);
  context_ = context.release();
}

TlsIdentity::~TlsIdentity() {
  SSL_CTX_free(context_);
}

bool TlsIdentity::is_token(std::string_view text) const noexcept {
  const Hash hash = hash_of(text);
  return CRYPTO_memcmp(hash.data(), token_hash_.data(), hash.size()) == 0;
}

}  // namespace earshot
