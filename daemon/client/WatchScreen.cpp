#include "daemon/client/WatchScreen.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "daemon/client/Paint.h"
#include "dsp/base/DisplayWidth.h"

namespace earshot {
namespace {

using Kind = WatchLogEntry::Kind;

constexpr int kMeterCells = 10;
constexpr double kMeterFloorDbfs = -60.0;
constexpr double kLeastQuietS = 5.0;  // a shorter one is no line of the log
constexpr std::size_t kLeastLogRows = 3;
constexpr std::size_t kMostSourceColumns = 16;
constexpr std::size_t kForColumns = 10;
constexpr std::size_t kLagColumns = 7;

std::string clock_text(double time_s) {
  if (!(std::abs(time_s) < 1e11)) return "        ";
  const auto seconds = static_cast<std::time_t>(std::floor(time_s));
  std::tm local{};
  ::localtime_r(&seconds, &local);
  return fmt::format("{:02}:{:02}:{:02}", local.tm_hour, local.tm_min, local.tm_sec);
}

/// What fits beside what at this width.
struct Columns {
  std::size_t source = 6;
  bool meter = true;
  bool decibels = true;
  bool lag = true;
  std::size_t heard = 0;
};

class Screen {
 public:
  Screen(const WatchState& state, const ScreenLook& look, double now_s)
      : state_(state), look_(look), now_s_(now_s), width_(std::max<std::size_t>(look.columns, 2) - 1) {
    for (const WatchedSource& source : state.sources())
      columns_.source = std::max(columns_.source, display_width(source.name));
    columns_.source = std::min({columns_.source, kMostSourceColumns, std::max<std::size_t>(6, width_ / 4)});
    columns_.lag = width_ >= 66;
    columns_.decibels = width_ >= 50;
    columns_.meter = width_ >= 40;
    const std::size_t used = columns_.source + 2 + (columns_.meter ? kMeterCells + 1 : 0) +
                             (columns_.decibels ? 7 : 0) + 1 + kForColumns + (columns_.lag ? kLagColumns : 0);
    columns_.heard = width_ > used + 8 ? width_ - used : 8;
  }

  std::vector<std::string> rows() {
    const std::size_t sources = state_.sources().size();
    std::size_t left = look_.rows;
    const auto take = [&left](std::size_t count) { return left -= std::min(left, count), count; };
    const bool footer = left >= 4 && take(1) > 0;
    const bool header = left >= 3 && take(1) > 0;
    const bool airy = left >= 6 && take(3) > 0;  // titles and blank rows
    const std::size_t log_least = left > kLeastLogRows + 1 ? kLeastLogRows : 0;
    const std::size_t shown = std::min(sources, left - log_least);

    if (header) row(header_text());
    if (airy) {
      row("");
      row(painted(kDim, titles()));
    }
    const bool all = shown == sources;
    const std::size_t whole = all || shown == 0 ? shown : shown - 1;
    for (std::size_t i = 0; i < whole; ++i) row(source_text(state_.sources()[i]));
    if (whole < shown) row(painted(kDim, fmt::format("and {} more sources", sources - whole)));
    if (airy) row("");
    log_rows(look_.rows - rows_.size() - (footer ? 1 : 0));
    if (footer) row(painted(kDim, footer_text()));
    return std::move(rows_);
  }

 private:
  void row(const std::string& text) { rows_.push_back(cut_to_width(text, width_, look_.unicode)); }

  std::string painted(const char* colour, const std::string& text) const {
    return look_.colour ? fmt::format("\x1B[{}m{}\x1B[0m", colour, text) : text;
  }

  std::string fitted(const std::string& text, std::size_t width) const {
    std::string cut = cut_to_width(text, width, look_.unicode);
    const std::size_t have = display_width(cut);
    return have < width ? cut + std::string(width - have, ' ') : cut;
  }

  std::string header_text() const {
    const std::string clock = clock_text(now_s_);
    const bool fits = width_ >= 40;
    const std::size_t room = fits ? width_ - 10 : width_;
    const std::string text = state_.connected()
                                 ? painted(kBold, fitted(state_.server() + "  " + state_.model(), room))
                                 : painted(kYellow, fitted(state_.connection(), room));
    return fits ? text + "  " + clock : text;
  }

  std::string titles() const {
    std::string text = fitted("source", columns_.source) + "  ";
    if (columns_.meter) text += fitted("level", kMeterCells + 1);
    if (columns_.decibels) text += fitted("  dBFS", 7);
    text += ' ' + fitted("heard now", columns_.heard) + fmt::format("{:>{}}", "for", kForColumns);
    if (columns_.lag) text += fmt::format("{:>{}}", "lag", kLagColumns);
    return text;
  }

  std::string source_text(const WatchedSource& source) const {
    std::string text = fitted(source.name, columns_.source) + "  ";
    if (columns_.meter) text += meter(source.level_dbfs) + ' ';
    if (columns_.decibels) text += source.level_dbfs ? fmt::format("{:6.1f} ", *source.level_dbfs) : "       ";
    text += ' ';
    if (source.state != "up") {
      const std::string why = source.state + (source.detail.empty() ? "" : ": " + source.detail);
      const std::size_t room = columns_.heard + kForColumns + (columns_.lag ? kLagColumns : 0);
      text += painted(source.state == "down" ? kYellow : kDim, fitted(why, room));
    } else {
      text += heard_text(source);
      if (columns_.lag)
        text += source.lag_s ? fmt::format("{:>{}}", fmt::format("{:.1f} s", *source.lag_s), kLagColumns) : "";
    }
    return state_.connected() ? text : painted(kDim, text);
  }

  std::string heard_text(const WatchedSource& source) const {
    std::string what = source.label;
    std::optional<double> since = source.nothing_since_s;
    if (what.empty()) {
      what = source.nothing_since_s ? "quiet" : "";
    } else if (source.guess) {
      what += '?';
    } else if (const auto begin = source.heard_since_s.find(source.label); begin != source.heard_since_s.end()) {
      since = begin->second;
    }
    if (!source.label.empty() && source.score) {  // the score stays, however long the label is
      const std::string score = fmt::format(" {:.0f} %", 100.0 * *source.score);
      what = cut_to_width(what, columns_.heard - std::min(columns_.heard, score.size()), look_.unicode) + score;
    }
    for (const std::string& other : source.others) what += ", " + other;
    const std::string length = since ? duration_text(source.now_s - *since) : "";
    return painted(source.guess ? kDim : kBold, fitted(what, columns_.heard)) +
           fmt::format("{:>{}}", length, kForColumns);
  }

  std::string meter(std::optional<double> level_dbfs) const {
    const double part = level_dbfs ? std::clamp(1.0 - *level_dbfs / kMeterFloorDbfs, 0.0, 1.0) : 0.0;
    const auto full = static_cast<int>(std::lround(part * kMeterCells));
    std::string text;
    for (int i = 0; i < full; ++i) text += look_.unicode ? "\u2588" : "#";
    std::string rest;
    for (int i = full; i < kMeterCells; ++i) rest += look_.unicode ? "\u2591" : "-";
    return painted(kGreen, text) + painted(kDim, rest);
  }

  /// Exactly `count`, the newest last.
  void log_rows(std::size_t count) {
    std::vector<const WatchLogEntry*> shown;
    for (auto entry = state_.log().rbegin(); entry != state_.log().rend() && shown.size() < count; ++entry) {
      const bool short_quiet =
          entry->kind == Kind::quiet && entry->until_s.value_or(entry->time_s) - entry->time_s < kLeastQuietS;
      if (!short_quiet) shown.push_back(&*entry);
    }
    for (auto entry = shown.rbegin(); entry != shown.rend(); ++entry) row(log_text(**entry));
    for (std::size_t i = shown.size(); i < count; ++i) row("");
  }

  std::string log_text(const WatchLogEntry& entry) const {
    const std::string head = clock_text(entry.time_s) + "  " +
                             (entry.source.empty() ? "" : fitted(entry.source, columns_.source) + "  ");
    const std::string length = entry.until_s ? duration_text(*entry.until_s - entry.time_s) : "";
    switch (entry.kind) {
      case Kind::sound: {
        const std::size_t used = display_width(head) + kForColumns + 4;
        const std::size_t room = std::min<std::size_t>(width_ > used + 8 ? width_ - used : 8, 40);
        const std::string shown = fitted(entry.text, room) + fmt::format("{:>{}}", length, kForColumns);
        return head + (entry.open ? painted(kBold, shown + " ...") : shown);
      }
      case Kind::quiet: return painted(kDim, head + "quiet for " + length);
      case Kind::trouble: return painted(kYellow, head + entry.text);
      case Kind::note: return head + entry.text;
    }
    return head;
  }

  std::string footer_text() const {
    const WatchState::Totals& totals = state_.totals();
    const double dropped_s = totals.dropped_samples / state_.rate_hz();
    std::string text = fmt::format("dropped {}   skipped {} windows   {} {}",
                                   std::isfinite(dropped_s) && dropped_s > 0.0 ? duration_text(dropped_s) : "nothing",
                                   totals.skipped_windows, totals.clients, totals.clients == 1.0 ? "client" : "clients");
    if (totals.uptime_s) text += "   up " + duration_text(*totals.uptime_s);
    return text;
  }

  const WatchState& state_;
  const ScreenLook& look_;
  double now_s_;
  std::size_t width_;
  Columns columns_;
  std::vector<std::string> rows_;
};

}  // namespace

std::string duration_text(double seconds) {
  if (!(seconds < 1e10)) return "";
  const double positive = std::max(seconds, 0.0);
  if (positive < 9.95) return fmt::format("{:.1f} s", positive);
  const auto whole = static_cast<long>(std::lround(positive));
  if (whole < 60) return fmt::format("{} s", whole);
  const long minutes = whole / 60;
  if (minutes < 10) return fmt::format("{} min {:02} s", minutes, whole % 60);
  if (minutes < 60) return fmt::format("{} min", minutes);
  const long hours = minutes / 60;
  if (hours < 24) return fmt::format("{} h {:02} min", hours, minutes % 60);
  return fmt::format("{} d {:02} h", hours / 24, hours % 24);
}

std::vector<std::string> watch_screen(const WatchState& state, const ScreenLook& look, double now_s) {
  return Screen(state, look, now_s).rows();
}

}  // namespace earshot
