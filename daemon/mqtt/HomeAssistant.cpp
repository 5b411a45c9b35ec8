#include "daemon/mqtt/HomeAssistant.h"

#include <algorithm>
#include <string_view>

#include "daemon/settings/SourceSettings.h"
#include "dsp/base/JsonWriter.h"

namespace earshot {
namespace {

constexpr const char* kEventKey = "event";
constexpr const char* kLevelKey = "sensor_level";
constexpr const char* kGateKey = "switch";  // no label's
constexpr std::string_view kLabelKey = "binary_sensor_";
constexpr std::string_view kSwitchKey = "switch_";

// The entity shows what begins now: neither an end nor what comes late rings a bell. It renders to nothing
// then, which Home Assistant passes over in silence.
constexpr const char* kBeginsNow =
    "{{ value if value_json.phase == 'start' and not value_json.late | default(false) else '' }}";

std::string_view platform_of(std::string_view key) {
  for (const std::string_view platform : {"binary_sensor", "sensor", "switch"}) {
    if (key.starts_with(platform)) return platform;
  }
  return "event";
}

class DiscoveryWriter {
 public:
  DiscoveryWriter(const MqttTopics& topics, const DiscoveredSource& source)
      : topics_(topics), source_(source), device_(topics.device(source.id)) {}

  std::string write(const std::vector<std::string>& gone) {
    json_.begin_object();
    device();
    json_.key("origin")
        .begin_object()
        .field("name", "Earshot")
        .field("sw_version", EARSHOT_VERSION)
        .end_object();
    json_.key("availability").begin_array();
    for (const std::string& topic : {topics_.status(), topics_.status(source_.id)})
      json_.begin_object().field("topic", topic).end_object();
    json_.end_array().field("availability_mode", "all");
    json_.key("components").begin_object();
    event();
    level();
    for (const std::string& label : source_.labels) sound(label);
    for (const std::string& label : source_.labels) {
      if (source_.switches) label_switch(label);
    }
    if (source_.switches) gate_switch();
    for (const std::string& key : gone)
      json_.key(key).begin_object().field("platform", platform_of(key)).end_object();
    json_.end_object().end_object();
    std::string text = json_.take_line();
    text.pop_back();
    return text;
  }

 private:
  void device() {
    json_.key("device").begin_object();
    json_.key("identifiers").begin_array().value(device_).end_array();
    json_.field("name", "Earshot " + source_.name)
        .field("manufacturer", "Earshot")
        .field("model", source_.model);
    json_.field("sw_version", EARSHOT_VERSION).end_object();
  }

  // `own` tells it from the device's others.
  void begin(const std::string& key, const std::string& name, const std::string& own) {
    const std::string platform(platform_of(key));
    const std::string id = device_ + (own.empty() ? "" : '_' + own);
    json_.key(key).begin_object().field("platform", platform).field("name", name);
    json_.field("unique_id", device_ + '_' + key).field("default_entity_id", platform + '.' + id);
    json_.field("qos", 1U);
  }

  void event() {
    begin(kEventKey, "Sound", "");
    json_.field("icon", "mdi:ear-hearing").field("state_topic", topics_.event(source_.id));
    json_.key("event_types").begin_array();
    for (const std::string& label : source_.labels) {
      if (label != kOtherLabel) json_.value(label);
    }
    json_.value(kOtherLabel).end_array().field("value_template", kBeginsNow).end_object();
  }

  void level() {
    begin(kLevelKey, "Level", "level");
    json_.field("icon", "mdi:volume-high").field("state_topic", topics_.level(source_.id));
    json_.field("unit_of_measurement", "dBFS").field("state_class", "measurement");
    json_.field("suggested_display_precision", 0U).end_object();
  }

  void sound(const std::string& label) {
    begin(std::string(kLabelKey) + slug(label), label, slug(label));
    json_.field("device_class", "sound").field("state_topic", topics_.label(source_.id, label)).end_object();
  }

  void label_switch(const std::string& label) {
    begin(std::string(kSwitchKey) + slug(label), "Tell of " + label, slug(label));
    json_.field("entity_category", "config").field("icon", "mdi:bell-cog");
    json_.field("state_topic", topics_.label_switch(source_.id, label));
    json_.field("command_topic", topics_.label_command(source_.id, label)).end_object();
  }

  void gate_switch() {
    begin(kGateKey, "Gate", "gate");
    json_.field("entity_category", "config").field("icon", "mdi:volume-off");
    json_.field("state_topic", topics_.gate(source_.id));
    json_.field("command_topic", topics_.gate_command(source_.id)).end_object();
  }

  JsonWriter json_;
  const MqttTopics& topics_;
  const DiscoveredSource& source_;
  const std::string device_;
};

}  // namespace

std::vector<std::string> component_keys(const DiscoveredSource& source) {
  std::vector<std::string> keys{kEventKey, kLevelKey};
  for (const std::string& label : source.labels) {
    keys.push_back(std::string(kLabelKey) + slug(label));
    if (source.switches) keys.push_back(std::string(kSwitchKey) + slug(label));
  }
  if (source.switches) keys.push_back(kGateKey);
  return keys;
}

std::string discovery_message(const MqttTopics& topics, const DiscoveredSource& source,
                              const std::vector<std::string>& gone) {
  return DiscoveryWriter(topics, source).write(gone);
}

}  // namespace earshot
