#include "daemon/doctor/DaemonWord.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>

#include <spdlog/fmt/fmt.h>
#include <boost/json.hpp>

#include "daemon/client/MessageFields.h"
#include "daemon/doctor/ListeningSockets.h"
#include "daemon/net/Certificate.h"
#include "daemon/net/ClientSocket.h"
#include "daemon/net/LineSplitter.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kConnectPatience = 1500ms;
constexpr std::chrono::milliseconds kHelloPatience = 2s;
constexpr std::chrono::milliseconds kHeartbeatPatience = 6s;
constexpr std::size_t kMostWordBytes = 1 << 20;

std::uint64_t count_of(const boost::json::object& message, std::string_view key) {
  const double number = number_of(message, key);
  return number > 0.0 && number < 1e18 ? static_cast<std::uint64_t>(number) : 0;
}

void take_sources(DaemonWord& word, const boost::json::object& message) {
  for (const boost::json::object* each : objects_of(message, "sources")) {
    const std::string name = text_of(*each, "name");
    auto source = std::ranges::find(word.sources, name, &HeardSource::name);
    if (source == word.sources.end())
      source = word.sources.insert(source, HeardSource{.name = name, .kind = {}, .state = {}, .detail = {}});
    source->state = text_of(*each, "state");
    if (const std::string kind = text_of(*each, "kind"); !kind.empty()) source->kind = kind;
    source->lag_s = number_of(*each, "lag_s");
    source->level_dbfs = number_of(*each, "level_dbfs");
    source->skipped_windows = count_of(*each, "skipped_windows");
  }
}

/// Takes lines until `enough` or the time is over; whether it is enough.
template <typename Enough>
bool take_lines(ClientSocket& socket, LineSplitter& lines, DaemonWord& word,
                std::chrono::milliseconds patience, Enough enough) {
  const auto until = std::chrono::steady_clock::now() + patience;
  std::array<char, 16 * 1024> bytes;
  while (!enough()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    const auto count = socket.receive(bytes, left);
    if (!count || *count == 0) return false;
    std::string_view rest(bytes.data(), *count);
    while (const auto line = lines.next(rest)) word.take(line->text);
  }
  return true;
}

// The kernel knows it without a connection that a daemon would have to complain about.
bool is_listened_on(const SocketAddress& address) {
  return std::ranges::any_of(listening_sockets(), [&](const ListeningSocket& each) {
    return collide(each.at, std::get<Endpoint>(address));
  });
}

}  // namespace

const HeardSource* DaemonWord::source(std::string_view name) const noexcept {
  const auto found = std::ranges::find(sources, name, &HeardSource::name);
  return found == sources.end() ? nullptr : &*found;
}

void DaemonWord::take(std::string_view line) {
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(line, error);
  if (error || !value.is_object()) return;
  const boost::json::object& message = value.get_object();
  const std::string type = text_of(message, "type");
  if (type == "hello" && text_of(message, "server") == "earshotd") {
    greeted = true;
    first_seq = std::max<std::uint64_t>(count_of(message, "first_seq"), 1);
    take_sources(*this, message);
  } else if (type == "heartbeat" && greeted) {
    heartbeat = true;
    heartbeat_line = line;
    uptime_s = number_of(message, "uptime_s");
    take_sources(*this, message);
  } else if (type == "source") {
    const auto named = std::ranges::find(sources, text_of(message, "source"), &HeardSource::name);
    if (named != sources.end()) named->detail = text_of(message, "detail");
  }
}

std::optional<DaemonDoor> door_to_ask(const StreamSettings& stream) {
  std::optional<DaemonDoor> best;
  for (const SocketAddress& each : stream.listen) {
    const Endpoint* endpoint = std::get_if<Endpoint>(&each);
    if (!endpoint) {
      if (!best || best->tls) best = DaemonDoor{each};
      continue;
    }
    if (endpoint->port == 0) continue;
    const auto address = listen_address(*endpoint);
    if (!address) continue;
    const bool any = std::ranges::all_of(address->bytes, [](std::uint8_t byte) { return byte == 0; });
    Endpoint own = *endpoint;
    if (endpoint->host == "0.0.0.0") own.host = "127.0.0.1";
    if (any) own.host = "::1";
    if (address->is_loopback()) return DaemonDoor{own};  // there is none better
    const bool tls = stream.speaks_tls(each);
    if (!best || (own.host != endpoint->host && best->tls == tls)) best = DaemonDoor{own, tls};
  }
  return best;
}

DaemonWord ask_daemon(const DaemonDoor& door, const std::optional<TlsSettings>& tls) {
  DaemonWord word;
  word.address = to_text(door.address);
  std::optional<TlsCredentials> credentials;
  if (door.tls) {
    word.connected = is_listened_on(door.address);
    try {
      credentials = {.pin = fingerprint_of_file(std::filesystem::absolute(tls->certificate)),
                     .token = read_token(std::filesystem::absolute(tls->token_file))};
    } catch (const Error& error) {
      word.unasked = word.connected;
      word.trouble = error.what();
      return word;
    }
  }
  try {
    ClientSocket socket(door.address, kConnectPatience, credentials);
    word.connected = true;
    LineSplitter lines(kMostWordBytes);
    if (!take_lines(socket, lines, word, kHelloPatience, [&] { return word.greeted; })) {
      word.trouble = "no hello within 2 s";
      return word;
    }
    const std::string wish =
        fmt::format("{{\"type\":\"subscribe\",\"types\":[\"source\"],\"from_seq\":{}}}\n", word.first_seq);
    socket.send(std::as_bytes(std::span(wish)));
    take_lines(socket, lines, word, kHeartbeatPatience, [&] { return word.heartbeat; });
  } catch (const Error& error) {
    word.trouble = error.what();
  }
  return word;
}

}  // namespace earshot
