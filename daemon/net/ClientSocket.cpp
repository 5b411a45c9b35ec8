#include "daemon/net/ClientSocket.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>

#include "dsp/base/JsonWriter.h"

namespace earshot {
namespace {

std::string reason_text(int reason) {
  return std::generic_category().message(reason);
}

/// Whether one of `events` has come before `limit` was over; signals do not end the waiting.
bool wait_for(int socket, short events, std::chrono::milliseconds limit) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point until = Clock::now() + limit;
  for (std::chrono::milliseconds left = limit; left.count() >= 0;
       left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now())) {
    pollfd waiting{socket, events, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
  return false;
}

/// Connects `socket`, which does not block; 0 or the reason why not.
int connect_within(int socket, const sockaddr& address, socklen_t size, std::chrono::milliseconds limit) {
  if (::connect(socket, &address, size) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  if (!wait_for(socket, POLLOUT, limit)) return ETIMEDOUT;
  int reason = 0;
  socklen_t reason_size = sizeof reason;
  ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &reason, &reason_size);
  return reason;
}

}  // namespace

ClientSocket::ClientSocket(const SocketAddress& address, std::chrono::milliseconds limit,
                           const std::optional<TlsCredentials>& tls)
    : name_(to_text(address)) {
  const int reason = std::visit([&](const auto& to) { return connect_to(to, limit); }, address);
  if (socket_ < 0) throw Error(ExitCode::unavailable, name_ + ": " + reason_text(reason));
  if (!tls) {
    ::fcntl(socket_, F_SETFL, 0);  // from here on it may block
    return;
  }
  try {
    begin_tls(*tls, limit);
  } catch (...) {
    ::close(socket_);
    throw;
  }
}

void ClientSocket::begin_tls(const TlsCredentials& credentials, std::chrono::milliseconds limit) {
  // Else the token waits for what the handshake's end is answered by, which is nothing: 40 ms.
  const int no_delay = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
  tls_.emplace(socket_);
  const auto until = std::chrono::steady_clock::now() + limit;
  TlsChannel::State state = tls_->handshake();
  while (state == TlsChannel::State::wants_read || state == TlsChannel::State::wants_write) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (!await(state, left)) throw Error(ExitCode::unavailable, name_ + ": TLS: " + reason_text(ETIMEDOUT));
    state = tls_->handshake();
  }
  if (state != TlsChannel::State::done) {
    const std::string& why = tls_->failure();
    const std::string found =
        why.empty() ? "it closed the connection: it speaks no TLS, does not let this machine in, or makes it "
                      "wait after failures"
                    : "found no TLS (" + why + "), expected a daemon that speaks it there";
    throw Error(ExitCode::unavailable, name_ + ": " + found);
  }
  if (const std::string found = tls_->peer_fingerprint(); found != credentials.pin) {
    throw Error(ExitCode::bad_data,
                name_ + ": found a certificate with the fingerprint " + found + ", expected " +
                    credentials.pin +
                    ": the daemon has a new one, or somebody else answers in its place; the token "
                    "was not sent");
  }
  JsonWriter auth;
  auth.begin_object().field("type", "auth").field("token", credentials.token).end_object();
  const std::string line = auth.take_line();
  send(std::as_bytes(std::span(line)));
}

bool ClientSocket::await(TlsChannel::State state, std::chrono::milliseconds limit) const {
  return wait_for(socket_, state == TlsChannel::State::wants_write ? POLLOUT : POLLIN, limit);
}

int ClientSocket::connect_to(const Endpoint& endpoint, std::chrono::milliseconds limit) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  if (const int code =
          ::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &first)) {
    throw Error(ExitCode::unavailable, name_ + ": " + ::gai_strerror(code));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(first, ::freeaddrinfo);
  int reason = 0;
  for (const addrinfo* each = first; each && socket_ < 0; each = each->ai_next) {
    reason = connect_to(each->ai_family, *each->ai_addr, each->ai_addrlen, limit);
  }
  return reason;
}

int ClientSocket::connect_to(const UnixPath& path, std::chrono::milliseconds limit) {
  const sockaddr_un address = path.sockaddr();
  return connect_to(AF_UNIX, reinterpret_cast<const sockaddr&>(address), sizeof address, limit);
}

int ClientSocket::connect_to(int family, const sockaddr& address, socklen_t size,
                             std::chrono::milliseconds limit) {
  const int socket = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int reason = socket < 0 ? errno : connect_within(socket, address, size, limit);
  if (reason == 0) {
    socket_ = socket;
  } else if (socket >= 0) {
    ::close(socket);
  }
  return reason;
}

ClientSocket::~ClientSocket() {
  ::close(socket_);
}

std::optional<std::size_t> ClientSocket::receive(std::span<char> bytes, std::chrono::milliseconds limit) {
  if (tls_) return receive_tls(bytes, limit);
  if (!wait_for(socket_, POLLIN, limit)) return std::nullopt;
  ssize_t count = 0;
  do {
    count = ::recv(socket_, bytes.data(), bytes.size(), 0);
  } while (count < 0 && errno == EINTR);
  if (count < 0) fail(errno);
  return static_cast<std::size_t>(count);
}

std::optional<std::size_t> ClientSocket::receive_tls(std::span<char> bytes, std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  for (;;) {
    const TlsChannel::Step step = tls_->read(bytes);
    if (step.state == TlsChannel::State::done) return step.bytes;
    if (step.state == TlsChannel::State::ended) return 0;
    if (step.state == TlsChannel::State::failed) fail_tls();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (!await(step.state, std::max(left, std::chrono::milliseconds(0)))) return std::nullopt;
  }
}

void ClientSocket::send_tls(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const TlsChannel::Step step = tls_->write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    // Of a failed write OpenSSL says "ended" once the other side has said that it sends no more.
    if (step.state == TlsChannel::State::failed || step.state == TlsChannel::State::ended) fail_tls();
    if (step.state == TlsChannel::State::done) {
      bytes = bytes.subspan(step.bytes);
    } else {
      await(step.state, std::chrono::hours(1));
    }
  }
}

void ClientSocket::send(std::span<const std::byte> bytes) {
  if (tls_) return send_tls(bytes);
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void ClientSocket::finish_sending() noexcept {
  if (tls_) {
    for (TlsChannel::State state = tls_->finish(); state == TlsChannel::State::wants_write;
         state = tls_->finish())
      await(state, std::chrono::hours(1));
    return;
  }
  ::shutdown(socket_, SHUT_WR);
}

void ClientSocket::fail(int reason) const {
  if (reason == ECONNRESET || reason == EPIPE) {
    throw ConnectionClosed(ExitCode::unavailable, name_ + ": closed the connection");
  }
  throw Error(ExitCode::io, name_ + ": " + reason_text(reason));
}

void ClientSocket::fail_tls() const {
  if (tls_->failure().empty()) fail(ECONNRESET);
  throw Error(ExitCode::io, name_ + ": TLS: " + tls_->failure());
}

}  // namespace earshot
