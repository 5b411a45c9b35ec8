#include "daemon/doctor/ServiceUnit.h"

#include <charconv>
#include <sstream>

#include "daemon/doctor/LimitedProcess.h"

namespace earshot {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kSystemdPatience = 2500ms;
constexpr const char* kUnitName = "earshotd.service";
constexpr const char* kUnitProperties =
    "LoadState,ActiveState,UnitFileState,Result,ExecMainStatus,NRestarts,User,ExecStart,ProtectHome,"
    "PrivateTmp,"
    "IPAddressDeny,IPAddressAllow";

int whole_number_in(std::string_view text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::vector<IpNetwork> networks_in(const std::string& text) {
  std::vector<IpNetwork> networks;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (const auto network = parse_network(word)) networks.push_back(*network);
  }
  return networks;
}

// "{ path=... ; argv[]=/usr/bin/earshotd --config /etc/earshot/earshot.toml ; ... }"
std::optional<std::filesystem::path> config_in(const std::string& command) {
  std::istringstream words(command);
  for (std::string word; words >> word;) {
    if (word.starts_with("--config=")) return word.substr(word.find('=') + 1);
    if (word == "--config" && words >> word) return word;
  }
  return std::nullopt;
}

std::vector<std::string> unit_command(const std::string& program, bool of_user) {
  std::vector<std::string> argv{program};
  if (of_user) argv.emplace_back("--user");
  return argv;
}

ServiceUnit ask_for(bool of_user) {
  std::vector<std::string> argv = unit_command("systemctl", of_user);
  for (const char* word : {"show", kUnitName, "--no-pager", "-p", kUnitProperties}) argv.emplace_back(word);
  const Told told = program_within(kSystemdPatience, argv);
  ServiceUnit unit;
  if (told.is_good()) {
    unit = parse_unit(told.text);
  } else if (!told.in_time) {
    unit.presence = ServiceUnit::Presence::no_answer;
  }
  unit.of_user = of_user;
  return unit;
}

}  // namespace

ServiceUnit parse_unit(std::string_view properties) {
  ServiceUnit unit;
  std::istringstream lines{std::string(properties)};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    const std::string key = line.substr(0, equals);
    const std::string value = line.substr(equals + 1);
    if (key == "LoadState")
      unit.presence =
          value == "not-found" ? ServiceUnit::Presence::not_installed : ServiceUnit::Presence::installed;
    if (key == "ActiveState") unit.active = value;
    if (key == "UnitFileState") unit.enabled = value;
    if (key == "Result") unit.result = value;
    if (key == "ExecMainStatus") unit.exit_status = whole_number_in(value);
    if (key == "NRestarts") unit.restarts = whole_number_in(value);
    if (key == "User") unit.user = value;
    if (key == "ExecStart") unit.config = config_in(value);
    if (key == "ProtectHome") unit.protect_home = value;
    if (key == "PrivateTmp") unit.private_tmp = value == "yes";
    if (key == "IPAddressDeny") unit.deny = networks_in(value);
    if (key == "IPAddressAllow") unit.allow = networks_in(value);
  }
  return unit;
}

ServiceUnit ask_systemd() {
  ServiceUnit system = ask_for(false);
  if (system.presence != ServiceUnit::Presence::not_installed) return system;
  ServiceUnit user = ask_for(true);
  return user.is_installed() ? user : system;
}

std::vector<std::string> last_log_lines(const ServiceUnit& unit, int lines) {
  if (!unit.is_installed()) return {};
  std::vector<std::string> argv = unit_command("journalctl", unit.of_user);
  for (const char* word : {"-u", kUnitName, "--no-pager", "-q", "-o", "short-iso", "-n"})
    argv.emplace_back(word);
  argv.push_back(std::to_string(lines));
  const Told told = program_within(kSystemdPatience, argv);
  std::vector<std::string> found;
  std::istringstream text(told.is_good() ? told.text : "");
  for (std::string line; std::getline(text, line);) found.push_back(line);
  return found;
}

}  // namespace earshot
