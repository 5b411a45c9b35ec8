#include "daemon/stream/StreamServer.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/log/Logging.h"
#include "daemon/net/AsioGlue.h"
#include "daemon/stream/StreamSession.h"
#include "daemon/stream/StreamState.h"

namespace earshot {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// Messages published but not yet taken by the server's thread; its work for each is microseconds.
constexpr std::size_t kMostBacklog = 4096;
constexpr auto kAcceptRetry = std::chrono::milliseconds(200);
/// For a client that is leaving to be known as gone, while another waits for its place.
constexpr auto kLeaving = std::chrono::milliseconds(100);

}  // namespace

struct StreamServer::Impl {
  Impl(StreamSettings settings_in, StreamFacts facts, const Counters& counters);

  // Any thread.
  void publish(Message message);
  void stop(std::string_view reason, std::chrono::milliseconds grace);

  // The server's thread.
  void take_backlog();
  asio::awaitable<void> accept();
  void admit(tcp::socket socket);
  bool make_room();
  static void turn_away(tcp::socket socket, const RequestError& error);
  asio::awaitable<void> beat();
  asio::awaitable<void> watch_for_stalls();
  asio::awaitable<void> farewell(std::string reason, std::chrono::milliseconds grace);

  StreamSettings settings;
  std::uint16_t port = 0;
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
  asio::steady_timer heartbeat_timer{io};
  asio::steady_timer stall_timer{io};
  asio::steady_timer accept_timer{io};
  asio::steady_timer farewell_timer{io};
  StreamState state;
  std::vector<std::shared_ptr<StreamSession>> sessions;
  IpAddress last_stranger;
  bool full = false;
  bool stopping = false;

  std::mutex mutex;  // guards what follows
  std::condition_variable backlog_taken;
  std::vector<Message> backlog;
  bool accepting_messages = true;

  std::thread thread;
};

StreamServer::Impl::Impl(StreamSettings settings_in, StreamFacts facts, const Counters& counters)
    : settings(std::move(settings_in)), state(std::move(facts), settings.history, counters) {
  const int socket = open_listener(settings.listen, settings.allow);
  port = bound_port(socket);
  acceptor.assign(listen_address(settings.listen)->is_v4() ? tcp::v4() : tcp::v6(), socket);
  asio::co_spawn(io, accept(), rethrow);
  asio::co_spawn(io, beat(), rethrow);
  asio::co_spawn(io, watch_for_stalls(), rethrow);
  thread = std::thread([this] { io.run(); });
}

void StreamServer::Impl::publish(Message message) {
  std::unique_lock lock(mutex);
  backlog_taken.wait(lock, [this] { return backlog.size() < kMostBacklog || !accepting_messages; });
  if (!accepting_messages) return;
  backlog.push_back(std::move(message));
  if (backlog.size() == 1) asio::post(io, [this] { take_backlog(); });
}

void StreamServer::Impl::take_backlog() {
  std::vector<Message> messages;
  {
    const std::lock_guard lock(mutex);
    messages.swap(backlog);
  }
  backlog_taken.notify_all();
  for (const Message& message : messages) {
    OutgoingMessage outgoing = state.add(message);
    for (const auto& session : sessions) session->subscriber().deliver(outgoing);
  }
  for (const auto& session : sessions) session->wake();
}

asio::awaitable<void> StreamServer::Impl::accept() {
  bool failing = false;
  while (!stopping) {
    error_code error;
    tcp::socket socket(io);
    co_await acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
    if (stopping) break;
    if (!error) {
      failing = false;
      if (sessions.size() >= settings.max_clients && !make_room()) {
        accept_timer.expires_after(kLeaving);
        co_await accept_timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
      }
      if (!stopping) admit(std::move(socket));
    } else if (error != asio::error::connection_aborted) {
      if (!std::exchange(failing, true)) log_warning("cannot accept clients: {}", error.message());
      accept_timer.expires_after(kAcceptRetry);
      co_await accept_timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
  }
}

void StreamServer::Impl::admit(tcp::socket socket) {
  error_code error;
  const tcp::endpoint endpoint = socket.remote_endpoint(error);
  if (error) return;  // gone already
  const IpAddress peer = ip_of(endpoint.address());
  if (!may_connect(peer, settings.allow)) {
    if (peer != std::exchange(last_stranger, peer)) {
      log_warning("client {} turned away: it is in no network of allow", peer.text());
    }
    return;
  }
  if (sessions.size() >= settings.max_clients) {
    if (!std::exchange(full, true))
      log_warning("client {} turned away: {} are connected", peer.text(), sessions.size());
    turn_away(std::move(socket),
              {"too_many_clients",
               fmt::format("found {} clients, expected fewer: max_clients is reached", sessions.size())});
    return;
  }
  auto session =
      std::make_shared<StreamSession>(std::move(socket), Endpoint{peer.text(), endpoint.port()}.text(), state,
                                      settings.client_buffer_kib * 1024, settings.stall_limit);
  sessions.push_back(session);
  log_debug("client {} connected", session->peer());
  session->start(
      [this](StreamSession& half_closed) {
        half_closed.subscriber().heartbeat(state.heartbeat(sessions.size()));
        half_closed.wake();
      },
      [this](StreamSession& closed) {
        log_debug("client {} disconnected", closed.peer());
        std::erase_if(sessions, [&](const auto& each) { return each.get() == &closed; });
        full = false;
        accept_timer.cancel();
        if (stopping && sessions.empty()) farewell_timer.cancel();
      });
}

// Those that are gone may wait to be handled in the same queue as the new client. False if one is about to
// be known as gone.
bool StreamServer::Impl::make_room() {
  const auto snapshot = sessions;  // closing removes a session from the list
  for (const auto& session : snapshot) {
    if (session->gone()) session->close();
  }
  return sessions.size() < settings.max_clients ||
         std::ranges::none_of(sessions, [](const auto& each) { return each->leaving(kLeaving); });
}

void StreamServer::Impl::turn_away(tcp::socket socket, const RequestError& error) {
  error_code ignored;  // a new connection's buffer takes one line, or the client is gone
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(*error_line(error)), ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

asio::awaitable<void> StreamServer::Impl::beat() {
  while (!stopping) {
    error_code cancelled;
    heartbeat_timer.expires_after(settings.heartbeat);
    co_await heartbeat_timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    if (stopping) break;
    const SharedLine line = state.heartbeat(sessions.size());
    for (const auto& session : sessions) {
      session->subscriber().heartbeat(line);
      session->wake();
    }
  }
}

asio::awaitable<void> StreamServer::Impl::watch_for_stalls() {
  const auto interval = std::clamp<std::chrono::milliseconds>(
      settings.stall_limit / 4, std::chrono::milliseconds(1), std::chrono::seconds(1));
  while (!stopping) {
    error_code cancelled;
    stall_timer.expires_after(interval);
    co_await stall_timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    const auto since = StreamSession::Clock::now() - settings.stall_limit;
    const auto snapshot = sessions;  // closing removes a session from the list
    for (const auto& session : snapshot) {
      if (!session->stalled(since)) continue;
      log_warning("client {} dropped: it took nothing for {} s", session->peer(),
                  std::chrono::duration<double>(settings.stall_limit).count());
      session->close();
    }
  }
}

void StreamServer::Impl::stop(std::string_view reason, std::chrono::milliseconds grace) {
  {
    const std::lock_guard lock(mutex);
    if (!std::exchange(accepting_messages, false)) return;
  }
  backlog_taken.notify_all();
  asio::post(io,
             [this, why = std::string(reason), grace] { asio::co_spawn(io, farewell(why, grace), rethrow); });
  thread.join();
}

asio::awaitable<void> StreamServer::Impl::farewell(std::string reason, std::chrono::milliseconds grace) {
  stopping = true;
  take_backlog();
  error_code ignored;
  acceptor.close(ignored);
  accept_timer.cancel();
  heartbeat_timer.cancel();
  stall_timer.cancel();
  const SharedLine bye = bye_line(reason);
  for (const auto& session : sessions) session->finish(bye);
  if (!sessions.empty()) {
    farewell_timer.expires_after(grace);
    co_await farewell_timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  const auto snapshot = sessions;
  for (const auto& session : snapshot) session->close();
}

StreamServer::StreamServer(StreamSettings settings, StreamFacts facts, const Counters& counters)
    : impl_(std::make_unique<Impl>(std::move(settings), std::move(facts), counters)) {}

StreamServer::~StreamServer() {
  stop("shutdown", std::chrono::milliseconds(0));
}

void StreamServer::publish(Message message) noexcept {
  impl_->publish(std::move(message));
}

void StreamServer::stop(std::string_view reason, std::chrono::milliseconds grace) noexcept {
  impl_->stop(reason, grace);
}

std::uint16_t StreamServer::port() const noexcept {
  return impl_->port;
}

}  // namespace earshot
