#include "daemon/client/Watch.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include <boost/json.hpp>

#include "daemon/client/LiveTerminal.h"
#include "daemon/client/MessageFields.h"
#include "daemon/client/WatchScreen.h"
#include "daemon/client/WatchState.h"
#include "daemon/client/WatchView.h"
#include "daemon/net/ClientSocket.h"
#include "daemon/net/LineSplitter.h"
#include "dsp/base/Error.h"
#include "dsp/base/JsonWriter.h"
#include "dsp/base/StandardOutput.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr auto kConnectLimit = 5s;
constexpr auto kSilenceLimit = 20s;  // four heartbeats
constexpr std::chrono::milliseconds kFirstPause = 100ms;
constexpr std::chrono::milliseconds kLongestPause = 5s;
constexpr std::chrono::milliseconds kRefresh = 100ms;
constexpr std::size_t kMostLineBytes = std::size_t{4} << 20;

double now_s() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

class Watcher {
 public:
  Watcher(const WatchSettings& settings, std::ostream& out, std::ostream& notices)
      : settings_(settings),
        out_(out),
        notices_(notices),
        server_(to_text(settings.server)),
        state_(server_) {
    if (settings.notes) notes_.open(*settings.notes);
  }

  void run() {
    if (settings_.terminal.live && !settings_.json && !settings_.count) screen_.emplace(settings_.terminal);
    while (!done_) {
      refresh();
      try {
        listen();
      } catch (const Error& error) {
        const bool server_lost = error.code() == ExitCode::unavailable || error.code() == ExitCode::io;
        if (!server_lost || !out_) throw;
        tell(std::string(error.what()) + "; trying again");
      }
      if (done_) return;
      for (auto waited = 0ms; waited < pause_; waited += kRefresh) {
        std::this_thread::sleep_for(std::min(kRefresh, pause_));
        refresh();
      }
      pause_ = std::min(2 * pause_, kLongestPause);
    }
  }

 private:
  /// One connection, from hello to its end.
  void listen() {
    ClientSocket socket(settings_.server, kConnectLimit, settings_.tls);
    LineSplitter splitter(kMostLineBytes);
    greeted_ = false;
    std::array<char, 65536> buffer;
    for (auto silence = 0ms;;) {
      const auto count = socket.receive(buffer, kRefresh);
      refresh();
      if (!count) {
        if ((silence += kRefresh) < kSilenceLimit) continue;
        return tell(server_ + ": no heartbeat; trying again");
      }
      silence = 0ms;
      if (*count == 0)
        return tell(server_ + ": the connection has ended" + ended_before_hello() + "; trying again");
      std::string_view bytes(buffer.data(), *count);
      while (auto line = splitter.next(bytes)) {
        if (line->too_long) refuse("a line of more than 4 MiB");
        take(line->text, socket);
        if (done_) break;
      }
      flush_output(out_);
      if (done_) return;
    }
  }

  void take(const std::string& text, ClientSocket& socket) {
    json::error_code error;
    const json::value document = json::parse(text, error);
    const json::object* message = document.if_object();
    const json::value* type_value = message ? message->if_contains("type") : nullptr;
    if (error || !type_value || !type_value->is_string()) refuse(start_of(text));
    const std::string_view type = type_value->get_string();
    if (type == "hello") {
      greet(*message, socket);
    } else if (type == "subscribed" || (greeted_ && type == "error")) {
      resuming_ = false;
    } else if (type == "error" && text_of(*message, "code") == "unauthorized") {
      throw Error(ExitCode::bad_data, server_ + ": " + text_of(*message, "message"));
    } else if (type == "error") {
      tell(server_ + ": " + text_of(*message, "message") + "; trying again");
    } else if (type == "bye" && greeted_) {
      tell(server_ + " says bye: " + text_of(*message, "reason"));
    } else if (!greeted_) {
      refuse(start_of(text));
    }
    show(*message, text, type);
  }

  /// A new connection, or a daemon whose configuration has changed.
  void greet(const json::object& hello, ClientSocket& socket) {
    view_.emplace(hello, settings_.terminal);
    std::string instance = text_of(hello, "instance");
    if (std::exchange(greeted_, true)) return greet_again(std::move(instance));
    pause_ = kFirstPause;
    if (screen_) {
      state_.note(now_s(), "connected");
    } else {
      tell("connected to " + server_ + ": " + view_->greeting());
    }
    const bool first = instance_.empty();
    if (instance != instance_) next_seq_ = first ? number_of(hello, "next_seq") : 1;
    instance_ = std::move(instance);
    if (first) return;  // a first connection shows what happens from now on
    JsonWriter request;
    request.begin_object()
        .field("type", "subscribe")
        .field("from_seq", next_seq_)
        .field("instance", instance_)
        .end_object();
    const std::string line = request.take_line();
    socket.send(std::as_bytes(std::span<const char>(line)));
    resuming_ = true;
  }

  void greet_again(std::string instance) {
    if (screen_) {
      state_.note(now_s(), "reloaded");
    } else {
      tell("reloaded: " + view_->greeting());
    }
    if (instance != instance_) next_seq_ = 1;
    instance_ = std::move(instance);
  }

  void show(const json::object& message, const std::string& text, std::string_view type) {
    if (const json::value* seq = message.if_contains("seq"); seq && seq->is_int64()) {
      if (resuming_) return;  // it comes again, after what was missed
      next_seq_ = static_cast<std::uint64_t>(seq->get_int64()) + 1;
    }
    if (screen_) {
      state_.take(message, now_s());
    } else if (settings_.json) {
      out_ << text << '\n';
    } else if (view_) {
      if (const auto line = view_->line(message)) out_ << *line << '\n';
    }
    if (type == "prediction" && settings_.count && ++predictions_ == *settings_.count) done_ = true;
  }

  /// What else there is to see than messages, and the screen, at most each kRefresh.
  void refresh() {
    char each = 0;
    for (notes_.clear(); notes_.get(each);) {
      if (each != '\n') {
        note_ += each;
      } else if (screen_) {
        state_.note(now_s(), std::exchange(note_, ""));
      } else {
        notices_ << printable(std::exchange(note_, "")) << std::endl;
      }
    }
    const auto now = std::chrono::steady_clock::now();
    if (!screen_ || now - refreshed_ < kRefresh) return;
    refreshed_ = now;
    const Terminal& terminal = settings_.terminal;
    const ScreenLook look{static_cast<std::size_t>(terminal.columns()), static_cast<std::size_t>(terminal.rows()),
                          terminal.colour, terminal.unicode};
    try {
      screen_->draw(watch_screen(state_, look, now_s()));
    } catch (const Error&) {
      out_.setstate(std::ios::badbit);
      throw;
    }
  }

  void tell(const std::string& notice) {
    if (screen_) return state_.lost_connection(now_s(), notice);
    if (notice != last_notice_) notices_ << "earshot: " << printable(notice) << std::endl;
    last_notice_ = notice;
  }

  std::string ended_before_hello() const {
    const bool may_want_tls =
        !greeted_ && !settings_.tls && std::holds_alternative<Endpoint>(settings_.server);
    return may_want_tls
               ? " before a hello: it does not let this machine in, or it speaks TLS (--pin, --token-file)"
               : "";
  }

  [[noreturn]] void refuse(const std::string& found) const {
    throw Error(ExitCode::bad_data, server_ + ": found " + found + ", expected a message of earshotd");
  }

  static std::uint64_t number_of(const json::object& message, std::string_view key) {
    const json::value* value = message.if_contains(key);
    json::error_code not_one;
    const auto number = value ? value->to_number<std::uint64_t>(not_one) : 0;
    return not_one ? 0 : number;
  }

  static std::string start_of(std::string_view text) {
    constexpr std::size_t kShownBytes = 40;
    const char* rest = text.size() > kShownBytes ? "..." : "";
    return fmt::format("'{}{}'", printable(text.substr(0, kShownBytes)), rest);
  }

  const WatchSettings& settings_;
  std::ostream& out_;
  std::ostream& notices_;
  std::string server_;
  std::optional<WatchView> view_;
  WatchState state_;
  std::optional<LiveTerminal> screen_;
  std::chrono::steady_clock::time_point refreshed_;
  std::ifstream notes_;
  std::string note_;
  std::string instance_;
  std::string last_notice_;
  std::uint64_t next_seq_ = 1;
  std::uint64_t predictions_ = 0;
  std::chrono::milliseconds pause_ = kFirstPause;
  bool greeted_ = false;
  bool resuming_ = false;
  bool done_ = false;
};

}  // namespace

void watch(const WatchSettings& settings, std::ostream& out, std::ostream& notices) {
  Watcher(settings, out, notices).run();
}

}  // namespace earshot
