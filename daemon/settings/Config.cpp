#include "daemon/settings/Config.h"

#include <cstdlib>

#include "dsp/base/Error.h"
#include "dsp/base/StrictToml.h"
#include "nn/model/BundledModel.h"

namespace earshot {
namespace {

// Tables that are off unless they are there.
template <class Read>
auto if_there(StrictToml& parent, std::string_view key, Read read) {
  const bool is_there = parent.has(key);
  StrictToml table = parent.table(key);
  return is_there ? std::optional(read(table)) : std::nullopt;
}

Config read_config(StrictToml root) {
  Config config;
  StrictToml model = root.table("model");
  config.model.path = model.path("path", bundled_model());
  config.model.threads = static_cast<int>(model.integer("threads", config.model.threads, 1, 64));
  model.reject_unknown();

  StrictToml window = root.table("window");
  config.hop_auto = window.has_text("hop_s") && window.text("hop_s", "") == "auto";
  if (!config.hop_auto) config.hop_s = window.real("hop_s", config.hop_s, kLeastHopS, kMostHopS);
  config.hop_place = window.place("hop_s");
  window.reject_unknown();

  config.events = if_there(root, "events", read_event_settings);

  StrictToml gate = root.table("gate");
  config.gate_level_dbfs = gate.real("level_dbfs", config.gate_level_dbfs, kSilenceDbfs, 0.0);
  gate.reject_unknown();

  Listeners listeners;
  StrictToml publish = root.table("publish");
  StrictToml tcp = publish.table("tcp");
  config.publish_tls = if_there(publish, "tls", read_tls_settings);
  config.publish_tcp = read_stream_settings(tcp, config.publish_tls, listeners);
  config.publish_web =
      if_there(publish, "web", [&](StrictToml& web) { return read_web_settings(web, listeners); });
  config.sources = read_sources(root, config.publish_tls, listeners);
  config.publish_mqtt = if_there(publish, "mqtt", [&](StrictToml& mqtt) {
    return read_mqtt_settings(mqtt, config.sources, config.events.has_value());
  });
  publish.reject_unknown();
  config.actions = read_actions(root, config.sources);

  StrictToml log = root.table("log");
  config.log_level =
      log.one_of("level", config.log_level, {"trace", "debug", "info", "warn", "error", "off"});
  log.reject_unknown();
  root.reject_unknown();
  return config;
}

}  // namespace

std::size_t Config::most_sources() const noexcept {
  std::size_t count = 0;
  for (const SourceSettings& source : sources) {
    count += is_for_many(source) ? *std::get<TcpSettings>(source.kind).max_senders : 1;
  }
  return count;
}

std::optional<std::filesystem::path> find_config() {
  const auto variable = [](const char* name) {
    return std::filesystem::path(std::getenv(name) ? std::getenv(name) : "");
  };
  std::filesystem::path home = variable("XDG_CONFIG_HOME");
  if (home.empty() && !variable("HOME").empty()) home = variable("HOME") / ".config";
  std::vector<std::filesystem::path> places;
  if (!home.empty()) places.push_back(home / "earshot" / "earshot.toml");
  places.emplace_back("/etc/earshot/earshot.toml");
  std::optional<std::filesystem::path> denied;
  for (const std::filesystem::path& place : places) {
    std::error_code error;
    if (std::filesystem::exists(place, error)) return place;
    if (!denied && error == std::errc::permission_denied) denied = place;
  }
  return denied;
}

std::filesystem::path config_path(const std::optional<std::filesystem::path>& asked) {
  if (asked) return *asked;
  if (const auto found = find_config()) return *found;
  throw Error(ExitCode::no_input,
              "found no configuration, expected $XDG_CONFIG_HOME/earshot/earshot.toml, "
              "/etc/earshot/earshot.toml or --config FILE");
}

Config load_config(const std::filesystem::path& path) {
  return read_config(StrictToml::from_file(path));
}

Config parse_config(std::string_view text, const std::string& name) {
  return read_config(StrictToml::from_text(text, name));
}

}  // namespace earshot
