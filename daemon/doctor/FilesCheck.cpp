#include "daemon/doctor/FilesCheck.h"

#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "daemon/capture/FindProgram.h"

namespace earshot {
namespace {

bool lies_below(const std::filesystem::path& path, const std::filesystem::path& folder) {
  const auto [in_folder, in_path] = std::ranges::mismatch(folder, path);
  return in_folder == folder.end();
}

Finding file_finding(const ConfiguredFile& file, const Patient& patient) {
  const std::string text = file.key + ' ' + file.path.string();
  if (patient.is_service) {
    if (const std::string by = hidden_by(patient.unit, file.path); !by.empty()) {
      const bool home = by.starts_with("ProtectHome");
      return found_wrong(
          text + ": earshotd.service does not see it, " + by,
          std::string("move it to /usr/local/share/earshot or /var/lib/earshot") +
              (home ? "; or sudo systemctl edit earshotd: [Service] ProtectHome=read-only" : ""));
    }
  }
  const std::string why = refusal(patient.account, file.path, file.is_run ? X_OK : R_OK);
  if (why.empty()) return found_ok(text);
  std::error_code none;
  const bool missing = !std::filesystem::exists(file.path, none) && !none;
  return found_wrong(
      file.key + ' ' + why,
      missing ? "put it there, or change " + file.key
              : "sudo chmod o+rX each of its folders and the file, or, if others must not read it, sudo "
                "chgrp earshot and chmod g+r");
}

Finding program_finding(const std::string& key, const std::string& name) {
  return found_wrong(key + ": there is no program \"" + name + "\" in PATH",
                     "install it, or give its whole path");
}

}  // namespace

std::vector<ConfiguredFile> configured_files(const Config& config) {
  std::vector<ConfiguredFile> files{{"[model] path", std::filesystem::absolute(config.model.path)}};
  for (const SourceSettings& each : config.sources) {
    const std::string key = "[[source]] \"" + each.name + "\" ";
    if (const auto* file = std::get_if<FileSettings>(&each.kind))
      files.push_back({key + "path", std::filesystem::absolute(file->path)});
    if (const auto* command = std::get_if<CommandSettings>(&each.kind)) {
      const auto program = find_program(command->argv.front());
      files.push_back(
          {key + "argv", program ? *program : std::filesystem::path(command->argv.front()), true});
    }
  }
  return files;
}

std::string hidden_by(const ServiceUnit& unit, const std::filesystem::path& path) {
  const auto lies_in = [&](std::initializer_list<const char*> folders) {
    return std::ranges::any_of(folders, [&](const char* folder) { return lies_below(path, folder); });
  };
  const bool hides_home = unit.protect_home == "yes" || unit.protect_home == "tmpfs";
  if (hides_home && lies_in({"/home", "/root", "/run/user"})) return "ProtectHome=" + unit.protect_home;
  if (unit.private_tmp && lies_in({"/tmp", "/var/tmp"})) return "PrivateTmp=yes";
  return {};
}

Findings check_files(const Patient& patient) {
  Findings findings;
  for (const ConfiguredFile& each : configured_files(*patient.config)) {
    const bool sought = each.is_run && !each.path.has_parent_path();  // in PATH, and not found
    findings.push_back(sought ? program_finding(each.key, each.path.string()) : file_finding(each, patient));
  }
  if (patient.is_service && patient.path &&
      !hidden_by(patient.unit, std::filesystem::absolute(*patient.path)).empty())
    findings.push_back(
        file_finding({"the configuration", std::filesystem::absolute(*patient.path)}, patient));
  return findings;
}

}  // namespace earshot
