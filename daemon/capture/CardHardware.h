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

/// Whether two such texts are of one and the same USB device, as its serial number tells, whatever port it is in.
bool is_same_unit(std::string_view one, std::string_view other) noexcept;
/// Whether they are of USB devices of the same vendor and product, and of the same device of the card.
bool is_same_model(std::string_view one, std::string_view other) noexcept;

}  // namespace earshot
