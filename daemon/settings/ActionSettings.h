// ActionSettings: what an [[action]] says: of which events it is told, and what it does then.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/settings/SourceSettings.h"
#include "daemon/settings/TomlText.h"
#include "dsp/base/StrictToml.h"
#include "nn/events/EventSettings.h"
#include "nn/events/LocalHours.h"

namespace earshot {

/// A program that is run.
struct ActionCommand {
  std::vector<std::string> argv;  ///< the program, sought in PATH unless it has a slash, and its arguments
  bool operator==(const ActionCommand&) const = default;
};

/// What is POSTed to.
struct ActionUrl {
  std::string url;  ///< http or https
  std::filesystem::path
      token_file;  ///< what stands in it is sent as "Authorization: Bearer ..."; empty: nothing is
  bool operator==(const ActionUrl&) const = default;
};

struct ActionSettings {
  enum class Phase { start, end, both };

  std::optional<NamedLabels> labels;  ///< of events of just these; nothing: of all
  std::vector<std::string> sources;   ///< of just these; none: of all
  Phase phase = Phase::start;         ///< of an event: its start, its end
  LocalHours hours;                   ///< that the event has to begin in
  std::variant<ActionCommand, ActionUrl> what;
  int per_minute = 6;  ///< more are not begun within a minute
  int at_once = 2;     ///< so many run at most
  std::chrono::milliseconds timeout{10'000};
};

/// All of a file's. Throws Error(config); whether the labels have events is for expect_events() to say.
std::vector<ActionSettings> read_actions(StrictToml& root, const std::vector<SourceSettings>& sources);
void write_action(TomlText& text, const ActionSettings& action);

/// But for the places in the file.
bool are_the_same_action(const ActionSettings& a, const ActionSettings& b);

}  // namespace earshot
