// MqttSettings: what [publish.mqtt] says.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "daemon/net/Address.h"
#include "daemon/settings/SourceSettings.h"
#include "daemon/settings/TomlText.h"
#include "dsp/base/StrictToml.h"
#include "nn/events/EventSettings.h"

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
};

/// `table` is [publish.mqtt]. Throws Error(config), also for two labels or two sources that would share topics.
MqttSettings read_mqtt_settings(StrictToml& table, const std::vector<SourceSettings>& sources);
void write_mqtt_settings(TomlText& text, const MqttSettings& mqtt);

/// Throws Error(config) if a listed label is none of the model's `labels` and no name of a group or level of `events`,
/// or if there are no events at all.
void check_mqtt_labels(const MqttSettings& mqtt, const std::vector<std::string>& labels,
                       const EventSettings* events);

}  // namespace earshot
