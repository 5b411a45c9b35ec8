#include "daemon/doctor/Checks.h"

#include "daemon/doctor/BrokerCheck.h"
#include "daemon/doctor/CertificateCheck.h"
#include "daemon/doctor/ClockCheck.h"
#include "daemon/doctor/ConfigCheck.h"
#include "daemon/doctor/DevicesCheck.h"
#include "daemon/doctor/DiskCheck.h"
#include "daemon/doctor/FilesCheck.h"
#include "daemon/doctor/LevelCheck.h"
#include "daemon/doctor/LimitsCheck.h"
#include "daemon/doctor/ModelCheck.h"
#include "daemon/doctor/NetworkCheck.h"
#include "daemon/doctor/PortsCheck.h"
#include "daemon/doctor/ServerCheck.h"
#include "daemon/doctor/SoundCards.h"
#include "daemon/doctor/SpeedCheck.h"
#include "daemon/doctor/UnitCheck.h"
#include "daemon/doctor/UserCheck.h"

namespace earshot {
namespace {

constexpr std::string_view kSoundHangs =
    "a driver or sound server does not answer: restart the sound server, unplug the device and plug it in "
    "again";

constexpr std::string_view kNamesHang =
    "no name server answers: getent hosts, with the name; or give broker of [publish.mqtt] an address";

constexpr Check kChecks[] = {
    {.name = "config", .run = check_config, .needs_config = false, .code = ExitCode::config},
    {.name = "model", .run = check_model, .code = ExitCode::config},
    {.name = "user", .run = check_user},
    {.name = "cards", .run = check_cards, .needs_config = false},
    {.name = "server", .run = check_server, .as_account = true},
    {.name = "devices", .run = check_devices, .as_account = true, .when_late = kSoundHangs},
    {.name = "level", .run = check_level, .as_account = true, .when_late = kSoundHangs},
    {.name = "ports", .run = check_ports},
    {.name = "clock", .run = check_clock, .needs_config = false},
    {.name = "disk", .run = check_disk, .needs_config = false},
    {.name = "unit", .run = check_unit, .needs_config = false},
    {.name = "files", .run = check_files, .code = ExitCode::config},
    {.name = "tls", .run = check_certificate, .as_account = true, .code = ExitCode::config},
    {.name = "network", .run = check_network},
    {.name = "broker", .run = check_broker, .when_late = kNamesHang},
    {.name = "speed", .run = check_speed, .needs_config = false},
    {.name = "limits", .run = check_limits, .needs_config = false},
};

}  // namespace

std::span<const Check> all_checks() {
  return kChecks;
}

}  // namespace earshot
