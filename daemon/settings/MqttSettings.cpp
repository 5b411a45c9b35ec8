#include "daemon/settings/MqttSettings.h"

#include <unistd.h>

#include <array>
#include <map>

#include "daemon/log/WithoutPasswords.h"
#include "dsp/base/Error.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

constexpr std::size_t kMostTopicBytes = 200;
constexpr std::string_view kPlain = "mqtt://";
constexpr std::string_view kSecure = "mqtts://";

void read_broker(StrictToml& table, MqttSettings& mqtt) {
  constexpr const char* kExpected =
      "an address like \"mqtt://127.0.0.1:1883\" or \"mqtts://broker.lan:8883\"";
  const std::string text = table.text("broker", "");
  if (text.empty()) table.refuse("broker", table.has("broker") ? "an empty string" : "nothing", kExpected);
  mqtt.tls = text.starts_with(kSecure);
  if (!mqtt.tls && !text.starts_with(kPlain))
    table.refuse("broker", '"' + without_passwords(text) + '"', kExpected);
  const std::string where = text.substr((mqtt.tls ? kSecure : kPlain).size());
  if (where.find('@') != std::string::npos)
    table.refuse("broker", "a user in \"" + without_passwords(text) + '"',
                 "an address alone; the keys 'user' and 'password_file' are for the rest");
  auto broker = parse_endpoint(where);
  if (!broker) broker = parse_endpoint(where + (mqtt.tls ? ":8883" : ":1883"));
  if (!broker || broker->host.empty() || broker->port == 0 || where.find('/') != std::string::npos)
    table.refuse("broker", '"' + text + '"', kExpected);
  mqtt.broker = *broker;
}

// Without its domain.
std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "host";
  const std::string text = name.data();
  const std::string first = text.substr(0, text.find('.'));
  return first.find_first_of("+#/ ") == std::string::npos ? first : slug(first);
}

std::string read_topic(StrictToml& table) {
  constexpr const char* kExpected = "a topic like \"earshot/attic\", without '+', '#' and empty levels";
  const std::string topic = table.text("topic", "earshot/" + host_name());
  const bool is_good = !topic.empty() && topic.size() <= kMostTopicBytes && topic.front() != '/' &&
                       topic.front() != '$' && topic.back() != '/' && topic.find("//") == std::string::npos &&
                       topic.find_first_of("+#") == std::string::npos && name_problem(topic).empty();
  if (!is_good) table.refuse("topic", '"' + printable(topic) + '"', kExpected);
  return topic;
}

std::vector<std::string> read_labels(StrictToml& table, bool has_events) {
  std::vector<std::string> labels = table.texts("labels");
  if (!labels.empty() && !has_events)
    table.refuse("labels", "labels", "a table [events] as well: without it there are no events");
  std::map<std::string, std::string> topics;
  for (const std::string& label : labels) {
    const auto [taken, is_new] = topics.emplace(slug(label), label);
    if (is_new) continue;
    table.refuse("labels", '"' + label + "\" beside \"" + taken->second + '"',
                 "labels that differ in more than case and punctuation, for each has a topic of its own");
  }
  return labels;
}

}  // namespace

MqttSettings read_mqtt_settings(StrictToml& table, const std::vector<SourceSettings>& sources,
                                bool has_events) {
  MqttSettings mqtt;
  read_broker(table, mqtt);
  mqtt.user = table.text("user", "");
  mqtt.password_file = table.path("password_file", "");
  if (mqtt.user.empty() && table.has("password_file"))
    table.refuse("user", "nothing beside 'password_file'", "the user that the password is for");
  mqtt.ca_file = table.path("ca_file", "");
  if (!mqtt.tls && table.has("ca_file"))
    table.refuse("ca_file", "a file, and a broker without TLS", "a broker that begins with \"mqtts://\"");
  mqtt.topic = read_topic(table);
  mqtt.homeassistant = table.boolean("homeassistant", mqtt.homeassistant);
  mqtt.labels = read_labels(table, has_events);
  mqtt.labels_place = table.place("labels");
  mqtt.switches = table.boolean("switches", mqtt.switches);
  table.reject_unknown();
  std::map<std::string, std::string> ids;
  for (const SourceSettings& source : sources) {
    if (is_for_many(source)) continue;  // its senders have topics, not it
    const auto [taken, is_new] = ids.emplace(source.id, source.name);
    if (is_new) continue;
    throw Error(ExitCode::config, table.place("broker") + ": found sources \"" + taken->second + "\" and \"" +
                                      source.name + "\" of one id, \"" + source.id +
                                      "\", expected a key 'id' in one of them that no other has");
  }
  return mqtt;
}

void write_mqtt_settings(TomlText& text, const MqttSettings& mqtt) {
  const auto path_line = [&](const char* key, const std::filesystem::path& path) {
    if (!path.empty()) text.line(key, toml_string(std::filesystem::absolute(path).string()));
  };
  text.header("[publish.mqtt]");
  text.line("broker", toml_string(std::string(mqtt.tls ? kSecure : kPlain) + mqtt.broker.text()));
  if (!mqtt.user.empty()) text.line("user", toml_string(mqtt.user));
  path_line("password_file", mqtt.password_file);
  path_line("ca_file", mqtt.ca_file);
  text.line("topic", toml_string(mqtt.topic));
  text.line("homeassistant", mqtt.homeassistant ? "true" : "false");
  text.line("labels", toml_strings(mqtt.labels));
  text.line("switches", mqtt.switches ? "true" : "false");
}

}  // namespace earshot
