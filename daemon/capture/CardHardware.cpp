#include "daemon/capture/CardHardware.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <system_error>

namespace earshot {
namespace {

struct CardDevice {
  int card = 0;
  int device = 0;
};

// "... (hw:1,0)"
std::optional<CardDevice> card_device(std::string_view name) {
  const std::size_t at = name.rfind("(hw:");
  if (at == std::string_view::npos) return std::nullopt;
  const char* const end = name.data() + name.size();
  CardDevice found;
  const auto card = std::from_chars(name.data() + at + 4, end, found.card);
  if (card.ec != std::errc() || card.ptr == end || *card.ptr != ',') return std::nullopt;
  const auto device = std::from_chars(card.ptr + 1, end, found.device);
  if (device.ec != std::errc()) return std::nullopt;
  return found;
}

/// What card_hardware() has written of a USB device; else all of it is empty.
struct UsbText {
  std::string_view model;   // "usb 0d8c:0014"
  std::string_view serial;  // may be anything
  std::string_view device;  // ", 0"
};

UsbText usb_text(std::string_view hardware) noexcept {
  constexpr std::string_view kUsb = "usb ";
  constexpr std::string_view kAt = " at ";
  const std::size_t at = hardware.rfind(kAt);
  if (!hardware.starts_with(kUsb) || at == std::string_view::npos) return {};
  const std::string_view unit = hardware.substr(0, at);
  const std::string_view place = hardware.substr(at + kAt.size());
  const std::size_t model_end = std::min(unit.find(' ', kUsb.size()), unit.size());
  return {.model = unit.substr(0, model_end),
          .serial = unit.substr(model_end),
          .device = place.substr(std::min(place.find(','), place.size()))};
}

std::string first_line(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

}  // namespace

std::string card_hardware(std::string_view name, const std::filesystem::path& classes) {
  const auto found = card_device(name);
  if (!found) return {};
  std::error_code none;
  const std::filesystem::path interface =
      std::filesystem::canonical(classes / ("card" + std::to_string(found->card)) / "device", none);
  if (none) return {};
  const std::string device = ", " + std::to_string(found->device);
  // A USB card's device is an interface of it, "1-1.2:1.0"; the folder above is the port's.
  const std::filesystem::path port = interface.parent_path();
  const std::string vendor = first_line(port / "idVendor");
  if (vendor.empty()) return interface.string() + device;
  const std::string serial = first_line(port / "serial");
  return "usb " + vendor + ':' + first_line(port / "idProduct") + (serial.empty() ? "" : ' ' + serial) + " at " +
         port.filename().string() + device;
}

bool is_same_unit(std::string_view one, std::string_view other) noexcept {
  return is_same_model(one, other) && !usb_text(one).serial.empty() &&
         usb_text(one).serial == usb_text(other).serial;
}

bool is_same_model(std::string_view one, std::string_view other) noexcept {
  const UsbText a = usb_text(one);
  const UsbText b = usb_text(other);
  return !a.model.empty() && a.model == b.model && a.device == b.device;
}

}  // namespace earshot
