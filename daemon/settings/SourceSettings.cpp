#include "daemon/settings/SourceSettings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <set>
#include <utility>

#include "daemon/settings/ReadArgv.h"
#include "dsp/audio/Resampler.h"
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

Endpoint read_sender_listen(StrictToml& table, const std::vector<IpNetwork>& allow, Listeners& listeners) {
  const std::string text = table.text("listen", "");
  if (text.empty()) table.refuse("listen", "nothing", "an address like \"127.0.0.1:7558\"");
  Endpoint endpoint =
      read_endpoint(table, text, "ADDRESS:PORT like \"127.0.0.1:7558\" or \"[::1]:7558\"", allow);
  listeners.add(table, endpoint);
  return endpoint;
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

TcpSettings read_tcp(StrictToml& table, const std::optional<TlsSettings>& tls, Listeners& listeners) {
  TcpSettings tcp;
  tcp.allow = read_allow(table);
  if (table.boolean("tls", false)) {
    if (!tls)
      table.refuse("tls", "true", "a table [publish.tls] with certificate, key and token_file, or false");
    tcp.tls = tls;
  }
  tcp.listen = read_sender_listen(table, tcp.admitted(), listeners);
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
  CommandSettings command;
  command.argv =
      read_argv(table, "argv", "a program and its arguments, like [\"ffmpeg\", \"-i\", \"rtsp://...\"]");
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
  if (name.empty())
    table.refuse("name", table.has("name") ? "an empty string" : "nothing", "a source's name");
  if (const std::string problem = name_problem(name); !problem.empty()) {
    table.refuse("name", '"' + name + "\", which " + problem, "a source's name");
  }
  return name;
}

std::string read_id(StrictToml& table, const std::string& name) {
  const std::string id = table.text("id", slug(name));
  if (id.empty() || id != slug(id))
    table.refuse("id", '"' + id + '"', "lower-case letters, digits and '_', such as \"" + slug(name) + '"');
  return id;
}

SourceSettings read_source(StrictToml& table, const std::optional<TlsSettings>& tls, Listeners& listeners) {
  SourceSettings source;
  source.name = read_name(table);
  source.id = read_id(table, source.name);
  if (!table.has("kind")) table.refuse("kind", "nothing", kKinds);
  int channels = kMostChannels;
  const std::string kind = table.text("kind", "");
  if (kind == "microphone") {
    source.kind = MicrophoneSettings{.device = table.text("device", "default")};
  } else if (kind == "tcp") {
    TcpSettings tcp = read_tcp(table, tls, listeners);
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

// As TOML.
class SourceText {
 public:
  explicit SourceText(TomlText& text) : text_(text) {}

  void pcm(const PcmSettings& pcm) {
    text_.line("format", toml_string(to_string(pcm.format)));
    text_.line("rate_hz", std::to_string(pcm.rate_hz));
    text_.line("channels", std::to_string(pcm.channels));
  }
  void pace(Pace pace) { text_.line("pace", toml_string(pace == Pace::realtime ? "realtime" : "fast")); }

  void idle(std::chrono::milliseconds idle) {
    text_.line("idle_s", toml_real(std::chrono::duration<double>(idle).count()));
  }

  void operator()(const MicrophoneSettings& microphone) {
    text_.line("device", toml_string(microphone.device));
  }
  void operator()(const TcpSettings& tcp) {
    text_.listener({tcp.listen}, tcp.allow);
    pcm(tcp.pcm);
    pace(tcp.pace);
    idle(tcp.idle);
    text_.line("takeover", tcp.takeover ? "true" : "false");
    if (tcp.max_senders) text_.line("max_senders", std::to_string(*tcp.max_senders));
    if (tcp.tls) text_.line("tls", "true");
  }
  void operator()(const StdinSettings& standard_input) {
    pcm(standard_input.pcm);
    pace(standard_input.pace);
  }
  void operator()(const FileSettings& file) {
    text_.line("path", toml_string(std::filesystem::absolute(file.path).string()));
    pace(file.pace);
    text_.line("at_end", toml_string(file.at_end == AtEnd::stop ? "stop" : "loop"));
  }
  void operator()(const CommandSettings& command) {
    text_.line("argv", toml_strings(command.argv));
    pcm(command.pcm);
    pace(command.pace);
    idle(command.idle);
  }

 private:
  TomlText& text_;
};

}  // namespace

std::vector<SourceSettings> read_sources(StrictToml& root, const std::optional<TlsSettings>& tls,
                                         Listeners& listeners) {
  std::vector<SourceSettings> sources;
  std::set<std::string> names;
  std::set<std::string> ids;
  bool standard_input = false;
  for (StrictToml& table : root.tables("source")) {
    SourceSettings source = read_source(table, tls, listeners);
    if (!names.insert(source.name).second) {
      table.refuse("name", '"' + source.name + "\" a second time", "a name that no other source has");
    }
    if (!ids.insert(source.id).second && table.has("id")) {
      table.refuse("id", '"' + source.id + "\" a second time", "an id that no other source has");
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

void write_source(TomlText& text, const SourceSettings& source) {
  text.header("[[source]]");
  text.line("name", toml_string(source.name));
  text.line("id", toml_string(source.id));
  text.line("kind", toml_string(kind_name(source)));
  std::visit(SourceText(text), source.kind);
  text.line("channel", source.channel ? std::to_string(*source.channel) : toml_string("mix"));
  text.line("gain_db", toml_real(source.gain_db));
  if (source.level_dbfs) text.line("level_dbfs", toml_real(*source.level_dbfs));
}

std::string_view kind_name(const SourceSettings& source) noexcept {
  constexpr std::string_view names[] = {"microphone", "tcp", "stdin", "file", "command"};
  return names[source.kind.index()];
}

std::string slug(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0U) == 0x80U) continue;  // of a character that has its '_'
    const bool is_upper = c >= 'A' && c <= 'Z';
    const bool stays = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    result += is_upper ? static_cast<char>(c - 'A' + 'a') : stays ? c : '_';
  }
  return result;
}

bool is_for_many(const SourceSettings& source) noexcept {
  const auto* tcp = std::get_if<TcpSettings>(&source.kind);
  return tcp && tcp->max_senders;
}

bool are_the_same_sound(const SourceSettings& a, const SourceSettings& b) {
  return a.name == b.name && a.channel == b.channel && a.kind == b.kind;
}

std::string_view to_string(SampleFormat format) noexcept {
  return kSampleFormats[static_cast<std::size_t>(format)];
}

std::optional<SampleFormat> sample_format(std::string_view name) noexcept {
  const auto found = std::find(kSampleFormats.begin(), kSampleFormats.end(), name);
  if (found == kSampleFormats.end()) return std::nullopt;
  return static_cast<SampleFormat>(found - kSampleFormats.begin());
}

}  // namespace earshot
