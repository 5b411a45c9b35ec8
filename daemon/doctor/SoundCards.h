// SoundCards: the devices that record, as the kernel has them, and who has one open; check_cards tells.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "daemon/doctor/Finding.h"
#include "daemon/doctor/Patient.h"
#include "daemon/doctor/Processes.h"

namespace earshot {

/// A device that records, of a card.
struct SoundCard {
  std::string name;               ///< "Yeti Stereo Microphone (hw:1,0)"
  std::optional<Process> holder;  ///< who has it open
};

/// `asound` is the kernel's folder.
std::vector<SoundCard> sound_cards(const std::filesystem::path& asound = "/proc/asound",
                                   const std::filesystem::path& proc = "/proc");

/// `microphones`: there is at least one in the configuration.
Findings card_findings(const std::vector<SoundCard>& cards, bool microphones);
Findings check_cards(const Patient& patient);

}  // namespace earshot
