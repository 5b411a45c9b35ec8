// What tests of TLS need: a certificate with its key and a token in files, and a client that is OpenSSL's
// own.
#pragma once

#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json.hpp>

#include "daemon/net/Certificate.h"
#include "daemon/settings/TlsSettings.h"
#include "tests/daemon/StreamClient.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {

inline constexpr const char* kToken = "0123456789abcdef0123456789abcdef";

struct TlsFiles {
  explicit TlsFiles(std::string_view token = kToken) { write(token); }

  /// Another certificate, and this token.
  void write(std::string_view token) {
    const MadeCertificate made = make_certificate({"localhost", "127.0.0.1"});
    fingerprint = made.fingerprint;
    directory.write("certificate.pem", made.certificate_pem);
    directory.write_secret("key.pem", made.key_pem);
    write_token(token);
  }
  void write_token(std::string_view token) { directory.write_secret("token", std::string(token) + "\n"); }

  std::shared_ptr<const TlsIdentity> identity() const {
    return std::make_shared<TlsIdentity>(directory / "certificate.pem", directory / "key.pem",
                                         directory / "token");
  }
  TlsSettings settings() const {
    return {directory / "certificate.pem", directory / "key.pem", directory / "token", identity()};
  }
  /// The table [publish.tls].
  std::string table() const {
    const std::string folder = directory.path().string();
    return "[publish.tls]\ncertificate = \"" + folder + "/certificate.pem\"\nkey = \"" + folder +
           "/key.pem\"\ntoken_file = \"" + folder + "/token\"\n";
  }

  TemporaryDirectory directory;
  std::string fingerprint;
};

class TlsClient {
 public:
  /// Over a connection of its own. `version` 0: whichever both have.
  explicit TlsClient(StreamClient plain, int version = 0) : plain_(std::move(plain)) {
    const int no_delay = 1;  // else what follows the handshake waits for an answer to it, which is none
    ::setsockopt(plain_.socket(), IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
    ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
    context_.reset(SSL_CTX_new(TLS_client_method()));
    if (version != 0) {
      SSL_CTX_set_security_level(context_.get(), 0);
      SSL_CTX_set_min_proto_version(context_.get(), version);
      SSL_CTX_set_max_proto_version(context_.get(), version);
    }
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), plain_.socket());
    shaken_ = SSL_connect(ssl_.get()) == 1;
  }

  bool shaken_hands() const noexcept { return shaken_; }
  std::string version() const { return SSL_get_version(ssl_.get()); }

  /// False once the other side has closed.
  bool send(std::string_view bytes) {
    return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
  }
  /// From here on what it sends is kept, for send_kept() to send at once.
  void keep_what_is_sent() { SSL_set0_wbio(ssl_.get(), BIO_new(BIO_s_mem())); }
  bool send_kept() {
    char* bytes = nullptr;
    const auto size = static_cast<std::size_t>(BIO_get_mem_data(SSL_get_wbio(ssl_.get()), &bytes));
    std::size_t sent = 0;
    while (sent < size) {
      const ssize_t count = ::send(plain_.socket(), bytes + sent, size - sent, MSG_NOSIGNAL);
      if (count <= 0) return false;
      sent += static_cast<std::size_t>(count);
    }
    return BIO_reset(SSL_get_wbio(ssl_.get())) == 1;
  }
  /// TLS 1.3: a record that holds nothing for whoever reads.
  bool renew_key() {
    return SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_NOT_REQUESTED) == 1 && SSL_do_handshake(ssl_.get()) == 1;
  }
  bool say_token(std::string_view token) {
    return send("{\"type\":\"auth\",\"token\":\"" + std::string(token) + "\"}\n");
  }
  /// The next line without its newline; nothing at the end of the stream, however it came. Throws after 20 s
  /// without.
  std::optional<std::string> line() {
    timeval limit{20, 0};
    ::setsockopt(plain_.socket(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    for (std::size_t newline = 0; (newline = text_.find('\n')) == std::string::npos;) {
      char buffer[16'384];
      errno = 0;
      const int count = SSL_read(ssl_.get(), buffer, sizeof buffer);
      if (count <= 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        throw std::runtime_error("no line in time");
      if (count <= 0) return std::nullopt;
      text_.append(buffer, static_cast<std::size_t>(count));
    }
    const std::size_t newline = text_.find('\n');
    std::string found = text_.substr(0, newline);
    text_.erase(0, newline + 1);
    return found;
  }
  /// The next message of a type; others are passed over.
  boost::json::object message(std::string_view type) {
    for (;;) {
      const auto text = line();
      if (!text) throw std::runtime_error("the stream has ended");
      boost::json::object next = boost::json::parse(*text).as_object();
      if (next.at("type").as_string() == type) return next;
    }
  }
  /// Whether there is something to read within `limit`.
  bool hears_something(std::chrono::milliseconds limit) {
    pollfd ready{plain_.socket(), POLLIN, 0};
    return ::poll(&ready, 1, static_cast<int>(limit.count())) > 0;
  }
  void close_sending() { SSL_shutdown(ssl_.get()); }
  StreamClient& plain() noexcept { return plain_; }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  StreamClient plain_;
  std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> ssl_;
  bool shaken_ = false;
  std::string text_;
};

}  // namespace earshot::test
