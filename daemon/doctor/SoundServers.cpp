#include "daemon/doctor/SoundServers.h"

#include <sys/wait.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <sstream>

#include "daemon/doctor/LimitedProcess.h"

namespace earshot {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kPactlPatience = 1500ms;

// "Volume: front-left: 65536 / 100% / 0.00 dB, ..."
int percent_in(const std::string& text) {
  const std::size_t end = text.find('%');
  const std::size_t begin = end == std::string::npos ? end : text.find_last_not_of("0123456789", end - 1);
  int percent = 100;
  if (begin != std::string::npos) std::from_chars(text.data() + begin + 1, text.data() + end, percent);
  return percent;
}

std::string value_of(std::string_view text, std::string_view key) {
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(key)) return line.substr(key.size());
  }
  return {};
}

}  // namespace

std::vector<PulseSource> parse_pulse_sources(std::string_view text) {
  std::vector<PulseSource> sources;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("Source #")) sources.emplace_back();
    const std::size_t begin = line.find_first_not_of("\t ");
    if (sources.empty() || begin != 1) continue;  // deeper ones are of ports and formats
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    const std::string key = line.substr(begin, colon - begin);
    const std::string value = line.substr(colon + 2);
    PulseSource& source = sources.back();
    if (key == "State") source.state = value;
    if (key == "Name") source.name = value;
    if (key == "Description") source.description = value;
    if (key == "Mute") source.muted = value == "yes";
    if (key == "Volume") source.volume_percent = percent_in(value);
  }
  return sources;
}

const PulseSource* SoundServers::source_of(std::string_view device) const {
  std::string_view wanted = device;
  if (device == "default" || device == "pulse") {
    const char* chosen = std::getenv("PULSE_SOURCE");
    wanted = chosen && *chosen ? std::string_view(chosen) : std::string_view(default_source);
  }
  if (wanted.empty()) return nullptr;
  const auto exact = std::ranges::find(sources, wanted, &PulseSource::name);
  return exact == sources.end() ? nullptr : &*exact;
}

SoundServers ask_sound_servers() {
  SoundServers servers;
  for (const char* name : {"pulseaudio", "pipewire", "pipewire-pulse"}) {
    const auto found = processes_called(name);
    servers.running.insert(servers.running.end(), found.begin(), found.end());
  }
  if (servers.running.empty() && !std::getenv("PULSE_SERVER")) {
    servers.answer = SoundServers::Answer::none;  // asked all the same, pactl would start one
    return servers;
  }
  const Told info = program_within(kPactlPatience, {"pactl", "info"});
  if (!info.in_time) {
    servers.answer = SoundServers::Answer::late;
  } else if (WIFEXITED(info.status) && WEXITSTATUS(info.status) == 127) {
    servers.answer = SoundServers::Answer::not_asked;
  } else if (!info.is_good()) {
    servers.answer = SoundServers::Answer::none;
  } else {
    servers.answer = SoundServers::Answer::given;
    servers.default_source = value_of(info.text, "Default Source: ");
    servers.sources = parse_pulse_sources(program_within(kPactlPatience, {"pactl", "list", "sources"}).text);
  }
  return servers;
}

}  // namespace earshot
