#include "daemon/capture/CardHardware.h"

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

}  // namespace earshot
