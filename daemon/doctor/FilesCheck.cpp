#include "daemon/doctor/FilesCheck.h"

#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "daemon/capture/FindProgram.h"
#include "daemon/net/SecretFile.h"

namespace earshot {
namespace {

using Use = ConfiguredFile::Use;

bool lies_below(const std::filesystem::path& path, const std::filesystem::path& folder) {
  const auto [in_folder, in_path] = std::ranges::mismatch(folder, path);
  return in_folder == folder.end();
}

std::string opened_how(const ConfiguredFile& file, const Account& account) {
  if (file.use == Use::keep_secret) {
    const std::string path = file.path.string();
    return "sudo chgrp " + account.name + ' ' + path + " && sudo chmod g=r,o= " + path +
           "; each of its folders: sudo chmod o+x";
  }
  return "sudo chmod o+rX each of its folders and the file, or, if others must not read it, sudo chgrp "
         "earshot and chmod g+r";
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
  const std::string why = refusal(patient.account, file.path, file.use == Use::run ? X_OK : R_OK);
  if (why.empty() && file.use == Use::keep_secret && is_open_to_all(file.path))
    return found_wrong(text + ": every user of this machine may read or write it, so earshotd refuses it",
                       opened_how(file, patient.account));
  if (why.empty()) return found_ok(text);
  std::error_code none;
  const bool missing = !std::filesystem::exists(file.path, none) && !none;
  return found_wrong(file.key + ' ' + why,
                     missing ? "put it there, or change " + file.key : opened_how(file, patient.account));
}

Finding program_finding(const std::string& key, const std::string& name) {
  return found_wrong(key + ": there is no program \"" + name + "\" in PATH",
                     "install it, or give its whole path");
}

void add_program(std::vector<ConfiguredFile>& files, const std::string& key, const std::string& name) {
  files.push_back({key, find_program(name).value_or(name), Use::run});
}

}  // namespace

std::vector<ConfiguredFile> configured_files(const Config& config) {
  std::vector<ConfiguredFile> files{{"[model] path", std::filesystem::absolute(config.model.path)}};
  for (const SourceSettings& each : config.sources) {
    const std::string key = "[[source]] \"" + each.name + "\" ";
    if (const auto* file = std::get_if<FileSettings>(&each.kind))
      files.push_back({key + "path", std::filesystem::absolute(file->path)});
    if (const auto* command = std::get_if<CommandSettings>(&each.kind))
      add_program(files, key + "argv", command->argv.front());
  }
  const auto add = [&](const char* key, const std::filesystem::path& path, Use use) {
    if (!path.empty()) files.push_back({key, std::filesystem::absolute(path), use});
  };
  if (const auto& mqtt = config.publish_mqtt) {
    add("[publish.mqtt] password_file", mqtt->password_file, Use::keep_secret);
    add("[publish.mqtt] ca_file", mqtt->ca_file, Use::read);
  }
  if (const auto& tls = config.publish_tls) {
    add("[publish.tls] certificate", tls->certificate, Use::read);
    add("[publish.tls] key", tls->key, Use::keep_secret);
    add("[publish.tls] token_file", tls->token_file, Use::keep_secret);
  }
  for (const ActionSettings& each : config.actions) {
    if (const auto* command = std::get_if<ActionCommand>(&each.what))
      add_program(files, "[[action]] command", command->argv.front());
    if (const auto* post = std::get_if<ActionUrl>(&each.what))
      add("[[action]] token_file", post->token_file, Use::keep_secret);
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
    const bool sought = each.use == Use::run && !each.path.has_parent_path();  // in PATH, and not found
    findings.push_back(sought ? program_finding(each.key, each.path.string()) : file_finding(each, patient));
  }
  if (patient.is_service && patient.path &&
      !hidden_by(patient.unit, std::filesystem::absolute(*patient.path)).empty())
    findings.push_back(
        file_finding({"the configuration", std::filesystem::absolute(*patient.path)}, patient));
  return findings;
}

}  // namespace earshot
