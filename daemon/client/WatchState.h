// WatchState: what a daemon has told so far, as `earshot watch` shows it on a terminal.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

namespace earshot {

/// Times are seconds since 1970. All text is printable().
struct WatchedSource {
  std::string name;
  std::string state;
  std::string detail;                     ///< why it is down
  std::optional<double> level_dbfs;
  std::optional<double> lag_s;
  std::string label;                      ///< what is heard, else the best guess; empty: quiet, or nothing yet
  std::optional<double> score;            ///< the label's
  std::vector<std::string> others;        ///< heard as well
  bool guess = false;                     ///< the label is below its threshold
  std::map<std::string, double> heard_since_s;
  std::optional<double> nothing_since_s;  ///< heard
  double now_s = 0.0;                     ///< until when the stream has told
};

struct WatchLogEntry {
  enum class Kind { sound, quiet, trouble, note };
  Kind kind = Kind::note;
  double time_s = 0.0;
  std::string source;  ///< empty: of none
  std::string text;
  std::string key = {};  ///< an event's identity, or the label
  std::optional<double> until_s = {};  ///< until when it was there, so far
  bool open = false;                   ///< it may still last
};

/// Messages come from elsewhere, as MessageFields has it. Not thread safe.
class WatchState {
 public:
  struct Totals {
    double dropped_samples = 0.0;
    double skipped_windows = 0.0;
    double clients = 0.0;
    std::optional<double> uptime_s;
  };

  /// `server` is where it is looked for.
  explicit WatchState(std::string server) : server_(std::move(server)) {}

  /// `now_s` is the time of messages that tell none.
  void take(const boost::json::object& message, double now_s);
  /// What happens to the connection; from then on it is not connected() until a `hello` comes.
  void lost_connection(double now_s, const std::string& reason);
  void note(double now_s, const std::string& text);

  bool connected() const noexcept { return connection_.empty(); }
  const std::string& server() const noexcept { return server_; }
  /// "earshotd 1.2, model yamnet, 521 labels"; empty before.
  const std::string& model() const noexcept { return model_; }
  /// Why there is none.
  const std::string& connection() const noexcept { return connection_; }
  const std::vector<WatchedSource>& sources() const noexcept { return sources_; }
  /// The oldest first. Where a daemon tells no events, what is heard is told instead.
  const std::deque<WatchLogEntry>& log() const noexcept { return log_; }
  const Totals& totals() const noexcept { return totals_; }
  double rate_hz() const noexcept { return rate_hz_; }

 private:
  void greet(const boost::json::object& hello);
  void predict(const boost::json::object& message);
  void follow(const WatchedSource& source, const std::vector<std::string>& heard);
  void event(const boost::json::object& message);
  void gap(const boost::json::object& message);
  void change(const boost::json::object& message);
  void beat(const boost::json::object& message);
  WatchedSource& source_named(const std::string& name);
  /// The open one of that kind and key, newest first; nullptr if there is none.
  WatchLogEntry* open_entry(std::string_view source, WatchLogEntry::Kind kind, std::string_view key);
  void close_entries(std::string_view source);
  void add(WatchLogEntry entry);

  std::string server_;
  std::string model_;
  std::string connection_ = "connecting ...";
  bool lost_ = false;
  bool events_ = false;  // it tells some
  double rate_hz_ = 0.0;
  double hop_s_ = 0.0;
  double last_s_ = 0.0;  // of the last message
  double skipped_in_gaps_ = 0.0;
  std::vector<WatchedSource> sources_;
  std::deque<WatchLogEntry> log_;
  Totals totals_;
};

}  // namespace earshot
