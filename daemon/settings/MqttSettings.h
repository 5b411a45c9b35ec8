// MqttSettings: what [publish.mqtt] says.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "daemon/net/Address.h"
#include "daemon/settings/SourceSettings.h"
#include "daemon/settings/TomlText.h"
#include "dsp/base/StrictToml.h"

namespace earshot {

struct MqttSettings {
  Endpoint broker;
  bool tls = false;  ///< mqtts://
  std::string user;
  std::filesystem::path password_file;  ///< its first line
  std::filesystem::path ca_file;        ///< empty: those of the system
  std::string topic;                    ///< all topics lie below it
  bool homeassistant = true;
  std::vector<std::string> labels;  ///< that have topics and entities of their own
  std::string labels_place;         ///< "FILE:LINE: key 'publish.mqtt.labels'"
  bool switches = false;            ///< whether commands are taken
  bool operator==(const MqttSettings&) const = default;
};

/// `table` is [publish.mqtt]. Throws Error(config), also for two labels or two sources that would share
/// topics. Whether the labels have events is for expect_events() to say.
MqttSettings read_mqtt_settings(StrictToml& table, const std::vector<SourceSettings>& sources,
                                bool has_events);
void write_mqtt_settings(TomlText& text, const MqttSettings& mqtt);

}  // namespace earshot
