#include "daemon/web/WebServer.h"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "daemon/log/LogSummary.h"
#include "daemon/log/Logging.h"
#include "daemon/net/AsioGlue.h"
#include "daemon/net/Peer.h"
#include "daemon/web/HostCheck.h"

namespace earshot {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

namespace {

constexpr auto kWebAcceptRetry = std::chrono::milliseconds(200);
constexpr auto kWebRound = std::chrono::seconds(1);
constexpr std::size_t kMostDrained = 65'536;  // bytes of a request that nobody reads

using WebRequest = http::request_parser<http::empty_body>;

auto into(error_code& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

// Nothing here is for a browser to interpret, to keep, or to show within another's page.
template <typename Response>
void set_web_fields(Response& response, const WebAnswer& answer) {
  response.set(http::field::content_type, answer.type);
  response.set(http::field::cache_control, "no-store");
  response.set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  response.set("Cross-Origin-Resource-Policy", "same-origin");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Referrer-Policy", "no-referrer");
  if (answer.status == 405) response.set(http::field::allow, "GET, HEAD");
  response.keep_alive(false);
  response.content_length(answer.body.size());
}

}  // namespace

struct WebServer::Impl {
  struct Connection {
    Connection(asio::ip::tcp::socket socket, Peer who) : stream(std::move(socket)), peer(std::move(who)) {}
    beast::tcp_stream stream;
    Peer peer;
    bool made_way = false;
  };

  Impl(const WebSettings& settings_in, Answer answer_in, Pulses* pulses, WebLimits limits_in);
  ~Impl();

  // The server's thread.
  asio::awaitable<void> accept();
  void admit(asio::ip::tcp::socket socket);
  asio::awaitable<void> serve(std::shared_ptr<Connection> connection);
  asio::awaitable<void> converse(Connection& with);
  WebAnswer judge(const Connection& with, const WebRequest& request, const error_code& error);
  asio::awaitable<void> send(Connection& to, const WebAnswer& answer, bool head, error_code& error);
  asio::awaitable<void> drain(Connection& from);
  asio::awaitable<void> make_rounds();
  void close();

  const WebSettings settings;
  const Answer answer;
  const WebLimits limits;
  asio::io_context io{1};
  asio::ip::tcp::acceptor acceptor{io};
  asio::steady_timer pause{io};
  asio::steady_timer rounds{io};
  std::vector<std::shared_ptr<Connection>> connections;  // the oldest first
  LogSummary refused{LogLevel::warning};
  LogSummary not_accepted{LogLevel::warning};
  bool stopping = false;
  std::uint16_t port = 0;

  Pulse pulse;
  std::thread thread;
};

WebServer::Impl::Impl(const WebSettings& settings_in, Answer answer_in, Pulses* pulses, WebLimits limits_in)
    : settings(settings_in),
      answer(std::move(answer_in)),
      limits(limits_in),
      pulse(pulses, "the web server") {
  const int socket = open_listener(settings.listen, settings.allow);
  const bool v4 = listen_address(settings.listen)->is_v4();
  acceptor.assign(v4 ? asio::ip::tcp::v4() : asio::ip::tcp::v6(), socket);
  port = bound_port(socket);
  asio::co_spawn(io, accept(), rethrow);
  asio::co_spawn(io, make_rounds(), rethrow);
  thread = std::thread([this] { io.run(); });
}

WebServer::Impl::~Impl() {
  asio::post(io, [this] { close(); });
  thread.join();
}

void WebServer::Impl::close() {
  stopping = true;
  error_code ignored;
  acceptor.close(ignored);
  pause.cancel();
  rounds.cancel();
  for (const auto& each : connections) each->stream.close();
  for (LogSummary* each : {&refused, &not_accepted}) each->finish();
}

asio::awaitable<void> WebServer::Impl::accept() {
  while (!stopping) {
    error_code error;
    asio::ip::tcp::socket socket(io);
    co_await acceptor.async_accept(socket, into(error));
    if (stopping) break;
    if (!error) {
      admit(std::move(socket));
    } else if (error != asio::error::connection_aborted) {
      not_accepted.line(LogSummary::Clock::now(), "cannot accept requests: {}", error.message());
      pause.expires_after(kWebAcceptRetry);
      co_await pause.async_wait(into(error));
    }
  }
}

void WebServer::Impl::admit(asio::ip::tcp::socket socket) {
  std::optional<Peer> peer = peer_of(socket.native_handle());
  if (!peer) return;  // gone already
  if (!may_connect(peer->address, settings.allow)) {
    refused.line(LogSummary::Clock::now(), "request of {} turned away: it is in no network of allow",
                 peer->name);
    return;
  }
  if (connections.size() >= limits.most_connections) {
    refused.line(LogSummary::Clock::now(), "request of {} closed for another: {} are open",
                 connections.front()->peer.name, connections.size());
    connections.front()->made_way = true;
    connections.front()->stream.close();
    connections.erase(connections.begin());
  }
  connections.push_back(std::make_shared<Connection>(std::move(socket), std::move(*peer)));
  asio::co_spawn(io, serve(connections.back()), rethrow);
}

asio::awaitable<void> WebServer::Impl::serve(std::shared_ptr<Connection> connection) {
  co_await converse(*connection);
  connection->stream.close();
  std::erase(connections, connection);
}

asio::awaitable<void> WebServer::Impl::converse(Connection& with) {
  WebRequest request;
  request.header_limit(limits.most_header_bytes);
  beast::flat_buffer buffer;
  error_code error;
  with.stream.expires_after(limits.patience);
  co_await http::async_read_header(with.stream, buffer, request, into(error));
  if (error == beast::error::timeout)
    refused.line(LogSummary::Clock::now(), "request of {} closed: it has not come within {} s",
                 with.peer.name, std::chrono::duration<double>(limits.patience).count());
  const bool is_http =
      !error || (error.category() == http::make_error_code(http::error::bad_method).category() &&
                 error != http::error::end_of_stream && error != http::error::partial_message);
  if (stopping || with.made_way || !is_http) co_return;

  const WebAnswer judged = judge(with, request, error);
  const bool head = !error && request.get().method() == http::verb::head;
  with.stream.expires_after(limits.patience);
  co_await send(with, judged, head, error);
  if (!error) co_await drain(with);
}

WebAnswer WebServer::Impl::judge(const Connection& with, const WebRequest& parser, const error_code& error) {
  const auto refuse = [&](unsigned status, std::string why) {
    refused.line(LogSummary::Clock::now(), "request of {} refused: {}", with.peer.name, why);
    return WebAnswer{status, std::move(why) + '\n'};
  };
  if (error == http::error::header_limit)
    return refuse(431, "found a longer header, expected at most " + std::to_string(limits.most_header_bytes) +
                           " bytes");
  if (error) return refuse(400, "expected a request of HTTP/1: " + error.message());
  const auto& request = parser.get();
  if (request.count(http::field::host) != 1) return refuse(400, "expected one Host");
  error_code gone;
  const auto local = with.stream.socket().local_endpoint(gone);
  if (!is_own_host(request[http::field::host], settings.listen, ip_of(local.address())))
    return refuse(421, "found another Host, expected localhost or this machine's address");
  if (request.method() != http::verb::get && request.method() != http::verb::head)
    return {405, "found another method, expected GET or HEAD\n"};
  return answer(request.target());
}

asio::awaitable<void> WebServer::Impl::send(Connection& to, const WebAnswer& what, bool head,
                                            error_code& error) {
  if (head) {
    http::response<http::empty_body> response(static_cast<http::status>(what.status), 11);
    set_web_fields(response, what);
    co_await http::async_write(to.stream, response, into(error));
  } else {
    http::response<http::string_body> response(static_cast<http::status>(what.status), 11, what.body);
    set_web_fields(response, what);
    co_await http::async_write(to.stream, response, into(error));
  }
}

// A socket that is closed with something unread resets its connection, and the answer may be lost.
asio::awaitable<void> WebServer::Impl::drain(Connection& from) {
  error_code error;
  from.stream.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
  char unread[4096];
  for (std::size_t drained = 0; !error && drained < kMostDrained;)
    drained += co_await from.stream.async_read_some(asio::buffer(unread), into(error));
}

asio::awaitable<void> WebServer::Impl::make_rounds() {
  while (!stopping) {
    pulse.beat();
    error_code cancelled;
    rounds.expires_after(kWebRound);
    co_await rounds.async_wait(into(cancelled));
    for (LogSummary* each : {&refused, &not_accepted}) each->tick(LogSummary::Clock::now());
  }
}

WebServer::WebServer(const WebSettings& settings, Answer answer, Pulses* pulses, WebLimits limits)
    : impl_(std::make_unique<Impl>(settings, std::move(answer), pulses, limits)) {}

WebServer::~WebServer() = default;

std::uint16_t WebServer::port() const noexcept {
  return impl_->port;
}

}  // namespace earshot
