// OpenSsl: owners of OpenSSL's objects, and what it says went wrong. For the files that speak to it.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstddef>
#include <memory>
#include <string>

#include "dsp/base/Sha256.h"

namespace earshot {

template <auto release>
struct OpenSslFree {
  template <typename Object>
  void operator()(Object* object) const noexcept {
    release(object);
  }
};
using OwnedBio = std::unique_ptr<BIO, OpenSslFree<BIO_free_all>>;
using OwnedKey = std::unique_ptr<EVP_PKEY, OpenSslFree<EVP_PKEY_free>>;
using OwnedX509 = std::unique_ptr<X509, OpenSslFree<X509_free>>;
using OwnedTlsContext = std::unique_ptr<SSL_CTX, OpenSslFree<SSL_CTX_free>>;

/// The reason of this thread's first failure since the last call, in OpenSSL's words ("wrong version
/// number"); `usual` if it gave none.
inline std::string openssl_reason(const char* usual) {
  const char* text = ERR_reason_error_string(ERR_get_error());
  ERR_clear_error();
  return text ? text : usual;
}

/// SHA-256 of the certificate's DER form: 64 lower-case digits; empty if OpenSSL cannot write that.
inline std::string fingerprint_of(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  if (size <= 0) return {};
  std::string digits = sha256_of({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return digits;
}

/// What `bytes` hold as PEM, for reading.
inline OwnedBio bio_of(const std::string& bytes) {
  return OwnedBio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

}  // namespace earshot
