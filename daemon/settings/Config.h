// Config: what earshot.toml says, as nested settings with their defaults.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/settings/ActionSettings.h"
#include "daemon/settings/MqttSettings.h"
#include "daemon/settings/SourceSettings.h"
#include "daemon/settings/StreamSettings.h"
#include "daemon/settings/TlsSettings.h"
#include "daemon/settings/WebSettings.h"
#include "dsp/audio/Level.h"
#include "dsp/features/LiveHop.h"
#include "nn/events/EventSettings.h"

namespace earshot {

struct ModelSettings {
  std::filesystem::path path;  ///< absolute or relative to the working directory
  int threads = 1;             ///< that share a window
};

inline constexpr double kLeastHopS = 0.001;
inline constexpr double kMostHopS = 60.0;

struct Config {
  ModelSettings model;
  double hop_s = kUsualHopS;
  bool hop_auto = false;                         ///< hop_s, and as much more as it takes to keep up
  std::string hop_place = "key 'window.hop_s'";  ///< with file and line, where the file has it
  std::optional<EventSettings> events;  ///< nothing: no events
  double gate_level_dbfs = kUsualGateDbfs;
  std::vector<SourceSettings> sources;
  StreamSettings publish_tcp;
  std::optional<MqttSettings> publish_mqtt;  ///< nothing: no broker
  std::optional<WebSettings> publish_web;    ///< nothing: no pages
  std::optional<TlsSettings> publish_tls;
  std::vector<ActionSettings> actions;  ///< none without events
  std::string log_level = "info";  ///< as spdlog names them

  /// How many there may be at a time, senders included.
  std::size_t most_sources() const noexcept;
};

/// $XDG_CONFIG_HOME/earshot/earshot.toml (XDG_CONFIG_HOME defaults to ~/.config), then
/// /etc/earshot/earshot.toml; nothing if neither exists. One that this user may not look for only if the other
/// is not there: loading it says so.
std::optional<std::filesystem::path> find_config();

/// `asked`, or find_config(). Throws Error(no_input) if there is neither.
std::filesystem::path config_path(const std::optional<std::filesystem::path>& asked);

/// Throws Error(no_input) if it cannot be read; Error(config) naming file, line and key for an unknown key, a
/// wrong type, a value out of range, a key of another kind of source, names that are not unique or
/// hold what a log's line must not, a listener beyond loopback with neither `allow` nor TLS, or two on one
/// port or path.
Config load_config(const std::filesystem::path& path);
/// The same for text; `name` stands for the file in errors and relative paths.
Config parse_config(std::string_view text, const std::string& name);

/// The effective configuration as TOML: parse_config() of it gives the same again.
std::string to_toml(const Config& config);

}  // namespace earshot
