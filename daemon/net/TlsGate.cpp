#include "daemon/net/TlsGate.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>

#include "daemon/net/AsioGlue.h"
#include "daemon/net/LineSplitter.h"
#include "daemon/net/SilentDeath.h"
#include "dsp/base/JsonWriter.h"

namespace earshot {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t kMostAuthBytes = 4096;
constexpr std::size_t kMostAuthDepth = 8;
/// From the first byte to the token's last: a handshake, and kMostAuthBytes of it a byte a record.
constexpr std::uint64_t kMostStrangerBytes = 160 * 1024;
/// Of one that was refused, while it takes the reason.
constexpr std::uint64_t kMostRefusedBytes = 1024 * 1024;
/// More are forgotten, but for those that have failed lately.
constexpr std::size_t kMostOrigins = 4096;
/// With the plain socket's own as much as of a client that is none of TLS.
constexpr int kTlsSendBufferBytes = 32 * 1024;

std::optional<std::string> token_of(std::string_view line) {
  boost::json::parse_options options;
  options.max_depth = kMostAuthDepth;
  error_code error;
  const boost::json::value document = boost::json::parse(line, error, {}, options);
  const auto* object = document.if_object();
  const auto text = [&](const char* key) -> const boost::json::string* {
    const boost::json::value* value = object ? object->if_contains(key) : nullptr;
    return value ? value->if_string() : nullptr;
  };
  const boost::json::string* type = text("type");
  const boost::json::string* token = text("token");
  if (error || !type || *type != "auth" || !token) return std::nullopt;
  return std::string(*token);
}

std::string unauthorized_line() {
  JsonWriter json;
  json.begin_object()
      .field("type", "error")
      .field("code", "unauthorized")
      .field("message",
             "found no line with the right token, expected {\"type\":\"auth\",\"token\":\"...\"} with that "
             "of the daemon's token_file")
      .end_object();
  return json.take_line();
}

void set_options(TlsGate::Socket& socket, std::chrono::milliseconds stall) {
  error_code ignored;
  socket.set_option(asio::socket_base::send_buffer_size(kTlsSendBufferBytes), ignored);
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  watch_for_silent_death(socket.native_handle(), stall);
}

double seconds(std::chrono::milliseconds time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

struct TlsGate::Stranger {
  Peer peer;
  std::shared_ptr<const TlsIdentity> identity;
  TlsSocket socket;
  Clock::time_point until;  ///< then it is closed
  Outcome closed_as = Outcome::late;
  std::string heard = {};  ///< beyond the token's line
};

TlsGate::TlsGate(asio::io_context& io, std::string who, TlsLimits limits, Enter enter)
    : io_(io), who_(std::move(who)), limits_(limits), enter_(std::move(enter)), watching_(io) {
  asio::co_spawn(io_, watch(), rethrow);
}

void TlsGate::receive(std::shared_ptr<const TlsIdentity> identity, Peer peer, Socket socket) {
  if (stopped_) return;
  if (fails_too_often(peer)) {
    return too_often_.line(Clock::now(), "{} {} turned away: it has failed more often than {} times a second",
                           who_, peer.name, limits_.failures_per_s);
  }
  make_room_for(peer);
  set_options(socket, limits_.stall);
  TlsSocket tls(*identity, std::move(socket));
  tls.bound_reading(kMostStrangerBytes);
  strangers_.push_back(std::make_shared<Stranger>(
      Stranger{std::move(peer), std::move(identity), std::move(tls), Clock::now() + limits_.token}));
  asio::co_spawn(io_, meet(strangers_.back()), rethrow);
}

// Who came first has had the longest time to say its token: of a flood that says none each stays a moment,
// and one that knows it comes in between.
void TlsGate::make_room_for(const Peer& peer) {
  auto goes = strangers_.size() >= limits_.strangers ? strangers_.begin() : strangers_.end();
  for (const Origin& origin : origins_of(peer)) {
    const auto is_of_it = [&](const auto& each) {
      return std::ranges::count(origins_of(each->peer), origin) > 0;
    };
    const std::size_t most = limits_.strangers_of_address * share_of(origin);
    if (std::ranges::count_if(strangers_, is_of_it) >= static_cast<std::ptrdiff_t>(most))
      goes = std::ranges::find_if(strangers_, is_of_it);
  }
  if (goes == strangers_.end()) return;
  const std::shared_ptr<Stranger> first = *goes;
  strangers_.erase(goes);  // its coroutine has yet to notice
  first->closed_as = Outcome::crowded;
  first->socket.close();
}

asio::awaitable<void> TlsGate::meet(std::shared_ptr<Stranger> stranger) {
  const Outcome outcome = co_await listen(*stranger);
  if (outcome != Outcome::welcome && !stopped_) note_failure(*stranger, outcome);
  if (outcome == Outcome::wrong_token) co_await refuse_token(*stranger);
  std::erase(strangers_, stranger);
  if (outcome == Outcome::welcome && !stopped_) {
    let_in(*stranger);
  } else {
    stranger->socket.close();
  }
}

// Until it has said its token, or has failed to.
asio::awaitable<TlsGate::Outcome> TlsGate::listen(Stranger& stranger) {
  TlsSocket& socket = stranger.socket;
  const auto failed = [&](Outcome outcome) { return socket.is_open() ? outcome : stranger.closed_as; };
  if (co_await socket.handshake() != TlsChannel::State::done)
    co_return failed(socket.failure().empty() ? Outcome::left : Outcome::no_tls);
  LineSplitter lines(kMostAuthBytes);
  std::array<char, kMostAuthBytes> bytes;
  for (;;) {
    const TlsChannel::Step step = co_await socket.read(bytes);
    if (step.state != TlsChannel::State::done) {
      co_return failed(socket.has_brought_too_much() ? Outcome::wrong_token : Outcome::left);
    }
    std::string_view rest(bytes.data(), step.bytes);
    const auto line = lines.next(rest);
    if (!line) continue;
    const auto token = line->too_long ? std::nullopt : token_of(line->text);
    stranger.heard = rest;
    co_return token&& stranger.identity->is_token(*token) ? Outcome::welcome : Outcome::wrong_token;
  }
}

// It may be sending already: closed at once, the connection would be reset before it has read why.
asio::awaitable<void> TlsGate::refuse_token(Stranger& stranger) {
  stranger.until = Clock::now() + limits_.refusal + limits_.farewell;
  asio::steady_timer pause(io_, limits_.refusal);
  error_code ignored;
  co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (!stranger.socket.is_open()) co_return;
  const std::string line = unauthorized_line();
  if (!co_await stranger.socket.write(line)) co_return;
  co_await stranger.socket.finish();
  stranger.socket.bound_reading(kMostRefusedBytes);
  std::array<char, 4096> bytes;
  while (stranger.socket.is_open() &&
         (co_await stranger.socket.read(bytes)).state == TlsChannel::State::done) {
  }
}

void TlsGate::let_in(Stranger& stranger) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
    failed_.line(Clock::now(), "{} {} turned away: {}", who_, stranger.peer.name,
                 std::generic_category().message(errno));
    return stranger.socket.close();
  }
  stranger.socket.unbound_reading();
  Socket plain(io_, asio::generic::stream_protocol(AF_UNIX, 0), ends[0]);
  relays_.push_back(
      std::make_shared<TlsRelay>(std::move(stranger.socket), std::move(plain), stranger.peer.name));
  const std::shared_ptr<TlsRelay> relay = relays_.back();
  relay->start(std::move(stranger.heard), [this](TlsRelay& closed) {
    std::erase_if(relays_, [&](const auto& each) { return each.get() == &closed; });
    end_if_all_are_gone();
  });
  enter_(std::move(stranger.peer), ends[1]);
}

std::array<TlsGate::Origin, 2> TlsGate::origins_of(const Peer& peer) noexcept {
  return {Origin{peer.address.network().bytes, true}, Origin{peer.address.bytes, false}};
}

std::size_t TlsGate::share_of(const Origin& origin) const noexcept {
  return origin.is_network ? limits_.addresses_of_network : 1;
}

TlsGate::Failures& TlsGate::failures_of(const Origin& origin, Clock::time_point now) {
  if (failures_.size() >= kMostOrigins) {
    const double full_after_s = limits_.failures_at_once / limits_.failures_per_s;
    std::erase_if(failures_, [&](const auto& each) {
      return now - each.second.counted > std::chrono::duration<double>(full_after_s);
    });
    if (failures_.size() >= kMostOrigins) failures_.clear();
  }
  const auto share = static_cast<double>(share_of(origin));
  const double most = limits_.failures_at_once * share;
  Failures& failures = failures_.try_emplace(origin, Failures{most, now}).first->second;
  const double passed_s = std::chrono::duration<double>(now - failures.counted).count();
  failures.left = std::min(most, failures.left + passed_s * limits_.failures_per_s * share);
  failures.counted = now;
  return failures;
}

bool TlsGate::fails_too_often(const Peer& peer) {
  return std::ranges::any_of(origins_of(peer), [this](const Origin& each) {
    return failures_.contains(each) && failures_of(each, Clock::now()).left < 1.0;
  });
}

void TlsGate::note_failure(const Stranger& stranger, Outcome outcome) {
  const Clock::time_point now = Clock::now();
  const std::string& name = stranger.peer.name;
  for (const Origin& each : origins_of(stranger.peer)) {
    Failures& failures = failures_of(each, now);
    failures.left = std::max(0.0, failures.left - 1.0);
  }
  switch (outcome) {
    case Outcome::wrong_token:
      return wrong_tokens_.line(now, "{} {} turned away: it did not say the right token", who_, name);
    case Outcome::no_tls:
      return no_tls_.line(now, "{} {} turned away: TLS failed: {}", who_, name, stranger.socket.failure());
    case Outcome::late:
      return late_.line(now, "{} {} turned away: it said no token within {} s", who_, name,
                        seconds(limits_.token));
    case Outcome::crowded:
      return crowded_.line(now, "{} {} turned away: too many have yet to say a token", who_, name);
    case Outcome::left:
      return left_.line(now, "{} {} left before it said a token", who_, name);
    case Outcome::welcome:
      return;
  }
}

// Looks from time to time, so that nobody has a timer that outlives its connection.
asio::awaitable<void> TlsGate::watch() {
  const auto interval = std::clamp<std::chrono::milliseconds>(limits_.token / 8, std::chrono::milliseconds(1),
                                                              std::chrono::milliseconds(500));
  for (;;) {
    watching_.expires_at(std::min(Clock::now() + interval, stop_at_));
    error_code cancelled;
    co_await watching_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    const Clock::time_point now = Clock::now();
    const auto strangers = strangers_;
    for (const auto& each : strangers) {
      if (now >= each->until || stopped_) each->socket.close();
    }
    const auto relays = relays_;  // closing removes one from the list
    for (const auto& each : relays) {
      if (each->close_if_stalled(now, limits_.stall, limits_.farewell))
        stalled_.line(now, "{} {} closed: it does not take what is sent to it", who_, each->client());
      if (now >= stop_at_) each->close();
    }
    for (LogSummary* each : summaries()) each->tick(now);
    if (stopped_ && now >= stop_at_) co_return;
  }
}

void TlsGate::stop(std::chrono::milliseconds grace, std::function<void()> done) {
  stopped_ = std::move(done);
  stop_at_ = Clock::now() + grace;
  finish();
  watching_.cancel();
  end_if_all_are_gone();
}

void TlsGate::finish() noexcept {
  for (LogSummary* each : summaries()) each->finish();
}

std::array<LogSummary*, 8> TlsGate::summaries() noexcept {
  return {&wrong_tokens_, &no_tls_, &late_, &crowded_, &too_often_, &left_, &failed_, &stalled_};
}

void TlsGate::end_if_all_are_gone() {
  if (stopped_ && relays_.empty()) stopped_();
}

}  // namespace earshot
