#include "train/measuring/FalseAlarmsReport.h"

#include <algorithm>
#include <cmath>

#include <spdlog/fmt/fmt.h>
#include <boost/json.hpp>

#include "dsp/base/JsonText.h"
#include "dsp/base/Utf8.h"
#include "nn/inference/HeardLabels.h"

namespace earshot {
namespace {

double seconds_of(const LabelAlarms& own, const Model& model) {
  return static_cast<double>(own.start_sample) / model.recipe.rate_hz;
}

// "1:02:03.5"
std::string clock_text(double seconds) {
  const auto tenths = static_cast<std::uint64_t>(std::llround(10.0 * seconds));
  return fmt::format("{}:{:02}:{:02}.{}", tenths / 36000, tenths / 600 % 60, tenths / 10 % 60, tenths % 10);
}

double per_hour_of(std::size_t label, const FalseAlarms& alarms) {
  const auto own = std::ranges::find(alarms.labels, label, &LabelAlarms::label);
  return own == alarms.labels.end() ? 0.0 : own->rate.per_hour();
}

std::string table_text(const FalseAlarmsReport& report) {
  if (report.alarms.labels.empty()) return "";
  const std::vector<std::string>& labels = report.model.labels;
  std::size_t width = 5;
  for (const LabelAlarms& own : report.alarms.labels) width = std::max(width, labels[own.label].size());
  std::string text = fmt::format("\n{:<{}}  events  an hour     95 % interval    peak  the surest\n", "label", width);
  for (const LabelAlarms& own : report.alarms.labels) {
    const Interval interval = own.rate.interval();
    text += fmt::format("{:<{}}  {:>6}  {:>7.2f}  {:>7.2f} {:>8.2f}  {:>5.1f} %  {} at {}\n", labels[own.label], width,
                        own.rate.events, own.rate.per_hour(), interval.low, interval.high, 100.0F * own.peak,
                        printable(report.names[own.recording]), clock_text(seconds_of(own, report.model)));
  }
  return text;
}

std::string raising_text(const FalseAlarmsReport& report, const FalseAlarmsReport::Raising& raising) {
  const std::vector<std::string>& labels = report.model.labels;
  std::string text = fmt::format("\nat most {} an hour: {} thresholds raised, written to {}\n", raising.wanted_per_hour,
                                 raising.thresholds.raised.size(), printable(raising.out.string()));
  std::size_t width = 5;
  for (const std::size_t label : raising.thresholds.raised) width = std::max(width, labels[label].size());
  const std::vector<float> before = heard_thresholds(report.model);
  for (const std::size_t label : raising.thresholds.raised) {
    text += fmt::format("{:<{}}  from {:.3f} to {:.3f}, {:.2f} an hour to {:.2f}\n", labels[label], width,
                        before[label], raising.thresholds.thresholds[label], per_hour_of(label, report.alarms),
                        per_hour_of(label, raising.after));
  }
  for (const std::size_t label : raising.thresholds.unreachable) {
    text += fmt::format("{}: {:.2f} an hour, and more than {} even at a threshold of 1: left as it was; [events] "
                        "ignore silences it\n",
                        labels[label], per_hour_of(label, raising.after), raising.wanted_per_hour);
  }
  return text;
}

boost::json::object raising_object(const FalseAlarmsReport& report, const FalseAlarmsReport::Raising& raising) {
  const std::vector<float> before = heard_thresholds(report.model);
  boost::json::array raised;
  for (const std::size_t label : raising.thresholds.raised) {
    raised.emplace_back(boost::json::object{{"label", report.model.labels[label]},
                                            {"before", before[label]},
                                            {"after", raising.thresholds.thresholds[label]},
                                            {"per_hour_before", per_hour_of(label, report.alarms)},
                                            {"per_hour_after", per_hour_of(label, raising.after)}});
  }
  boost::json::array unreachable;
  for (const std::size_t label : raising.thresholds.unreachable) {
    unreachable.emplace_back(boost::json::object{{"label", report.model.labels[label]},
                                                 {"per_hour", per_hour_of(label, raising.after)}});
  }
  return {{"wanted_per_hour", raising.wanted_per_hour},
          {"out", raising.out.string()},
          {"raised", std::move(raised)},
          {"unreachable", std::move(unreachable)}};
}

}  // namespace

std::string false_alarms_text(const FalseAlarmsReport& report) {
  const EventRate& rate = report.alarms.rate;
  const Interval interval = rate.interval();
  std::string text = fmt::format("{:.3f} h heard in {} recordings", rate.hours, report.names.size());
  if (report.left_out > 0) text += fmt::format(", {} left out", report.left_out);
  text += fmt::format("\n{} events, {:.2f} an hour, 95 % interval {:.2f} to {:.2f}\n", rate.events, rate.per_hour(),
                      interval.low, interval.high);
  text += table_text(report);
  text += fmt::format("\n{} labels had no event\n0 events in {:.3f} h: the rate may still be up to {:.2f} an hour\n",
                      report.alarms.silent, rate.hours, unseen_per_hour(rate.hours));
  if (report.raising) text += raising_text(report, *report.raising);
  return text;
}

std::string false_alarms_json(const FalseAlarmsReport& report) {
  const EventRate& rate = report.alarms.rate;
  boost::json::array labels;
  for (const LabelAlarms& own : report.alarms.labels) {
    labels.emplace_back(boost::json::object{{"label", report.model.labels[own.label]},
                                            {"events", own.rate.events},
                                            {"hours", own.rate.hours},
                                            {"per_hour", own.rate.per_hour()},
                                            {"low", own.rate.interval().low},
                                            {"high", own.rate.interval().high},
                                            {"peak", own.peak},
                                            {"file", report.names[own.recording]},
                                            {"time_s", seconds_of(own, report.model)}});
  }
  boost::json::object document{{"hours", rate.hours},
                               {"recordings", report.names.size()},
                               {"left_out", report.left_out},
                               {"events", rate.events},
                               {"per_hour", rate.per_hour()},
                               {"low", rate.interval().low},
                               {"high", rate.interval().high},
                               {"unseen_per_hour", unseen_per_hour(rate.hours)},
                               {"silent_labels", report.alarms.silent},
                               {"labels", std::move(labels)}};
  if (report.raising) document["set"] = raising_object(report, *report.raising);
  return json_text(document);
}

}  // namespace earshot
