#include "daemon/stream/StreamServer.h"

#include <sys/socket.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/log/LogSummary.h"
#include "daemon/log/Logging.h"
#include "daemon/net/AsioGlue.h"
#include "daemon/net/TlsDoor.h"
#include "daemon/stream/Doorkeeper.h"
#include "daemon/stream/Refusals.h"
#include "daemon/stream/StreamAddresses.h"
#include "daemon/stream/StreamListener.h"
#include "daemon/stream/StreamSession.h"
#include "daemon/stream/StreamState.h"

namespace earshot {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// Messages published but not yet taken by the server's thread; its work for each is microseconds.
constexpr std::size_t kMostBacklog = 4096;
constexpr auto kAcceptRetry = std::chrono::milliseconds(200);
/// For a client that is leaving to be known as gone, while another waits for its place.
constexpr auto kLeaving = std::chrono::milliseconds(100);

using Socket = StreamSession::Socket;
using Clock = StreamSession::Clock;

/// Other settings and facts, between messages.
struct Change {
  StreamSettings settings;
  StreamFacts facts;
  std::vector<std::unique_ptr<StreamListener>> listeners;  // that are new
};

}  // namespace

struct StreamServer::Impl {
  using Listeners = StreamAddresses::Listeners;
  using Item = std::variant<Message, std::unique_ptr<Change>>;

  Impl(StreamSettings settings_in, StreamFacts facts, Counters& counters, UtcClock& utc, Pulses* pulses_in);

  // Any thread.
  void publish(Item item);
  void stop(std::string_view reason, std::chrono::milliseconds grace);

  // The thread that constructed it.
  Listeners listen(const StreamSettings& to);
  void do_there(const std::function<void()>& work);
  void change(StreamSettings to, StreamFacts facts);
  void open_tls_door(const StreamSettings& to);

  // The server's thread.
  void close(const SocketAddress& address);
  void open_again(const SocketAddress& address);
  void take_backlog();
  void begin(Listeners more);
  void take(Change& change);
  asio::awaitable<void> accept(StreamListener& listener);
  asio::awaitable<void> receive(StreamListener& listener, Socket socket);
  void receive_by_tls(Peer peer, Socket socket);
  asio::awaitable<void> receive(Peer peer, Socket socket, asio::steady_timer& pause);
  void close_gone();
  bool somebody_leaves() const;
  void admit(Peer peer, Socket socket);
  asio::awaitable<void> beat();
  asio::awaitable<void> make_rounds();
  void drop_stalled();
  asio::awaitable<void> farewell(std::string reason, std::chrono::milliseconds grace);

  StreamAddresses addresses;
  Counters& counters;

  StreamSettings settings;
  asio::io_context io{1};
  Listeners listeners;
  asio::steady_timer heartbeat_timer{io};
  asio::steady_timer rounds_timer{io};
  asio::steady_timer farewell_timer{io};
  StreamState state;
  Doorkeeper door;
  std::vector<std::shared_ptr<StreamSession>> sessions;
  Refusals refusals;
  LogSummary stalled{LogLevel::warning};
  LogSummary not_accepted{LogLevel::warning};
  bool stopping = false;

  std::mutex mutex;  // guards what follows
  std::condition_variable backlog_taken;
  std::vector<Item> backlog;
  bool accepting_messages = true;

  Pulses* const pulses;
  Pulse pulse;
  std::unique_ptr<TlsDoor> tls_door;  // from the first settings on that ask for it
  std::thread thread;
};

StreamServer::Impl::Impl(StreamSettings settings_in, StreamFacts facts, Counters& counters_in, UtcClock& utc,
                         Pulses* pulses_in)
    : counters(counters_in),
      settings(std::move(settings_in)),
      state(std::move(facts), settings.history, counters, utc),
      door(settings),
      pulses(pulses_in),
      pulse(pulses_in, "the stream server") {
  begin(listen(settings));
  open_tls_door(settings);
  asio::co_spawn(io, beat(), rethrow);
  asio::co_spawn(io, make_rounds(), rethrow);
  thread = std::thread([this] { io.run(); });
}

StreamServer::Impl::Listeners StreamServer::Impl::listen(const StreamSettings& to) {
  return addresses.change(
      io, to,
      {.close = [this](const SocketAddress& address) { do_there([&] { close(address); }); },
       .open_again = [this](const SocketAddress& address) { do_there([&] { open_again(address); }); }});
}

void StreamServer::Impl::close(const SocketAddress& address) {
  for (const auto& listener : listeners) {
    if (listener->asked == address) listener->close();
  }
}

void StreamServer::Impl::open_again(const SocketAddress& address) {
  try {
    Listeners again;
    again.push_back(std::make_unique<StreamListener>(io, address, settings.admitted()));
    begin(std::move(again));
  } catch (const std::exception& error) {
    log_error("no longer publishing on {}: {}", to_text(address), error.what());
  }
}

// On the server's thread; returns when it is done.
void StreamServer::Impl::do_there(const std::function<void()>& work) {
  std::promise<void> done;
  asio::post(io, [&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

void StreamServer::Impl::change(StreamSettings to, StreamFacts facts) {
  auto change = std::make_unique<Change>();
  change->listeners = listen(to);
  open_tls_door(to);
  change->settings = std::move(to);
  change->facts = std::move(facts);
  publish(std::move(change));
}

// What the server's thread is given after that finds it there.
void StreamServer::Impl::open_tls_door(const StreamSettings& to) {
  if (!to.tls || tls_door) return;
  TlsLimits limits = to.tls_limits;
  limits.stall = to.stall_limit;
  tls_door = std::make_unique<TlsDoor>(
      "client", limits,
      [this](Peer peer, int plain) {
        Socket socket(io, asio::generic::stream_protocol(AF_UNIX, 0), plain);
        asio::post(io, [this, peer = std::move(peer), socket = std::move(socket)]() mutable {
          receive_by_tls(std::move(peer), std::move(socket));
        });
      },
      pulses);
}

void StreamServer::Impl::begin(Listeners more) {
  for (std::unique_ptr<StreamListener>& each : more) {
    asio::co_spawn(io, accept(*each), rethrow);
    listeners.push_back(std::move(each));
  }
}

void StreamServer::Impl::take(Change& change) {
  const bool begins_anew = change.facts.instance != state.instance();
  settings = std::move(change.settings);
  door.change(settings);
  for (const auto& each : listeners) {
    if (std::ranges::find(settings.listen, each->asked) == settings.listen.end()) each->close();
  }
  begin(std::move(change.listeners));
  state.change(std::move(change.facts), settings.history);
  for (const auto& session : sessions) session->subscriber().greet_again(begins_anew);
}

void StreamServer::Impl::publish(Item item) {
  std::unique_lock lock(mutex);
  backlog_taken.wait(lock, [this] { return backlog.size() < kMostBacklog || !accepting_messages; });
  if (!accepting_messages) return;
  backlog.push_back(std::move(item));
  if (backlog.size() == 1) asio::post(io, [this] { take_backlog(); });
}

void StreamServer::Impl::take_backlog() {
  std::vector<Item> items;
  {
    const std::lock_guard lock(mutex);
    items.swap(backlog);
  }
  backlog_taken.notify_all();
  for (const Item& item : items) {
    if (const auto* change = std::get_if<std::unique_ptr<Change>>(&item)) {
      take(**change);
      continue;
    }
    OutgoingMessage outgoing = state.add(std::get<Message>(item));
    for (const auto& session : sessions) session->subscriber().deliver(outgoing);
  }
  for (const auto& session : sessions) session->wake();
}

asio::awaitable<void> StreamServer::Impl::accept(StreamListener& listener) {
  while (!stopping && listener.acceptor.is_open()) {
    error_code error;
    Socket socket(io);
    co_await listener.acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
    if (stopping || !listener.acceptor.is_open()) break;
    if (!error) {
      co_await receive(listener, std::move(socket));
    } else if (error != asio::error::connection_aborted) {
      not_accepted.line(Clock::now(), "cannot accept clients: {}", error.message());
      listener.pause.expires_after(kAcceptRetry);
      co_await listener.pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
  }
  std::erase_if(listeners, [&](const auto& each) { return each.get() == &listener; });
}

asio::awaitable<void> StreamServer::Impl::receive(StreamListener& listener, Socket socket) {
  const std::optional<Peer> peer = peer_of(socket.native_handle());
  if (!peer) co_return;  // gone already
  if (!may_connect(peer->address, settings.admitted())) {
    refusals.stranger(*peer);
    co_return;
  }
  if (settings.speaks_tls(listener.asked)) {
    error_code error;
    if (const int own = socket.release(error); !error) tls_door->receive(settings.tls->identity, *peer, own);
    co_return;
  }
  co_await receive(*peer, std::move(socket), listener.pause);
}

// One that has said the token.
void StreamServer::Impl::receive_by_tls(Peer peer, Socket socket) {
  const auto come_in = [](Impl& server, Peer who, Socket plain) -> asio::awaitable<void> {
    asio::steady_timer pause(server.io);
    co_await server.receive(std::move(who), std::move(plain), pause);
  };
  if (!stopping) asio::co_spawn(io, come_in(*this, std::move(peer), std::move(socket)), rethrow);
}

// `pause` may be cancelled when a place becomes free.
asio::awaitable<void> StreamServer::Impl::receive(Peer peer, Socket socket, asio::steady_timer& pause) {
  if (!door.knock(peer, Clock::now())) {
    refusals.too_often(peer, std::move(socket), settings.connects_per_s);
    co_return;
  }
  if (door.room_for(peer) != Doorkeeper::Room::free) close_gone();
  if (door.room_for(peer) == Doorkeeper::Room::none && somebody_leaves()) {
    error_code cancelled;
    pause.expires_after(kLeaving);
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
  if (!stopping) admit(std::move(peer), std::move(socket));
}

// Those that are gone may wait to be handled in the same queue as the new client.
void StreamServer::Impl::close_gone() {
  const auto snapshot = sessions;  // closing removes a session from the list
  for (const auto& session : snapshot) {
    if (session->gone()) session->close();
  }
}

// And is about to be known as gone.
bool StreamServer::Impl::somebody_leaves() const {
  return std::ranges::any_of(sessions, [](const auto& each) { return each->leaving(kLeaving); });
}

void StreamServer::Impl::admit(Peer peer, Socket socket) {
  const Doorkeeper::Room room = door.room_for(peer);
  if (room == Doorkeeper::Room::none) return refusals.too_many(peer, std::move(socket), sessions.size());
  if (room == Doorkeeper::Room::none_for_address)
    return refusals.too_many_from_address(peer, std::move(socket), door.places_of(peer));
  door.enter(peer);
  auto session = std::make_shared<StreamSession>(std::move(socket), std::move(peer), state,
                                                 settings.client_buffer_kib * 1024, settings.stall_limit);
  sessions.push_back(session);
  counters.clients.store(sessions.size(), std::memory_order_relaxed);
  log_debug("client {} connected", session->peer().text);
  session->start(
      [this](StreamSession& half_closed) {
        half_closed.subscriber().heartbeat(state.heartbeat(sessions.size()));
        half_closed.wake();
      },
      [this](StreamSession& closed) {
        log_debug("client {} disconnected", closed.peer().text);
        door.leave(closed.peer());
        std::erase_if(sessions, [&](const auto& each) { return each.get() == &closed; });
        counters.clients.store(sessions.size(), std::memory_order_relaxed);
        for (const auto& listener : listeners) listener->pause.cancel();
        if (stopping && sessions.empty()) farewell_timer.cancel();
      });
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

asio::awaitable<void> StreamServer::Impl::make_rounds() {
  const auto interval = std::clamp<std::chrono::milliseconds>(
      settings.stall_limit / 4, std::chrono::milliseconds(1), std::chrono::seconds(1));
  while (!stopping) {
    pulse.beat();
    error_code cancelled;
    rounds_timer.expires_after(interval);
    co_await rounds_timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    if (stopping) break;
    drop_stalled();
    refusals.tick();
    for (LogSummary* summary : {&stalled, &not_accepted}) summary->tick(Clock::now());
  }
}

void StreamServer::Impl::drop_stalled() {
  const Clock::time_point now = Clock::now();
  const auto snapshot = sessions;  // closing removes a session from the list
  for (const auto& session : snapshot) {
    if (!session->stalled(now - settings.stall_limit)) continue;
    stalled.line(now, "client {} dropped: it took nothing for {} s", session->peer().text,
                 std::chrono::duration<double>(settings.stall_limit).count());
    session->close();
  }
}

void StreamServer::Impl::stop(std::string_view reason, std::chrono::milliseconds grace) {
  {
    const std::lock_guard lock(mutex);
    if (!std::exchange(accepting_messages, false)) return;
  }
  backlog_taken.notify_all();
  const auto end = Clock::now() + grace;
  asio::post(io,
             [this, why = std::string(reason), grace] { asio::co_spawn(io, farewell(why, grace), rethrow); });
  thread.join();
  if (tls_door)
    tls_door->stop(std::max(std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()),
                            std::chrono::milliseconds(0)));
}

asio::awaitable<void> StreamServer::Impl::farewell(std::string reason, std::chrono::milliseconds grace) {
  stopping = true;
  take_backlog();
  error_code ignored;
  for (const auto& listener : listeners) listener->close();
  heartbeat_timer.cancel();
  rounds_timer.cancel();
  refusals.finish();
  for (LogSummary* summary : {&stalled, &not_accepted}) summary->finish();
  const SharedLine bye = bye_line(reason);
  for (const auto& session : sessions) session->finish(bye);
  if (!sessions.empty()) {
    farewell_timer.expires_after(grace);
    co_await farewell_timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  const auto snapshot = sessions;
  for (const auto& session : snapshot) session->close();
}

StreamServer::StreamServer(StreamSettings settings, StreamFacts facts, Counters& counters, UtcClock& utc,
                           Pulses* pulses)
    : impl_(std::make_unique<Impl>(std::move(settings), std::move(facts), counters, utc, pulses)) {}

StreamServer::~StreamServer() {
  stop("shutdown", std::chrono::milliseconds(0));
}

void StreamServer::publish(Message message) noexcept {
  impl_->publish(std::move(message));
}

void StreamServer::change(StreamSettings settings, StreamFacts facts) {
  impl_->change(std::move(settings), std::move(facts));
}

void StreamServer::stop(std::string_view reason, std::chrono::milliseconds grace) noexcept {
  impl_->stop(reason, grace);
}

std::string StreamServer::listening_on() const {
  return impl_->addresses.text();
}

std::uint16_t StreamServer::port() const noexcept {
  return impl_->addresses.port();
}

}  // namespace earshot
