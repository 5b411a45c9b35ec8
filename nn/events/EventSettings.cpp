#include "nn/events/EventSettings.h"

#include <algorithm>
#include <set>
#include <utility>

#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

constexpr double kMostSeconds = 86'400.0;
constexpr double kLeastMaxS = 0.1;

NamedLabels read_labels(StrictToml& table, const char* key) {
  return {.names = table.texts(key), .place = table.place(key)};
}

double read_threshold(StrictToml& table, const std::string& label) {
  const double threshold = table.real(label, 0.0, 0.0, 1.0);
  if (threshold == 0.0) table.refuse(label, toml_real(threshold), "a number above 0, at most 1");
  return threshold;
}

// It stands where a label stands.
std::string read_event_name(StrictToml& table, std::set<std::string>& names) {
  std::string name = table.text("name", "");
  if (name.empty()) table.refuse("name", table.has("name") ? "an empty string" : "nothing", "an event's name");
  if (const std::string problem = name_problem(name); !problem.empty()) {
    table.refuse("name", '"' + name + "\", which " + problem, "an event's name");
  }
  if (!names.insert(name).second) {
    table.refuse("name", '"' + name + "\" a second time", "a name that no other group or level has");
  }
  return name;
}

EventGroup read_group(StrictToml& table, std::set<std::string>& names) {
  EventGroup group;
  group.name = read_event_name(table, names);
  group.name_place = table.place("name");
  group.labels = read_labels(table, "labels");
  if (group.labels.names.empty()) {
    table.refuse("labels", table.has("labels") ? "an empty list" : "nothing", "labels like [\"Dog\", \"Cat\"]");
  }
  table.reject_unknown();
  return group;
}

EventLevel read_level(StrictToml& table, std::set<std::string>& names) {
  EventLevel level;
  level.name = read_event_name(table, names);
  level.name_place = table.place("name");
  if (!table.has("above_dbfs")) table.refuse("above_dbfs", "nothing", "a level like -20.0");
  level.above_dbfs = table.real("above_dbfs", 0.0, -120.0, 0.0);
  table.reject_unknown();
  return level;
}

void read_times(StrictToml& table, EventSettings& events) {
  events.off_s = table.real("off_s", events.off_s, 0.0, kMostSeconds);
  events.min_s = table.real("min_s", events.min_s, 0.0, kMostSeconds);
  events.max_s = table.real("max_s", events.max_s, kLeastMaxS, kMostSeconds);
  events.cooldown_s = table.real("cooldown_s", events.cooldown_s, 0.0, kMostSeconds);
  if (events.min_s < events.max_s) return;
  if (table.has("max_s")) {
    table.refuse("max_s", toml_real(events.max_s), "more than min_s, which is " + toml_real(events.min_s));
  }
  table.refuse("min_s", toml_real(events.min_s), "less than max_s, which is " + toml_real(events.max_s));
}

}  // namespace

EventSettings read_event_settings(StrictToml& table) {
  EventSettings events;
  if (table.has("labels") && !table.has_text("labels")) {
    events.labels = read_labels(table, "labels");
  } else {
    table.one_of("labels", "all", {"all"});
  }
  events.ignore = read_labels(table, "ignore");
  events.of_windows = static_cast<int>(table.integer("of_windows", events.of_windows, 1, kMostEventWindows));
  events.on_windows = static_cast<int>(
      table.integer("on_windows", std::min(events.on_windows, events.of_windows), 1, events.of_windows));
  read_times(table, events);
  events.hours = read_local_hours(table);

  StrictToml thresholds = table.table("threshold");
  for (const std::string& label : thresholds.keys()) {
    events.thresholds.push_back({label, read_threshold(thresholds, label), thresholds.place(label)});
  }
  std::set<std::string> names;
  for (StrictToml& group : table.tables("group")) events.groups.push_back(read_group(group, names));
  for (StrictToml& level : table.tables("level")) events.levels.push_back(read_level(level, names));
  table.reject_unknown();
  return events;
}

}  // namespace earshot
