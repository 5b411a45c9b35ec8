// The effective configuration as TOML, for `earshotd --print-config`.
#include "daemon/settings/Config.h"
#include "daemon/settings/TomlText.h"
#include "dsp/base/StrictToml.h"

namespace earshot {
namespace {

void write_events(TomlText& text, const EventSettings& events) {
  text.header("[events]");
  text.line("labels", events.labels ? toml_strings(events.labels->names) : toml_string("all"));
  text.line("ignore", toml_strings(events.ignore.names));
  text.line("on_windows", std::to_string(events.on_windows));
  text.line("of_windows", std::to_string(events.of_windows));
  text.line("off_s", toml_real(events.off_s));
  text.line("min_s", toml_real(events.min_s));
  text.line("max_s", toml_real(events.max_s));
  text.line("cooldown_s", toml_real(events.cooldown_s));
  text.hours(events.hours);
  if (!events.thresholds.empty()) text.header("[events.threshold]");
  for (const EventThreshold& each : events.thresholds)
    text.line(toml_string(each.label), toml_real(each.threshold));
  for (const EventGroup& group : events.groups) {
    text.header("[[events.group]]");
    text.line("name", toml_string(group.name));
    text.line("labels", toml_strings(group.labels.names));
  }
  for (const EventLevel& level : events.levels) {
    text.header("[[events.level]]");
    text.line("name", toml_string(level.name));
    text.line("above_dbfs", toml_real(level.above_dbfs));
  }
}

}  // namespace

std::string to_toml(const Config& config) {
  TomlText text;
  text.header("[model]");
  text.line("path", toml_string(std::filesystem::absolute(config.model.path).string()));
  text.line("threads", std::to_string(config.model.threads));
  text.header("[window]");
  text.line("hop_s", config.hop_auto ? toml_string("auto") : toml_real(config.hop_s));
  if (config.events) write_events(text, *config.events);
  text.header("[gate]");
  text.line("level_dbfs", toml_real(config.gate_level_dbfs));
  for (const SourceSettings& source : config.sources) write_source(text, source);
  write_stream_settings(text, config.publish_tcp);
  if (config.publish_mqtt) write_mqtt_settings(text, *config.publish_mqtt);
  if (config.publish_web) write_web_settings(text, *config.publish_web);
  if (config.publish_tls) write_tls_settings(text, *config.publish_tls);
  for (const ActionSettings& action : config.actions) write_action(text, action);
  text.header("[log]");
  text.line("level", toml_string(config.log_level));
  return text.take();
}

}  // namespace earshot
