#include "daemon/settings/ActionSettings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "daemon/settings/ReadArgv.h"

namespace earshot {
namespace {

constexpr std::int64_t kMostPerMinute = 600;
constexpr std::int64_t kMostAtOnce = 32;
constexpr double kLeastTimeoutS = 0.1;
constexpr double kMostTimeoutS = 3600.0;
constexpr std::array<std::string_view, 3> kPhases{"start", "end", "both"};
constexpr const char* kProgramForm = "a program and its arguments, like [\"/usr/local/bin/ring\", \"loud\"]";
constexpr const char* kUrlForm = "a URL like \"https://example.org/hook\"";

// Without the URL in the errors: it may hold a secret.
ActionUrl read_action_url(StrictToml& table) {
  ActionUrl post{.url = table.text("url", ""), .token_file = {}};
  const std::string_view url = post.url;
  const std::size_t scheme = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
  if (scheme == 0) table.refuse("url", "one that begins with neither http:// nor https://", kUrlForm);
  if (url.size() == scheme || url[scheme] == '/') table.refuse("url", "one without a host", kUrlForm);
  if (std::ranges::any_of(url, [](unsigned char c) { return c <= ' ' || c == 0x7F; }))
    table.refuse("url", "one with spaces or control characters", "them written as %20 and the like");
  if (table.has("token_file")) post.token_file = std::filesystem::absolute(table.path("token_file", ""));
  return post;
}

// A sender may name itself whatever it likes.
void expect_sources(const StrictToml& table, const std::vector<std::string>& names,
                    const std::vector<SourceSettings>& sources) {
  if (std::ranges::any_of(sources, is_for_many)) return;
  for (const std::string& name : names) {
    if (std::ranges::find(sources, name, &SourceSettings::name) == sources.end())
      table.refuse("sources", '"' + name + "\", which is no [[source]]'s name", "names of sources");
  }
}

ActionSettings read_action(StrictToml& table, const std::vector<SourceSettings>& sources) {
  ActionSettings action;
  if (table.has("labels") && !table.has_text("labels")) {
    action.labels = NamedLabels{.names = table.texts("labels"), .place = table.place("labels")};
    if (action.labels->names.empty())
      table.refuse("labels", "an empty list", "labels like [\"Dog\", \"Doorbell\"], or \"all\"");
  } else {
    table.one_of("labels", "all", {"all"});
  }
  action.sources = table.texts("sources");
  if (table.has("sources") && action.sources.empty())
    table.refuse("sources", "an empty list", "names of sources; without the key it is all of them");
  expect_sources(table, action.sources, sources);
  const std::string phase = table.one_of("phase", kPhases[0], {kPhases[0], kPhases[1], kPhases[2]});
  action.phase = static_cast<ActionSettings::Phase>(std::ranges::find(kPhases, phase) - kPhases.begin());
  action.hours = read_local_hours(table);
  if (table.has("command") && table.has("url")) table.refuse("url", "it beside 'command'", "one of the two");
  if (table.has("command")) {
    action.what = ActionCommand{.argv = read_argv(table, "command", kProgramForm)};
  } else if (table.has("url")) {
    action.what = read_action_url(table);
  } else {
    table.refuse("command", "nothing", std::string(kProgramForm) + "; or a 'url'");
  }
  action.per_minute = static_cast<int>(table.integer("per_minute", action.per_minute, 1, kMostPerMinute));
  action.at_once = static_cast<int>(table.integer("at_once", action.at_once, 1, kMostAtOnce));
  const double timeout_s = table.real("timeout_s", 10.0, kLeastTimeoutS, kMostTimeoutS);
  action.timeout = std::chrono::milliseconds(std::llround(1000.0 * timeout_s));
  table.reject_unknown();
  return action;
}

}  // namespace

std::vector<ActionSettings> read_actions(StrictToml& root, const std::vector<SourceSettings>& sources) {
  std::vector<ActionSettings> actions;
  for (StrictToml& table : root.tables("action")) actions.push_back(read_action(table, sources));
  if (!actions.empty() && !root.has("events"))
    root.refuse("action", "an [[action]] and no table [events]",
                "[events], without which there are no events");
  return actions;
}

void write_action(TomlText& text, const ActionSettings& action) {
  text.header("[[action]]");
  text.line("labels", action.labels ? toml_strings(action.labels->names) : toml_string("all"));
  if (!action.sources.empty()) text.line("sources", toml_strings(action.sources));
  text.line("phase", toml_string(kPhases[static_cast<std::size_t>(action.phase)]));
  text.hours(action.hours);
  if (const auto* command = std::get_if<ActionCommand>(&action.what)) {
    text.line("command", toml_strings(command->argv));
  } else {
    const auto& post = std::get<ActionUrl>(action.what);
    text.line("url", toml_string(post.url));
    if (!post.token_file.empty()) text.line("token_file", toml_string(post.token_file.string()));
  }
  text.line("per_minute", std::to_string(action.per_minute));
  text.line("at_once", std::to_string(action.at_once));
  text.line("timeout_s", toml_real(std::chrono::duration<double>(action.timeout).count()));
}

bool are_the_same_action(const ActionSettings& a, const ActionSettings& b) {
  TomlText texts[2];
  write_action(texts[0], a);
  write_action(texts[1], b);
  return texts[0].take() == texts[1].take();
}

}  // namespace earshot
