#include "daemon/net/TlsChannel.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <new>
#include <system_error>
#include <utility>

#include "daemon/net/OpenSsl.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

int socket_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

int after(BIO* bio, ssize_t count, int retry) {
  BIO_clear_retry_flags(bio);
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
    BIO_set_flags(bio, retry | BIO_FLAGS_SHOULD_RETRY);
  return static_cast<int>(count);
}

int send_bytes(BIO* bio, const char* bytes, int size) {
  return after(bio, ::send(socket_of(bio), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL),
               BIO_FLAGS_WRITE);
}

int receive_bytes(BIO* bio, char* bytes, int size) {
  const int count =
      after(bio, ::recv(socket_of(bio), bytes, static_cast<std::size_t>(size), 0), BIO_FLAGS_READ);
  if (count == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return count;
}

long control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
  return command == BIO_CTRL_FLUSH;
}

// As OpenSSL's own for sockets, which has no MSG_NOSIGNAL.
const BIO_METHOD* quiet_socket() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");
    BIO_meth_set_write(made, send_bytes);
    BIO_meth_set_read(made, receive_bytes);
    BIO_meth_set_ctrl(made, control);
    return made;
  }();
  return method;
}

SSL_CTX* client_context() {
  static const OwnedTlsContext context = [] {
    OwnedTlsContext made(SSL_CTX_new(TLS_client_method()));
    if (!made)
      throw Error(ExitCode::software, "OpenSSL cannot speak TLS: " + openssl_reason("no reason given"));
    SSL_CTX_set_min_proto_version(made.get(), TLS1_2_VERSION);
    SSL_CTX_set_options(made.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(made.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return made;
  }();
  return context.get();
}

int int_of(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
}

}  // namespace

TlsChannel::TlsChannel(ssl_st* ssl, int socket) : ssl_(ssl) {
  BIO* const bio = BIO_new(quiet_socket());
  if (!ssl_ || !bio) {
    SSL_free(ssl_);
    BIO_free_all(bio);
    throw std::bad_alloc();
  }
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
}

TlsChannel::TlsChannel(const TlsIdentity& identity, int socket)
    : TlsChannel(SSL_new(identity.context()), socket) {
  SSL_set_accept_state(ssl_);
}

TlsChannel::TlsChannel(int socket) : TlsChannel(SSL_new(client_context()), socket) {
  SSL_set_connect_state(ssl_);
}

TlsChannel::~TlsChannel() {
  SSL_free(ssl_);
}

TlsChannel::TlsChannel(TlsChannel&& other) noexcept
    : ssl_(std::exchange(other.ssl_, nullptr)), failure_(std::move(other.failure_)) {}

TlsChannel::State TlsChannel::state_after(int result) noexcept {
  if (result > 0) return State::done;
  const int system_error = errno;
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
      return State::wants_read;
    case SSL_ERROR_WANT_WRITE:
      return State::wants_write;
    case SSL_ERROR_ZERO_RETURN:
      return State::ended;
    case SSL_ERROR_SYSCALL:
      ERR_clear_error();
      if (system_error != ECONNRESET && system_error != EPIPE)
        failure_ = std::generic_category().message(system_error);
      return State::failed;
    default:
      if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        ERR_clear_error();
      } else {
        failure_ = openssl_reason("a failure without a reason");
      }
      return State::failed;
  }
}

TlsChannel::State TlsChannel::handshake() noexcept {
  ERR_clear_error();
  return state_after(SSL_do_handshake(ssl_));
}

TlsChannel::Step TlsChannel::read(std::span<char> bytes) noexcept {
  ERR_clear_error();
  const int count = SSL_read(ssl_, bytes.data(), int_of(bytes.size()));
  return {state_after(count), static_cast<std::size_t>(std::max(count, 0))};
}

TlsChannel::Step TlsChannel::write(std::span<const char> bytes) noexcept {
  ERR_clear_error();
  const int count = SSL_write(ssl_, bytes.data(), int_of(bytes.size()));
  return {state_after(count), static_cast<std::size_t>(std::max(count, 0))};
}

TlsChannel::State TlsChannel::finish() noexcept {
  ERR_clear_error();
  const int result = SSL_shutdown(ssl_);
  return result >= 0 ? State::done : state_after(result);  // 0: the other side may still send
}

std::uint64_t TlsChannel::received_bytes() const noexcept {
  return BIO_number_read(SSL_get_rbio(ssl_));
}

std::string TlsChannel::peer_fingerprint() const {
  const OwnedX509 certificate(SSL_get1_peer_certificate(ssl_));
  return certificate ? fingerprint_of(certificate.get()) : std::string();
}

}  // namespace earshot
