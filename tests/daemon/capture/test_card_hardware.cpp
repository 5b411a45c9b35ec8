// What a sound card is, by a tree as the kernel shows it.
#include <filesystem>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/capture/CardHardware.h"
#include "daemon/capture/DeviceList.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {
namespace {

// /sys with a USB microphone in a port, which is card `card`.
void plug_usb(const TemporaryDirectory& sys, const std::string& port, int card, const std::string& serial) {
  const auto device = sys.path() / "devices" / "usb1" / port;
  std::filesystem::create_directories(device / (port + ":1.0") / "sound");
  const std::string folder = "devices/usb1/" + port + "/";
  sys.write(folder + "idVendor", "0d8c\n");
  sys.write(folder + "idProduct", "0014\n");
  if (!serial.empty()) sys.write(folder + "serial", serial + "\n");
  const auto class_entry = sys.path() / "class" / ("card" + std::to_string(card));
  std::filesystem::create_directories(class_entry);
  std::filesystem::create_directory_symlink(device / (port + ":1.0"), class_entry / "device");
}

}  // namespace

TEST_CASE("a USB card is its vendor, product, serial number and port, whatever its number") {
  const TemporaryDirectory sys;
  plug_usb(sys, "1-1.2", 1, "A0B1");
  plug_usb(sys, "1-1.3", 7, "");
  CHECK(card_hardware("USB PnP: Audio (hw:1,0)", sys / "class") == "usb 0d8c:0014 A0B1 at 1-1.2, 0");
  CHECK(card_hardware("USB PnP: Audio (hw:7,2)", sys / "class") == "usb 0d8c:0014 at 1-1.3, 2");
}

TEST_CASE("what is no card's device is nothing") {
  const TemporaryDirectory sys;
  for (const char* name : {"default", "pulse", "USB (hw:", "USB (hw:x,0)", "USB (hw:1", "USB (hw:1,", "USB (hw:3,0)"})
    CHECK(card_hardware(name, sys / "class").empty());
}

TEST_CASE("a microphone is found again by what it is: renumbered, beside its twin, and not mistaken for another") {
  const CaptureDevice left{.name = "USB (hw:1,0)", .host_api = "ALSA", .hardware = "usb a at 1-1, 0"};
  const CaptureDevice right{.name = "USB (hw:2,0)", .host_api = "ALSA", .hardware = "usb a at 1-2, 0"};
  const CaptureDevice left_renumbered{.name = "USB (hw:4,0)", .host_api = "ALSA", .hardware = "usb a at 1-1, 0"};
  const CaptureDevice other{.name = "HDA (hw:1,0)", .host_api = "ALSA", .hardware = "/sys/devices/pci, 0"};
  using Devices = std::vector<CaptureDevice>;
  CHECK(choose_device(Devices{left, right}, "USB", "") == 0);
  CHECK(choose_device(Devices{left, right}, "USB", right.hardware) == 1);
  CHECK(choose_device(Devices{right, left_renumbered}, "USB", left.hardware) == 1);
  CHECK(choose_device(Devices{right}, "USB", left.hardware) == 0);  // replaced by another one of its name
  CHECK(choose_device(Devices{other, left_renumbered}, "hw:1,0", left.hardware) == 1);
  CHECK(choose_device(Devices{other}, "hw:1,0", left.hardware) == std::nullopt);
  CHECK(choose_device(Devices{other}, "hw:1,0", "") == 0);
  CHECK(choose_device(Devices{other}, "USB", "") == std::nullopt);
}

TEST_CASE("a microphone named with its number is found in another port, and so is one of its model in its place") {
  using Devices = std::vector<CaptureDevice>;
  const auto usb = [](int card, const std::string& hardware) {
    return CaptureDevice{
        .name = "USB (hw:" + std::to_string(card) + ",0)", .host_api = "ALSA", .hardware = "usb 0d8c:0014" + hardware};
  };
  const std::string heard = usb(1, " A0B1 at 1-1.2, 0").hardware;
  const CaptureDevice moved = usb(1, " A0B1 at 1-1.3, 0");
  const CaptureDevice moved_renumbered = usb(2, " A0B1 at 1-1.3, 0");
  const CaptureDevice exchanged = usb(1, " C2D3 at 1-1.2, 0");
  const CaptureDevice twin = usb(2, " C2D3 at 1-1.4, 0");
  CHECK(choose_device(Devices{moved}, "hw:1,0", heard) == 0);
  CHECK(choose_device(Devices{exchanged, moved_renumbered}, "hw:1,0", heard) == 1);
  CHECK(choose_device(Devices{exchanged, moved_renumbered}, "USB", heard) == 1);
  CHECK(choose_device(Devices{twin, exchanged}, "hw:1,0", heard) == 1);
  CHECK(choose_device(Devices{twin}, "hw:1,0", heard) == std::nullopt);
  // Without a serial number one unit is like the other: the name decides.
  CHECK(choose_device(Devices{usb(2, " at 1-1.4, 0"), usb(1, " at 1-1.3, 0")}, "hw:1,0",
                      usb(1, " at 1-1.2, 0").hardware) == 1);
  CHECK(choose_device(Devices{usb(2, " at 1-1.4, 0")}, "hw:1,0", usb(1, " at 1-1.2, 0").hardware) == std::nullopt);
  const CaptureDevice other_model{.name = "USB (hw:1,0)", .host_api = "ALSA", .hardware = "usb 0d8c:0012 A0B1 at 1-1.2, 0"};
  const CaptureDevice second_input{.name = "USB (hw:1,1)", .host_api = "ALSA", .hardware = "usb 0d8c:0014 A0B1 at 1-1.3, 1"};
  CHECK(choose_device(Devices{other_model, second_input}, "hw:1,0", heard) == std::nullopt);
}

}  // namespace earshot::test
