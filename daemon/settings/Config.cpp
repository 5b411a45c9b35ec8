#include "daemon/settings/Config.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <set>
#include <utility>

#include "nn/model/BundledModel.h"
#include "dsp/audio/Resampler.h"
#include "dsp/base/Error.h"
#include "dsp/base/StrictToml.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

constexpr double kLeastIdleS = 0.1;
constexpr double kMostIdleS = 3600.0;
constexpr std::int64_t kMostSenders = 10'000;
constexpr const char* kKinds = "\"microphone\", \"tcp\", \"stdin\", \"file\" or \"command\"";
constexpr std::array<std::string_view, 4> kSampleFormats{"s16le", "s24le", "s32le", "f32le"};

template <typename Value>
Value named(const std::string& name, std::initializer_list<std::pair<std::string_view, Value>> names) {
  return std::find_if(names.begin(), names.end(), [&](const auto& known) { return known.first == name; })
      ->second;
}

std::vector<IpNetwork> read_allow(StrictToml& table) {
  std::vector<IpNetwork> allow;
  for (const std::string& text : table.texts("allow")) {
    const auto network = parse_network(text);
    if (!network) table.refuse("allow", '"' + text + '"', "addresses or networks like \"192.168.1.0/24\"");
    allow.push_back(*network);
  }
  return allow;
}

// Who listens where, so that two that collide are found before one of them fails to start.
class Listeners {
 public:
  void add(const StrictToml& table, const SocketAddress& address) {
    for (const auto& [place, other] : taken_) {
      if (!collide(address, other)) continue;
      const std::string what = std::holds_alternative<Endpoint>(address) ? "port" : "path";
      table.refuse("listen", '"' + to_text(address) + '"',
                   "another " + what + " than that of " + place + " (\"" + to_text(other) + "\")");
    }
    taken_.emplace_back(table.place("listen"), address);
  }

 private:
  std::vector<std::pair<std::string, SocketAddress>> taken_;
};

// `form` is how it is written.
Endpoint read_endpoint(const StrictToml& table, const std::string& text, const std::string& form,
                       const std::vector<IpNetwork>& allow) {
  const auto endpoint = parse_endpoint(text);
  const auto address = endpoint ? listen_address(*endpoint) : std::nullopt;
  if (!address) table.refuse("listen", '"' + text + '"', form);
  if (!address->is_loopback() && allow.empty()) {
    table.refuse("listen", '"' + text + "\" without 'allow'",
                 "a loopback address, or allow = [\"192.168.1.0/24\"] with those who may connect");
  }
  return *endpoint;
}

Endpoint read_sender_listen(StrictToml& table, const std::vector<IpNetwork>& allow, Listeners& listeners) {
  const std::string text = table.text("listen", "");
  if (text.empty()) table.refuse("listen", "nothing", "an address like \"127.0.0.1:7558\"");
  Endpoint endpoint =
      read_endpoint(table, text, "ADDRESS:PORT like \"127.0.0.1:7558\" or \"[::1]:7558\"", allow);
  listeners.add(table, endpoint);
  return endpoint;
}

// One address or a list of them.
std::vector<SocketAddress> read_stream_listen(StrictToml& table, const std::vector<SocketAddress>& fallback,
                                              const std::vector<IpNetwork>& allow, Listeners& listeners) {
  std::vector<SocketAddress> addresses;
  if (!table.has("listen")) addresses = fallback;
  for (const std::string& text :
       table.has_text("listen") ? std::vector{table.text("listen", "")} : table.texts("listen")) {
    const auto address = parse_socket_address(text);
    if (address && std::holds_alternative<UnixPath>(*address)) {
      addresses.push_back(*address);
    } else {
      addresses.emplace_back(read_endpoint(
          table, text, "\"127.0.0.1:7557\", \"[::1]:7557\", \"unix:/PATH\" or a list of such addresses",
          allow));
    }
  }
  if (addresses.empty()) table.refuse("listen", "an empty list", "at least one address");
  for (const SocketAddress& address : addresses) listeners.add(table, address);
  return addresses;
}

PcmSettings read_pcm(StrictToml& table) {
  PcmSettings pcm;
  pcm.format = *sample_format(table.one_of("format", "s16le", {"s16le", "s24le", "s32le", "f32le"}));
  pcm.rate_hz =
      static_cast<int>(table.integer("rate_hz", pcm.rate_hz, Resampler::kMinRateHz, Resampler::kMaxRateHz));
  pcm.channels = static_cast<int>(table.integer("channels", pcm.channels, 1, kMostChannels));
  return pcm;
}

Pace read_pace(StrictToml& table) {
  return named<Pace>(table.one_of("pace", "realtime", {"realtime", "fast"}),
                     {{"realtime", Pace::realtime}, {"fast", Pace::fast}});
}

std::chrono::milliseconds read_idle(StrictToml& table, std::chrono::milliseconds usual) {
  const double idle_s =
      table.real("idle_s", std::chrono::duration<double>(usual).count(), kLeastIdleS, kMostIdleS);
  return std::chrono::milliseconds(std::llround(1000.0 * idle_s));
}

TcpSettings read_tcp(StrictToml& table, Listeners& listeners) {
  TcpSettings tcp;
  tcp.allow = read_allow(table);
  tcp.listen = read_sender_listen(table, tcp.allow, listeners);
  tcp.pcm = read_pcm(table);
  tcp.pace = read_pace(table);
  tcp.idle = read_idle(table, tcp.idle);
  tcp.closing = std::max(tcp.closing, 2 * tcp.idle);
  tcp.takeover = table.boolean("takeover", tcp.takeover);
  const std::int64_t senders = table.integer("max_senders", 1, 1, kMostSenders);
  if (table.has("max_senders")) tcp.max_senders = static_cast<std::size_t>(senders);
  return tcp;
}

CommandSettings read_command(StrictToml& table) {
  constexpr const char* kExpected = "a program and its arguments, like [\"ffmpeg\", \"-i\", \"rtsp://...\"]";
  CommandSettings command;
  if (!table.has("argv")) table.refuse("argv", "nothing", kExpected);
  command.argv = table.texts("argv");
  if (command.argv.empty()) table.refuse("argv", "an empty list", kExpected);
  if (command.argv.front().empty()) table.refuse("argv", "an empty string as the program", kExpected);
  for (const std::string& argument : command.argv) {
    if (argument.find('\0') != std::string::npos)
      table.refuse("argv", "a string with the character NUL", kExpected);
  }
  std::string& program = command.argv.front();
  // Absolute, since without a slash it would be sought in PATH.
  if (program.find('/') != std::string::npos)
    program = std::filesystem::absolute(table.relative_to_file(program)).string();
  command.pcm = read_pcm(table);
  command.pace = read_pace(table);
  command.idle = read_idle(table, command.idle);
  return command;
}

FileSettings read_file_source(StrictToml& table) {
  FileSettings file;
  if (!table.has("path")) table.refuse("path", "nothing", "the path of an audio file");
  file.path = table.path("path", "");
  file.pace = read_pace(table);
  file.at_end = named<AtEnd>(table.one_of("at_end", "stop", {"stop", "loop"}),
                             {{"stop", AtEnd::stop}, {"loop", AtEnd::loop}});
  return file;
}

std::optional<int> read_channel(StrictToml& table, int channels) {
  if (table.has("channel") && !table.has_text("channel")) {
    return static_cast<int>(table.integer("channel", 1, 1, channels));
  }
  table.one_of("channel", "mix", {"mix"});
  return std::nullopt;
}

// It stands in every line of the log and in every message.
std::string read_name(StrictToml& table) {
  std::string name = table.text("name", "");
  if (name.empty()) table.refuse("name", table.has("name") ? "an empty string" : "nothing", "a source's name");
  if (const std::string problem = name_problem(name); !problem.empty()) {
    table.refuse("name", '"' + name + "\", which " + problem, "a source's name");
  }
  return name;
}

SourceSettings read_source(StrictToml& table, Listeners& listeners) {
  SourceSettings source;
  source.name = read_name(table);
  if (!table.has("kind")) table.refuse("kind", "nothing", kKinds);
  int channels = kMostChannels;
  const std::string kind = table.text("kind", "");
  if (kind == "microphone") {
    source.kind = MicrophoneSettings{.device = table.text("device", "default")};
  } else if (kind == "tcp") {
    TcpSettings tcp = read_tcp(table, listeners);
    channels = tcp.pcm.channels;
    source.kind = std::move(tcp);
  } else if (kind == "stdin") {
    source.kind = StdinSettings{.pcm = read_pcm(table), .pace = read_pace(table)};
    channels = std::get<StdinSettings>(source.kind).pcm.channels;
  } else if (kind == "file") {
    source.kind = read_file_source(table);
  } else if (kind == "command") {
    CommandSettings command = read_command(table);
    channels = command.pcm.channels;
    source.kind = std::move(command);
  } else {
    table.refuse("kind", '"' + kind + "\", which this version does not know", kKinds);
  }
  source.channel = read_channel(table, channels);
  source.gain_db = table.real("gain_db", source.gain_db, -60.0, 60.0);
  const double level_dbfs = table.real("level_dbfs", 0.0, kSilenceDbfs, 0.0);
  if (table.has("level_dbfs")) source.level_dbfs = level_dbfs;
  return source;
}

std::vector<SourceSettings> read_sources(StrictToml& root, Listeners& listeners) {
  std::vector<SourceSettings> sources;
  std::set<std::string> names;
  bool standard_input = false;
  for (StrictToml& table : root.tables("source")) {
    SourceSettings source = read_source(table, listeners);
    if (!names.insert(source.name).second) {
      table.refuse("name", '"' + source.name + "\" a second time", "a name that no other source has");
    }
    if (std::holds_alternative<StdinSettings>(source.kind) && std::exchange(standard_input, true)) {
      table.refuse("kind", "\"stdin\" a second time", "one reader of standard input");
    }
    table.reject_unknown();
    sources.push_back(std::move(source));
  }
  if (sources.empty()) root.refuse("source", "nothing", "at least one [[source]]");
  return sources;
}

StreamSettings read_publish(StrictToml& root, Listeners& listeners) {
  StreamSettings stream;
  StrictToml publish = root.table("publish");
  StrictToml tcp = publish.table("tcp");
  stream.allow = read_allow(tcp);
  stream.listen = read_stream_listen(tcp, stream.listen, stream.allow, listeners);
  const auto size = [&](const char* key, std::size_t fallback, std::int64_t least, std::int64_t most) {
    return static_cast<std::size_t>(tcp.integer(key, static_cast<std::int64_t>(fallback), least, most));
  };
  stream.max_clients = size("max_clients", stream.max_clients, 1, 10'000);
  stream.client_buffer_kib = size("client_buffer_kib", stream.client_buffer_kib, 64, 1'048'576);
  stream.history = size("history", stream.history, 0, 1'000'000);
  tcp.reject_unknown();
  publish.reject_unknown();
  return stream;
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

  const bool events_wanted = root.has("events");
  StrictToml events = root.table("events");
  if (events_wanted) config.events = read_event_settings(events);

  StrictToml gate = root.table("gate");
  config.gate_level_dbfs = gate.real("level_dbfs", config.gate_level_dbfs, kSilenceDbfs, 0.0);
  gate.reject_unknown();

  Listeners listeners;
  config.publish_tcp = read_publish(root, listeners);
  config.sources = read_sources(root, listeners);

  StrictToml log = root.table("log");
  config.log_level =
      log.one_of("level", config.log_level, {"trace", "debug", "info", "warn", "error", "off"});
  log.reject_unknown();
  root.reject_unknown();
  return config;
}

}  // namespace

std::string_view kind_name(const SourceSettings& source) noexcept {
  constexpr std::string_view names[] = {"microphone", "tcp", "stdin", "file", "command"};
  return names[source.kind.index()];
}

bool is_for_many(const SourceSettings& source) noexcept {
  const auto* tcp = std::get_if<TcpSettings>(&source.kind);
  return tcp && tcp->max_senders;
}

bool are_the_same_sound(const SourceSettings& a, const SourceSettings& b) {
  return a.name == b.name && a.channel == b.channel && a.kind == b.kind;
}

std::size_t Config::most_sources() const noexcept {
  std::size_t count = 0;
  for (const SourceSettings& source : sources) {
    count += is_for_many(source) ? *std::get<TcpSettings>(source.kind).max_senders : 1;
  }
  return count;
}

std::string_view to_string(SampleFormat format) noexcept {
  return kSampleFormats[static_cast<std::size_t>(format)];
}

std::optional<SampleFormat> sample_format(std::string_view name) noexcept {
  const auto found = std::find(kSampleFormats.begin(), kSampleFormats.end(), name);
  if (found == kSampleFormats.end()) return std::nullopt;
  return static_cast<SampleFormat>(found - kSampleFormats.begin());
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
