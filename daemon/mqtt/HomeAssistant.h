// discovery_message: what makes a source a device with entities in Home Assistant.
#pragma once

#include <string>
#include <vector>

#include "daemon/mqtt/MqttTopics.h"

namespace earshot {

/// The event_type of events whose label is none of those listed.
inline constexpr const char* kOtherLabel = "other";

struct DiscoveredSource {
  std::string id;
  std::string name;
  std::string model;                ///< that it is heard with
  std::vector<std::string> labels;  ///< that have entities
  bool switches = false;
};

/// Its components by their keys: "event", "sensor_level", "binary_sensor_dog", "switch_dog", and "switch" of
/// the gate.
std::vector<std::string> component_keys(const DiscoveredSource& source);

/// JSON for `topics.discovery(source.id)`, as Home Assistant 2024.12 and later read it. Of `gone`, keys of
/// components that were there and are no more, Home Assistant is told so. Since 2025.10 entities get the ids
/// that stand in it.
std::string discovery_message(const MqttTopics& topics, const DiscoveredSource& source,
                              const std::vector<std::string>& gone);

}  // namespace earshot
