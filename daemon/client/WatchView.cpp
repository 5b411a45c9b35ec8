#include "daemon/client/WatchView.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <string_view>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <boost/json.hpp>

#include "daemon/client/MessageFields.h"
#include "daemon/client/Paint.h"
#include "dsp/base/DisplayWidth.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

namespace json = boost::json;

constexpr int kBarCells = 20;
// Of a prediction's line, without bar and names: time, percentage, level, what is between them, and an
// ellipsis for what may follow.
constexpr std::size_t kFixedColumns = 37;
constexpr std::size_t kLeastSourceColumns = 6;
constexpr std::size_t kLeastLabelColumns = 7;

std::string padded(std::string text, std::size_t width) {
  const std::size_t have = display_width(text);
  if (have < width) text.append(width - have, ' ');
  return text;
}

/// "2025-03-01T12:34:56.500000Z" -> "13:34:56.5" here; as it is if it is something else.
std::string clock_of(const json::object& message) {
  const std::string utc = text_of(message, "time");
  std::tm parts{};
  const char* rest = ::strptime(utc.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (!rest || *rest != '.') return utc;
  const std::time_t seconds = ::timegm(&parts);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  return fmt::format("{:02}:{:02}:{:02}.{}", local.tm_hour, local.tm_min, local.tm_sec, rest[1]);
}

}  // namespace

WatchView::WatchView(const json::object& hello, const Terminal& terminal)
    : rate_hz_(number_of(hello, "rate_hz")), terminal_(terminal) {
  std::string sources;
  if (const json::value* list = hello.if_contains("sources"); list && list->is_array()) {
    for (const json::value& item : list->get_array()) {
      if (!item.is_object()) continue;
      const json::object& source = item.get_object();
      const std::string name = text_of(source, "name");
      source_width_ = std::max(source_width_, display_width(name));
      sources += fmt::format("{}{} ({}, {})", sources.empty() ? "" : ", ", name, text_of(source, "kind"),
                             text_of(source, "state"));
    }
  }
  std::size_t labels = 0;
  if (const json::value* list = hello.if_contains("labels"); list && list->is_array()) {
    labels = list->get_array().size();
    for (const json::value& label : list->get_array()) {
      if (!label.is_string()) continue;
      label_width_ = std::max(label_width_, display_width(printable(label.get_string())) + 1);
    }
  }
  std::string name;
  bool several_labels = false;
  if (const json::value* model = hello.if_contains("model"); model && model->is_object()) {
    name = text_of(model->get_object(), "name");
    several_labels = text_of(model->get_object(), "scores") == "sigmoid";
  }
  greeting_ = fmt::format("{} {}, model '{}' with {} labels{}; sources: {}", text_of(hello, "server"),
                          text_of(hello, "version"), name, labels,
                          several_labels && labels > 1 ? ", several at once" : "",
                          sources.empty() ? "none" : sources);
}

WatchView::Columns WatchView::columns() const {
  if (!terminal_.live) return {source_width_, label_width_, false};
  const std::size_t all = kFixedColumns + source_width_ + label_width_;
  const std::size_t room = line_columns();
  if (all <= room) return {source_width_, label_width_, all + kBarCells + 1 <= room};
  const std::size_t names = room - std::min(room, kFixedColumns);
  const std::size_t source = std::min(source_width_, std::max(kLeastSourceColumns, names / 3));
  const std::size_t label = std::max(kLeastLabelColumns, names - std::min(names, source));
  return {source, std::min(label_width_, label), false};
}

std::size_t WatchView::line_columns() const {
  // One stays free: a full line makes some terminals wrap.
  return static_cast<std::size_t>(std::max(2, terminal_.columns()) - 1);
}

std::optional<std::string> WatchView::line(const json::object& message) const {
  const std::string full = full_line(message, columns());
  if (full.empty()) return std::nullopt;
  return terminal_.live ? cut_to_width(full, line_columns(), terminal_.unicode) : full;
}

std::string WatchView::full_line(const json::object& message, const Columns& columns) const {
  const std::string type = text_of(message, "type");
  if (type == "prediction") return prediction(message, columns);
  const std::string source = column(message, "source", columns.source);
  if (type == "gap") {
    const std::string reason = text_of(message, "reason");
    const std::string what = reason == "overload"
                                 ? fmt::format("{} windows skipped: overload", number_of(message, "windows"))
                                 : fmt::format("{} lost: {}", seconds(message, "samples"), reason);
    return painted(kYellow,
                   fmt::format("{:10}  {}  -- {} at {}", "", source, what, seconds(message, "start_sample")));
  }
  if (type == "source") {
    const std::string detail = text_of(message, "detail");
    return painted(kYellow, fmt::format("{:10}  {}  -- {}{}{}", "", source, text_of(message, "state"),
                                        detail.empty() ? "" : ": ", detail));
  }
  if (type == "event") {
    return painted(kBold, fmt::format("{:10}  {}  {}  {}", clock_of(message), source,
                                      column(message, "label", columns.label), text_of(message, "phase")));
  }
  if (type == "lost") {
    return painted(kYellow, fmt::format("-- missed {} messages, seq {} to {}", number_of(message, "messages"),
                                        number_of(message, "from_seq"), number_of(message, "to_seq")));
  }
  return {};
}

std::string WatchView::prediction(const json::object& message, const Columns& columns) const {
  const std::string source = column(message, "source", columns.source);
  const std::string level = fmt::format("{:6.1f} dBFS", number_of(message, "level_dbfs"));
  const json::value* gated = message.if_contains("gated");
  const double confidence = number_of(message, "confidence");
  if ((gated && gated->is_bool() && gated->get_bool()) || std::isnan(confidence)) {
    const std::size_t between = columns.bar ? kBarCells + 10 : 9;
    return painted(kDim, fmt::format("{:10}  {}  {}{:{}}  {}", clock_of(message), source,
                                     padded("(quiet)", columns.label), "", between, level));
  }
  const std::vector<HeardLabel> heard = heard_of(message);
  // With a question mark where nothing is at its threshold.
  const bool doubtful = message.contains("heard") && heard.empty();
  const std::string label = fitted(text_of(message, "label") + (doubtful ? "?" : ""), columns.label);
  return fmt::format("{:10}  {}  {}  {}{:5.1f} %  {}{}", clock_of(message), source, painted(doubtful ? kDim : kBold, label),
                     columns.bar ? bar(confidence) : "", 100.0 * confidence, level, printable(also_heard(heard)));
}

std::string WatchView::column(const json::object& message, const char* key, std::size_t width) const {
  return fitted(text_of(message, key), width);
}

std::string WatchView::fitted(const std::string& text, std::size_t width) const {
  return padded(terminal_.live ? cut_to_width(text, width, terminal_.unicode) : text, width);
}

std::string WatchView::bar(double fraction) const {
  const auto cells = static_cast<int>(std::lround(std::clamp(fraction, 0.0, 1.0) * kBarCells));
  std::string text;
  for (int i = 0; i < kBarCells; ++i) {
    text += i < cells ? (terminal_.unicode ? "\u2588" : "#") : (terminal_.unicode ? "\u2591" : "-");
  }
  return text + " ";
}

std::string WatchView::painted(const char* colour, const std::string& text) const {
  return terminal_.colour ? fmt::format("\x1B[{}m{}\x1B[0m", colour, text) : text;
}

std::string WatchView::seconds(const json::object& message, const char* key) const {
  return fmt::format("{:.2f} s", number_of(message, key) / rate_hz_);
}

}  // namespace earshot
