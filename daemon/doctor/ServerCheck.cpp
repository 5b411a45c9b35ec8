#include "daemon/doctor/ServerCheck.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include <spdlog/fmt/fmt.h>

#include "daemon/doctor/Account.h"

namespace earshot {
namespace {

using Answer = SoundServers::Answer;

std::string servers_text(const std::vector<Process>& running) {
  std::string text;
  for (const Process& each : running) {
    text += (text.empty() ? "" : ", ") + to_text(each) + " of user " + user_name(each.uid);
  }
  return text;
}

Finding source_finding(const std::string& device, const PulseSource& source, bool asked_for) {
  const std::string name = fmt::format("\"{}\" is {}", device, source.name);
  if (source.muted)
    return found_wrong(name + ", which is muted", "pactl set-source-mute " + source.name + " 0");
  if (source.volume_percent == 0)
    return found_wrong(name + ", whose volume is 0 %", "pactl set-source-volume " + source.name + " 100%");
  if (source.name.ends_with(".monitor") && !asked_for) {
    return found_doubtful(name + ": what this machine plays, no microphone",
                          "choose one: pactl list short sources, then pactl set-default-source NAME");
  }
  return found_ok(fmt::format("{}, volume {} %, {}", name, source.volume_percent, source.state));
}

}  // namespace

Findings server_findings(const SoundServers& servers, const std::vector<std::string>& devices, uid_t uid) {
  const auto stopped = std::ranges::find(servers.running, 'T', &Process::state);
  if (stopped != servers.running.end() && stopped->uid == uid && !devices.empty()) {
    return {found_wrong(to_text(*stopped) + " is stopped", fmt::format("kill -CONT {}", stopped->pid))};
  }
  const std::string running = servers_text(servers.running);
  if (servers.answer == Answer::late) {
    return {found_wrong("PulseAudio or PipeWire does not answer" + (running.empty() ? "" : ": " + running),
                        "systemctl --user restart pipewire pipewire-pulse, or pulseaudio -k")};
  }
  if (servers.running.empty() && servers.answer != Answer::given)
    return {found_ok("no PulseAudio, no PipeWire: devices are ALSA's alone")};
  const bool is_anothers =
      std::ranges::none_of(servers.running, [&](const Process& each) { return each.uid == uid; });
  if (is_anothers && servers.answer != Answer::given) {
    const std::string text = running + ", while earshotd runs as " + user_name(uid);
    if (devices.empty()) return {found_ok(text)};
    return {found_doubtful(text + ": the server may hold the microphone",
                           "on a desktop run it as that user: systemctl --user enable --now earshotd")};
  }
  if (servers.answer == Answer::none && !devices.empty()) {
    return {found_doubtful(
        running + ": it takes no connection of earshotd's user here",
        "see XDG_RUNTIME_DIR and PULSE_SERVER; systemctl --user status pipewire-pulse pulseaudio")};
  }
  Findings findings{found_ok(servers.running.empty() ? "a server of elsewhere answers" : running)};
  for (const std::string& device : devices) {
    const PulseSource* source = servers.source_of(device);
    const bool asked_for = source && (device == source->name || std::getenv("PULSE_SOURCE"));
    if (source) findings.push_back(source_finding(device, *source, asked_for));
  }
  return findings;
}

Findings check_server(const Patient& patient) {
  std::vector<std::string> devices;
  for (const SourceSettings* each : patient.microphones())
    devices.push_back(std::get<MicrophoneSettings>(each->kind).device);
  return server_findings(ask_sound_servers(), devices, patient.account.uid);
}

}  // namespace earshot
