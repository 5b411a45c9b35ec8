#include "daemon/RunningDaemon.h"

#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "daemon/capture/CaptureHelper.h"
#include "daemon/capture/CommandKeeper.h"
#include "dsp/base/Error.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kProgram = "earshotd";
constexpr std::string_view kConfigOption = "--config";

std::optional<pid_t> pid_of(std::string_view text) {
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc() || end != text.data() + text.size() || pid <= 0) return std::nullopt;
  return pid;
}

// Of a process; empty if it is gone.
std::vector<std::string> arguments_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline", std::ios::binary);
  std::vector<std::string> arguments;
  for (std::string argument; std::getline(file, argument, '\0');) arguments.push_back(argument);
  return arguments;
}

bool is_daemon(const std::vector<std::string>& arguments) {
  if (arguments.empty() || fs::path(arguments[0]).filename() != kProgram) return false;
  return arguments.size() < 2 || (arguments[1] != kCaptureHelper && arguments[1] != kCommandKeeper);
}

std::optional<fs::path> config_of(const std::vector<std::string>& arguments) {
  const std::string joined = std::string(kConfigOption) + '=';
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    if (arguments[i] == kConfigOption && i + 1 < arguments.size()) return arguments[i + 1];
    if (arguments[i].starts_with(joined)) return arguments[i].substr(joined.size());
  }
  return std::nullopt;
}

// Relative paths are relative to where it runs, which is not told of somebody else's process.
bool runs_by(pid_t pid, const std::optional<fs::path>& its, const std::optional<fs::path>& ours) {
  if (!its || !ours) return !its && !ours;
  std::error_code ignored;
  const fs::path folder = fs::read_symlink("/proc/" + std::to_string(pid) + "/cwd", ignored);
  return fs::equivalent(folder / *its, *ours, ignored);
}

std::vector<pid_t> running(const std::optional<fs::path>& config) {
  std::vector<pid_t> found;
  std::error_code error;
  for (fs::directory_iterator each("/proc", error); !error && each != fs::directory_iterator();
       each.increment(error)) {
    const std::optional<pid_t> pid = pid_of(each->path().filename().string());
    if (!pid || *pid == ::getpid()) continue;
    const std::vector<std::string> arguments = arguments_of(*pid);
    if (is_daemon(arguments) && runs_by(*pid, config_of(arguments), config)) found.push_back(*pid);
  }
  return found;
}

pid_t find_running(const std::optional<fs::path>& config) {
  if (const char* main = std::getenv("MAINPID")) {
    if (const std::optional<pid_t> pid = pid_of(main)) return *pid;
  }
  const std::vector<pid_t> found = running(config);
  if (found.size() == 1) return found.front();
  const std::string by = config ? "by " + printable(config->string()) : "without --config";
  if (found.empty()) {
    throw Error(ExitCode::unavailable, "found no earshotd that runs " + by +
                                           ", expected one; of the service: systemctl reload earshotd");
  }
  throw Error(ExitCode::unavailable, fmt::format("found {} that run {}, expected one", found.size(), by));
}

}  // namespace

void reload_running(const std::optional<fs::path>& config) {
  const pid_t pid = find_running(config);
  if (::kill(pid, SIGHUP) == 0) return;
  throw Error(ExitCode::unavailable,
              fmt::format("earshotd {}: cannot be told: {}", pid, std::generic_category().message(errno)));
}

}  // namespace earshot
