#include "daemon/doctor/SoundCards.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <system_error>

namespace earshot {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 6> kSharing{"earshotd", "earshot-capture", "pulseaudio",
                                                   "pipewire", "pipewire-pulse",  "wireplumber"};

/// The value of "KEY: VALUE" or "KEY   : VALUE" in a file of the kernel's; empty if there is none.
std::string field_of(const fs::path& path, std::string_view key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || !line.starts_with(key)) continue;
    const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
    if (line.find_first_not_of(' ', key.size()) == colon && begin != std::string::npos)
      return line.substr(begin);
  }
  return {};
}

std::vector<fs::path> entries_of(const fs::path& folder, std::string_view begin) {
  std::vector<fs::path> found;
  std::error_code none;
  for (fs::directory_iterator at(folder, none); !none && at != fs::directory_iterator(); at.increment(none)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with(begin) && name.find_first_of("0123456789") == begin.size())
      found.push_back(at->path());
  }
  std::ranges::sort(found);
  return found;
}

std::optional<Process> holder_in(const fs::path& device, const fs::path& proc) {
  for (const fs::path& each : entries_of(device, "sub")) {
    const std::string thread = field_of(each / "status", "owner_pid");
    if (thread.empty()) continue;
    const std::string group = field_of(proc / thread / "status", "Tgid");
    const std::string& number = group.empty() ? thread : group;
    pid_t pid = 0;
    std::from_chars(number.data(), number.data() + number.size(), pid);
    if (pid > 0) return process_of(pid, proc).value_or(Process{.pid = pid, .name = "a program"});
  }
  return std::nullopt;
}

// earshotd itself, or a sound server, which shares it.
bool is_shared_by(const Process& holder) {
  return std::ranges::find(kSharing, std::string_view(holder.name)) != kSharing.end();
}

}  // namespace

std::vector<SoundCard> sound_cards(const fs::path& asound, const fs::path& proc) {
  std::vector<SoundCard> cards;
  for (const fs::path& card : entries_of(asound, "card")) {
    for (const fs::path& device : entries_of(card, "pcm")) {
      const std::string name = device.filename().string();
      if (!name.ends_with('c')) continue;
      const std::string number = name.substr(3, name.size() - 4);
      const std::string card_number = card.filename().string().substr(4);
      cards.push_back({.name = field_of(device / "info", "name") + " (hw:" + card_number + ',' + number + ')',
                       .holder = holder_in(device, proc)});
    }
  }
  return cards;
}

Findings card_findings(const std::vector<SoundCard>& cards, bool microphones) {
  if (cards.empty()) {
    if (!microphones) return {found_ok("none that records; no microphone is configured")};
    return {
        found_doubtful("the kernel has no sound card that records",
                       "plug it in (lsusb, dmesg); into a container pass /dev/snd; with only a sound server "
                       "of another machine it is well")};
  }
  Findings findings;
  for (const SoundCard& card : cards) {
    if (!card.holder) {
      findings.push_back(found_ok(card.name + ", held by nobody"));
    } else if (is_shared_by(*card.holder)) {
      findings.push_back(found_ok(card.name + ", held by " + to_text(*card.holder)));
    } else {
      findings.push_back(found_doubtful(card.name + " is held by " + to_text(*card.holder),
                                        "end it if this is the device that earshotd should hear"));
    }
  }
  return findings;
}

Findings check_cards(const Patient& patient) {
  return card_findings(sound_cards(), !patient.microphones().empty());
}

}  // namespace earshot
