// What a sound card is, whatever number the kernel gave it today.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace earshot {

/// Of the device that PortAudio calls `name`, "USB PnP: Audio (hw:1,0)": "usb 0d8c:0014 SERIAL at 1-1.2, 0" (vendor,
/// product, serial number if it has one, port, device of the card), of other cards the kernel's path to it. Empty for a
/// device that is no card's.
std::string card_hardware(std::string_view name, const std::filesystem::path& classes = "/sys/class/sound");

}  // namespace earshot
