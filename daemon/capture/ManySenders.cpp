#include "daemon/capture/ManySenders.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <spdlog/fmt/fmt.h>

#include "daemon/capture/PcmSource.h"
#include "daemon/log/Logging.h"
#include "daemon/net/AsioGlue.h"

namespace earshot {
namespace {

namespace asio = boost::asio;
constexpr auto kManyTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kMemberReadBytes = 4 * 1024;
constexpr std::size_t kMoreStrangers = 16;  // beside as many as there may be senders
constexpr std::chrono::milliseconds kLook{250};

double in_seconds(std::chrono::milliseconds time) {
  return std::chrono::duration<double>(time).count();
}

SourceSettings named(SourceSettings settings, const std::string& name) {
  settings.name = name;
  return settings;
}

}  // namespace

/// A sender's source. But for its hearing, all of it is the listener's thread's.
class ManySenders::Member final : public PcmSource {
 public:
  Member(const SourceSettings& settings, const TcpSettings& tcp, const SourceContext& context,
         std::string peer, const Timelines& before)
      : PcmSource(settings, tcp.pcm, tcp.pace, tcp.idle, context), peer_(std::move(peer)) {
    follow(before);
    thread_ = std::jthread([this](std::stop_token stop) {
      run(std::move(stop));
      ended_.store(true, std::memory_order_release);
    });
  }

  PcmQueue& queue() noexcept { return arrivals(); }
  /// After a stop was requested.
  Timelines finish() {
    thread_.join();
    return timelines();
  }
  /// By itself, which only what must not happen brings about.
  bool has_ended() const noexcept { return ended_.load(std::memory_order_acquire); }
  void request_stop() noexcept { thread_.request_stop(); }
  /// Before it is stopped: it ends with the daemon, and may come back to the next one.
  void stay_known() noexcept { is_known_.store(true, std::memory_order_relaxed); }
  /// Before it is destroyed: not for the daemon's sake.
  void make_room() noexcept { makes_room_.store(true, std::memory_order_relaxed); }

  std::shared_ptr<Sender> sender;  // while it is connected
  Clock::time_point left{};        // when the last one was gone

 private:
  std::string waits_for() const override { return peer_ + " is connected"; }
  bool comes_and_goes() const noexcept override { return !is_known_.load(std::memory_order_relaxed); }
  std::string hear(std::stop_token stop) override {
    std::string why = PcmSource::hear(std::move(stop));
    return makes_room_.load(std::memory_order_relaxed) ? "makes room for another sender" : why;
  }

  const std::string peer_;
  std::atomic<bool> is_known_{false};    // relaxed: the stop that follows orders it
  std::atomic<bool> makes_room_{false};  // relaxed: the stop that follows orders it
  std::atomic<bool> ended_{false};       // release: of all that it did; acquire: before it is destroyed
  std::jthread thread_;
};

ManySenders::ManySenders(const SourceSettings& settings, const TcpSettings& tcp, const SourceContext& context,
                         SenderPatience patience)
    : settings_(settings),
      tcp_(tcp),
      context_(context),
      patience_(patience),
      door_(io_, tcp, settings.name),
      pulse_(context.pulses, "listener '" + settings.name + '\'') {
  pulse_.rest();
}

ManySenders::~ManySenders() = default;

void ManySenders::run(std::stop_token stop) noexcept {
  std::string why = "stopped";
  try {
    log_info("source '{}' starting: listening on {}, for {} senders at most", name(), listen().text(),
             *tcp_.max_senders);
    const std::stop_callback on_stop(stop, [this] { io_.stop(); });
    asio::co_spawn(io_, accept_senders(), rethrow);
    asio::co_spawn(io_, watch(), rethrow);
    io_.run();
  } catch (const std::exception& error) {
    why = error.what();
    log_error("source '{}': {}", name(), why);
  }
  pulse_.rest();
  const bool is_stopped = stop.stop_requested();
  end_members(why, is_stopped ? leaving_.load(std::memory_order_relaxed) : Leaving::ended, !is_stopped);
  door_.finish();
  log_info("source '{}' ended: {}", name(), why);
}

void ManySenders::end_members(const std::string& why, Leaving leaving, bool forgotten) {
  for (const auto& [source, each] : members_) {
    if (!forgotten) each->stay_known();
    each->leave(leaving);
    each->request_stop();
  }
  Timelines ended;
  while (!members_.empty()) {
    auto gone = members_.extract(members_.begin());
    ended.merge(gone.mapped()->finish());
    gone.mapped().reset();
    context_.names->give_back(gone.key());
  }
  if (leaving == Leaving::ended) {
    for (const auto& [source, timeline] : std::exchange(timelines_, {}))
      context_.sink.publish(SourceChange{source, SourceState::ended, why, timeline.position, forgotten});
  }
  timelines_.merge(ended);
}

void ManySenders::change(const SourceSettings& settings, std::shared_ptr<const Hearing> hearing) {
  asio::post(io_, [this, settings, hearing] { change_members(settings, hearing); });
}

void ManySenders::change_members(const SourceSettings& settings, std::shared_ptr<const Hearing> hearing) {
  try {
    for (const auto& [source, each] : members_) each->change(named(settings, source), hearing);
    settings_.gain_db = settings.gain_db;  // all that may be other; name() is any thread's
    settings_.level_dbfs = settings.level_dbfs;
    context_.hearing = std::move(hearing);
  } catch (const std::exception& error) {  // no memory: those that are left hear as before
    log_error("source '{}': cannot change: {}", settings.name, error.what());
  }
}

asio::awaitable<void> ManySenders::accept_senders() {
  for (;;) {
    std::shared_ptr<Sender> sender = co_await door_.next();
    if (strangers_.size() >= *tcp_.max_senders + kMoreStrangers) {
      door_.log_refusal(*sender, "too many are yet to say who they are");
      continue;
    }
    strangers_.push_front({std::move(sender), Clock::now() + patience_.first_line});
    asio::co_spawn(io_, meet(strangers_.begin()), rethrow);
  }
}

// From its first byte to its last.
asio::awaitable<void> ManySenders::meet(Strangers::iterator stranger) {
  const std::shared_ptr<Sender> sender = stranger->sender;
  std::string text;
  std::array<char, SenderIntroduction::kMostLineBytes> bytes;
  while (text.find('\n') == std::string::npos && text.size() <= SenderIntroduction::kMostLineBytes) {
    const auto [error, got] = co_await sender->socket.async_read_some(asio::buffer(bytes), kManyTuple);
    text.append(bytes.data(), got);
    if (!error) continue;
    if (sender->leaves.empty()) {  // a port probe
      log_debug("source '{}': {} left without a first line", name(), sender->peer);
      strangers_.erase(stranger);
      co_return;
    }
    co_return co_await refuse(stranger, sender->leaves);
  }
  const std::size_t end = text.find('\n');
  auto introduction =
      end > SenderIntroduction::kMostLineBytes
          ? fmt::format(
                "found no end of line in {} bytes, expected a first line like {{\"source\":\"barn-7\"}}",
                SenderIntroduction::kMostLineBytes)
          : SenderIntroduction::parse(std::string_view(text).substr(0, end), tcp_.pcm);
  if (const auto* problem = std::get_if<std::string>(&introduction))
    co_return co_await refuse(stranger, *problem);
  stranger->until = Clock::time_point::max();
  const SenderIntroduction& who = std::get<SenderIntroduction>(introduction);
  if (const std::string problem = co_await find_place(sender, who); !problem.empty())
    co_return co_await refuse(stranger, problem);
  strangers_.erase(stranger);
  co_await serve(sender, who, text.substr(end + 1));
}

// It may still be sending: closed at once, the connection would be reset before it has read why.
asio::awaitable<void> ManySenders::refuse(Strangers::iterator stranger, std::string why) {
  const std::shared_ptr<Sender> sender = stranger->sender;
  door_.log_refusal(*sender, why);
  stranger->refused = true;
  stranger->until = Clock::now() + patience_.farewell;
  const std::string line = refusal_line(why);
  const auto [unwritten, written] =
      co_await asio::async_write(sender->socket, asio::buffer(line), kManyTuple);
  boost::system::error_code ignored;
  sender->socket.shutdown(asio::socket_base::shutdown_send, ignored);
  std::array<char, 4096> bytes;
  for (bool more = !unwritten; more;) {
    const auto [error, got] = co_await sender->socket.async_read_some(asio::buffer(bytes), kManyTuple);
    more = !error;
  }
  strangers_.erase(stranger);
}

// Makes the sender its member's; why not, if it may not come in.
asio::awaitable<std::string> ManySenders::find_place(const std::shared_ptr<Sender>& sender,
                                                     const SenderIntroduction& introduction) {
  const std::string& source = introduction.source;
  if (settings_.channel && *settings_.channel > introduction.pcm.channels) {
    co_return fmt::format("channels: found {}, expected at least {}, the channel that is heard",
                          introduction.pcm.channels, *settings_.channel);
  }
  if (const Member* taken = member(source); taken && taken->sender && tcp_.takeover)
    taken->sender->close("another sender takes over");
  if (tcp_.takeover) co_await await_leaving(io_, [&] { return !member(source) || !member(source)->sender; });
  if (const Member* taken = member(source); taken && taken->sender)
    co_return fmt::format("source: found \"{}\", expected another name: {} is connected as that", source,
                          taken->sender->peer);
  if (Member* ended = member(source); ended && ended->has_ended()) forget(source);
  if (!member(source)) {
    if (std::string problem = make_member(source, sender->peer); !problem.empty()) co_return problem;
  }
  member(source)->sender = sender;
  co_return std::string();
}

asio::awaitable<void> ManySenders::serve(std::shared_ptr<Sender> sender, SenderIntroduction introduction,
                                         std::string rest) {
  log_debug("source '{}': {} is connected", introduction.source, sender->peer);
  Member& its_member = *member(introduction.source);
  PcmQueue& queue = its_member.queue();
  sender->last_heard = Clock::now();
  queue.push({.kind = PcmArrival::Kind::begin, .text = sender->peer, .bytes = {}, .pcm = introduction.pcm});
  if (!rest.empty()) queue.push(std::as_bytes(std::span(rest)));
  std::vector<std::byte> buffer(kMemberReadBytes);
  bool spoke = !rest.empty();
  std::string why = co_await hear_sender(sender, queue, buffer, [&spoke] { spoke = true; });
  if (!spoke) log_debug("source '{}': {}, having sent no samples", introduction.source, why);
  queue.push({.kind = PcmArrival::Kind::end, .text = std::move(why), .bytes = {}, .is_news = spoke});
  its_member.sender.reset();
  its_member.left = Clock::now();
}

// Looks from time to time, so that nobody has a timer that outlives its connection.
asio::awaitable<void> ManySenders::watch() {
  asio::steady_timer timer(io_);
  for (;;) {
    pulse_.beat();
    timer.expires_after(std::min({kLook, tcp_.idle / 8, patience_.first_line / 8}));
    co_await timer.async_wait(kManyTuple);
    door_.tick();
    look_at_strangers(Clock::now());
    look_at_members(Clock::now());
  }
}

// Those who wait for them notice.
void ManySenders::look_at_strangers(Clock::time_point now) {
  for (Stranger& each : strangers_) {
    if (now < each.until) continue;
    each.until = now + patience_.farewell;
    if (each.refused) {
      each.sender->close("refused");
    } else {
      each.sender->leaves = fmt::format("found no first line within {} s", in_seconds(patience_.first_line));
      boost::system::error_code ignored;
      each.sender->socket.cancel(ignored);
    }
  }
}

void ManySenders::look_at_members(Clock::time_point now) {
  for (const auto& [source, each] : members_) {
    if (!each->sender || !each->sender->leaves.empty()) continue;
    if (each->has_ended()) each->sender->close("its source has ended");
    if (now - each->sender->last_heard >= tcp_.closing)
      each->sender->close(fmt::format("closed after {} s without a byte", in_seconds(tcp_.closing)));
  }
}

ManySenders::Member* ManySenders::member(const std::string& name) {
  const auto found = members_.find(name);
  return found == members_.end() ? nullptr : found->second.get();
}

// Why not, if it cannot.
std::string ManySenders::make_member(const std::string& name, const std::string& peer) {
  if (!context_.names->take(name))
    return fmt::format("source: found \"{}\", expected a name that no other source has", name);
  std::string problem;
  if (members_.size() >= *tcp_.max_senders && !forget_one()) {
    problem = fmt::format(
        "found {} sources that are here or have not been away for long, expected fewer: max_senders is "
        "reached",
        members_.size());
  } else {
    try {
      members_.emplace(name,
                       std::make_unique<Member>(named(settings_, name), tcp_, context_, peer, timelines_));
      timelines_.erase(name);
      return {};
    } catch (const std::exception& error) {  // no memory, no thread: the others go on
      problem = std::string("cannot make a source: ") + error.what();
    }
  }
  context_.names->give_back(name);
  return problem;
}

// Makes room for another; false if all are here or have not been away for long.
bool ManySenders::forget_one() {
  const auto longest_away =
      std::min_element(members_.begin(), members_.end(), [](const auto& a, const auto& b) {
        return std::pair(a.second->sender != nullptr, a.second->left) <
               std::pair(b.second->sender != nullptr, b.second->left);
      });
  if (longest_away == members_.end() || longest_away->second->sender) return false;
  if (Clock::now() - longest_away->second->left < patience_.away) return false;
  const std::string name = longest_away->first;
  longest_away->second->make_room();
  forget(name);
  return true;
}

void ManySenders::forget(const std::string& name) {
  members_.erase(name);  // its thread has ended then
  context_.names->give_back(name);
}

}  // namespace earshot
