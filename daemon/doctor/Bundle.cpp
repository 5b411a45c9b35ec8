#include "daemon/doctor/Bundle.h"

#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>

#include <spdlog/fmt/fmt.h>

#include "daemon/books/ReadBooks.h"
#include "daemon/capture/PortAudio.h"
#include "daemon/client/BooksPage.h"
#include "daemon/client/Since.h"
#include "daemon/doctor/LimitedProcess.h"
#include "daemon/doctor/Redaction.h"
#include "dsp/base/Error.h"
#include "dsp/base/ReadFile.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kDevicesPatience = 4s;
constexpr int kJournalLines = 100;
constexpr std::uintmax_t kMostConfigBytes = 1 << 20;
constexpr std::string_view kPreface =
    "Earshot: a report by `earshot doctor --bundle`. READ IT BEFORE YOU SEND IT.\n"
    "Passwords, tokens, what follows an URL's scheme and most arguments of programs are ***, people USER, "
    "the machine HOST,\n"
    "addresses 192.0.2.x and 2001:db8::x. Names of sources, devices, files and MQTT topics are as they "
    "are.\n";

/// What follows `key` in the first line of a file that begins with it, without what is around it.
std::string line_value(const char* path, std::string_view key, std::string_view around) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t begin = line.find_first_not_of(around, key.size());
    const std::size_t end = line.find_last_not_of(around);
    return begin == std::string::npos ? std::string() : line.substr(begin, end + 1 - begin);
  }
  return "not known";
}

std::string machine_text() {
  utsname kernel{};
  ::uname(&kernel);
  return fmt::format("earshot {}\n{}\nkernel {} {}\nprocessor {}, {} cores\nmemory {}\n", EARSHOT_VERSION,
                     line_value("/etc/os-release", "PRETTY_NAME=", "\""), kernel.release, kernel.machine,
                     line_value("/proc/cpuinfo", "model name", "\t :"), std::thread::hardware_concurrency(),
                     line_value("/proc/meminfo", "MemTotal:", " "));
}

std::string devices_text() {
  const Told told = run_within(kDevicesPatience, [](int output) {
    const std::string lines = device_lines(PortAudio().devices());
    [[maybe_unused]] const ssize_t written = ::write(output, lines.data(), lines.size());
  });
  return told.in_time ? told.text : "no answer within 4 s\n";
}

std::string journal_text(const ServiceUnit& unit) {
  std::string text;
  for (const std::string& line : last_log_lines(unit, kJournalLines)) text += printable(line) + '\n';
  return text.empty() ? "none that this user may read\n" : text;
}

std::string last_day(const std::filesystem::path& folder) {
  const UtcTime now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  try {
    const Since since = parse_since("24h", now);
    return books_page(read_books(folder, since.moment), since, folder.string());
  } catch (const Error& error) {
    return std::string(error.what()) + '\n';
  }
}

/// As it was written, where it can be read.
std::string raw_config(const Patient& patient) {
  if (!patient.path) return {};
  try {
    return read_file(*patient.path, kMostConfigBytes, "a configuration");
  } catch (const Error&) {
    return {};  // the doctor's lines say why
  }
}

Secrets secrets_of(const Patient& patient) {
  Secrets secrets{.host = {},
                  .users = {this_account().name},
                  .words = patient.config ? secret_words(to_toml(*patient.config), false)
                                          : secret_words(raw_config(patient), true)};
  utsname kernel{};
  if (::uname(&kernel) == 0) secrets.host = kernel.nodename;
  if (const char* user = std::getenv("SUDO_USER")) secrets.users.emplace_back(user);
  if (patient.path) {
    // Paths in lines that are cut short still name whose home it is.
    const std::string path = std::filesystem::absolute(*patient.path).string();
    if (path.starts_with("/home/")) secrets.users.push_back(path.substr(6, path.find('/', 6) - 6));
  }
  return secrets;
}

}  // namespace

void check_new_file(const std::filesystem::path& path) {
  const std::string name = "--bundle " + printable(path.string());
  std::error_code none;
  if (std::filesystem::exists(std::filesystem::symlink_status(path, none)))
    throw Error(ExitCode::usage, name + ": found something there, expected a new file's name");
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  if (!std::filesystem::is_directory(folder, none))
    throw Error(ExitCode::io, name + ": found no folder " + printable(folder.string()) + ", expected one");
}

std::string bundle_text(const Patient& patient, std::string_view lines) {
  Redaction redaction(secrets_of(patient));
  std::string text(kPreface);
  const auto add = [&](std::string_view title, std::string_view part) {
    text += fmt::format("\n## {}\n", title);
    text += redaction.of(part);
  };
  add("What the doctor says", lines);
  add("Machine", machine_text());
  add("Configuration", patient.config ? without_arguments(to_toml(*patient.config)) : "none that is good\n");
  add("Devices", devices_text());
  add("Heartbeat", patient.word.heartbeat ? patient.word.heartbeat_line + '\n' : "none\n");
  add("Log", journal_text(patient.unit));
  add("Books of the last 24 h", last_day(books_directory(patient)));
  return text;
}

void write_bundle(const std::filesystem::path& path, std::string_view text) {
  const std::string name = "--bundle " + printable(path.string());
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0 && errno == EEXIST) check_new_file(path);
  if (file < 0) throw Error(ExitCode::io, name + ": " + std::generic_category().message(errno));
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const std::string reason = std::generic_category().message(errno);
      ::close(file);
      throw Error(ExitCode::io, name + ": " + reason);
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  ::close(file);
}

}  // namespace earshot
