// The effective configuration as TOML, for `earshotd --print-config`.
#include <spdlog/fmt/fmt.h>

#include <iterator>

#include "daemon/settings/Config.h"
#include "dsp/base/StrictToml.h"

namespace earshot {
namespace {

// A TOML basic string.
std::string toml_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      result += fmt::format("\\u{:04X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      result += c;
    }
  }
  return result + '"';
}

std::string toml_strings(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + toml_string(text);
  return '[' + list + ']';
}

class TomlText {
 public:
  void header(std::string_view name) {
    fmt::format_to(std::back_inserter(text_), "{}{}\n", text_.empty() ? "" : "\n", name);
  }
  void line(std::string_view key, std::string_view value) {
    fmt::format_to(std::back_inserter(text_), "{} = {}\n", key, value);
  }
  void events(const EventSettings& events) {
    header("[events]");
    line("labels", events.labels ? toml_strings(events.labels->names) : toml_string("all"));
    line("ignore", toml_strings(events.ignore.names));
    line("on_windows", std::to_string(events.on_windows));
    line("of_windows", std::to_string(events.of_windows));
    line("off_s", toml_real(events.off_s));
    line("min_s", toml_real(events.min_s));
    line("max_s", toml_real(events.max_s));
    line("cooldown_s", toml_real(events.cooldown_s));
    if (!events.thresholds.empty()) header("[events.threshold]");
    for (const EventThreshold& each : events.thresholds) line(toml_string(each.label), toml_real(each.threshold));
    for (const EventGroup& group : events.groups) {
      header("[[events.group]]");
      line("name", toml_string(group.name));
      line("labels", toml_strings(group.labels.names));
    }
    for (const EventLevel& level : events.levels) {
      header("[[events.level]]");
      line("name", toml_string(level.name));
      line("above_dbfs", toml_real(level.above_dbfs));
    }
  }
  void listener(const std::vector<SocketAddress>& listen, const std::vector<IpNetwork>& allow) {
    std::vector<std::string> addresses;
    for (const SocketAddress& address : listen) addresses.push_back(to_text(address));
    line("listen", addresses.size() == 1 ? toml_string(addresses.front()) : toml_strings(addresses));
    if (allow.empty()) return;
    std::vector<std::string> networks;
    for (const IpNetwork& network : allow) networks.push_back(network.text());
    line("allow", toml_strings(networks));
  }
  void pcm(const PcmSettings& pcm) {
    line("format", toml_string(to_string(pcm.format)));
    line("rate_hz", std::to_string(pcm.rate_hz));
    line("channels", std::to_string(pcm.channels));
  }
  void pace(Pace pace) { line("pace", toml_string(pace == Pace::realtime ? "realtime" : "fast")); }

  void idle(std::chrono::milliseconds idle) {
    line("idle_s", toml_real(std::chrono::duration<double>(idle).count()));
  }

  void kind(const MicrophoneSettings& microphone) { line("device", toml_string(microphone.device)); }
  void kind(const TcpSettings& tcp) {
    listener({tcp.listen}, tcp.allow);
    pcm(tcp.pcm);
    pace(tcp.pace);
    idle(tcp.idle);
    line("takeover", tcp.takeover ? "true" : "false");
    if (tcp.max_senders) line("max_senders", std::to_string(*tcp.max_senders));
  }
  void kind(const StdinSettings& standard_input) {
    pcm(standard_input.pcm);
    pace(standard_input.pace);
  }
  void kind(const FileSettings& file) {
    line("path", toml_string(std::filesystem::absolute(file.path).string()));
    pace(file.pace);
    line("at_end", toml_string(file.at_end == AtEnd::stop ? "stop" : "loop"));
  }
  void kind(const CommandSettings& command) {
    line("argv", toml_strings(command.argv));
    pcm(command.pcm);
    pace(command.pace);
    idle(command.idle);
  }

  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace

std::string to_toml(const Config& config) {
  TomlText text;
  text.header("[model]");
  text.line("path", toml_string(std::filesystem::absolute(config.model.path).string()));
  text.line("threads", std::to_string(config.model.threads));
  text.header("[window]");
  text.line("hop_s", config.hop_auto ? toml_string("auto") : toml_real(config.hop_s));
  if (config.events) text.events(*config.events);
  text.header("[gate]");
  text.line("level_dbfs", toml_real(config.gate_level_dbfs));
  for (const SourceSettings& source : config.sources) {
    text.header("[[source]]");
    text.line("name", toml_string(source.name));
    text.line("kind", toml_string(kind_name(source)));
    std::visit([&](const auto& kind) { text.kind(kind); }, source.kind);
    text.line("channel", source.channel ? std::to_string(*source.channel) : toml_string("mix"));
    text.line("gain_db", toml_real(source.gain_db));
    if (source.level_dbfs) text.line("level_dbfs", toml_real(*source.level_dbfs));
  }
  text.header("[publish.tcp]");
  text.listener(config.publish_tcp.listen, config.publish_tcp.allow);
  text.line("max_clients", std::to_string(config.publish_tcp.max_clients));
  text.line("client_buffer_kib", std::to_string(config.publish_tcp.client_buffer_kib));
  text.line("history", std::to_string(config.publish_tcp.history));
  text.header("[log]");
  text.line("level", toml_string(config.log_level));
  return text.take();
}

}  // namespace earshot
