// The list of devices: what a line tells, what JSON tells, and who may not look.
#include <filesystem>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/capture/DeviceList.h"
#include "tests/support/AsNobody.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {
namespace {

const std::vector<CaptureDevice> kDevices{{.name = "HDA: Analog (hw:0,0)", .host_api = "ALSA", .channels = 2, .rate_hz = 48'000},
                                          {.name = "pulse", .host_api = "ALSA", .channels = 32, .rate_hz = 44'100, .is_default = true}};

}  // namespace

TEST_CASE("a listing names a device by part of its name, or as the default") {
  const std::string lines = device_lines(kDevices);
  CHECK(lines ==
        "  HDA: Analog (hw:0,0)  (ALSA, channels: 2, 48000 Hz)\n"
        "* pulse  (ALSA, channels: 32, 44100 Hz)\n");
  CHECK(choose_device(kDevices, "default", "") == 1);
  CHECK(choose_device(kDevices, "Analog (hw:0", "") == 0);
  CHECK(choose_device(kDevices, "pulse", "") == 1);
  CHECK(choose_device(kDevices, "ALSA", "") == std::nullopt);
}

TEST_CASE("a device's name is one line, whatever is in it") {
  const std::vector<CaptureDevice> devices{{.name = "USB\n* \x1b[31mforged  (ALSA", .host_api = "ALSA", .channels = 1, .rate_hz = 16'000}};
  const std::string lines = device_lines(devices);
  CHECK(lines == "  USB\\n* \\x1b[31mforged  (ALSA  (ALSA, channels: 1, 16000 Hz)\n");
  CHECK(device_names(devices) == "\"USB\\n* \\x1b[31mforged  (ALSA\"");
}

TEST_CASE("JSON has a device's name as it is") {
  CHECK(device_json(kDevices) ==
        "[{\"name\":\"HDA: Analog (hw:0,0)\",\"host_api\":\"ALSA\",\"channels\":2,\"rate_hz\":48000,\"default\":false},"
        "{\"name\":\"pulse\",\"host_api\":\"ALSA\",\"channels\":32,\"rate_hz\":44100,\"default\":true}]\n");
  CHECK(device_json({}) == "[]\n");
}

TEST_CASE("a device that this user may not open is named with the reason, one that he may is not") {
  const TemporaryDirectory directory;
  std::filesystem::permissions(directory.path(), std::filesystem::perms::all);
  const std::filesystem::path capture = directory.write("pcmC1D0c", "");
  std::filesystem::permissions(directory.write("pcmC1D0p", ""), std::filesystem::perms::none);  // it plays
  CHECK(denied_devices(directory.path()).empty());
  CHECK(denied_devices(directory / "none").empty());
  std::filesystem::permissions(capture, std::filesystem::perms::none);
  const std::string expected = ": " + capture.string() + ": Permission denied (those in the group audio may)";
  CHECK(as_nobody([&] { return denied_devices(directory.path()) == expected; }));
}

}  // namespace earshot::test
