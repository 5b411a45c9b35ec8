#include "tests/soak/Resources.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "daemon/capture/Source.h"
#include "daemon/hearing/BootClock.h"

namespace earshot::soak {
namespace {

using namespace std::chrono_literals;

constexpr auto kInterval = 5s;

std::string proc(pid_t pid) {
  return "/proc/" + std::to_string(pid);
}

double status_number(pid_t pid, const std::string& key) {
  std::ifstream status(proc(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key)) return std::stod(line.substr(key.size()));
  }
  return 0.0;
}

std::size_t entries(const std::string& directory) {
  std::error_code gone;
  std::size_t count = 0;
  using Iterator = std::filesystem::directory_iterator;
  for (Iterator at(directory, gone); !gone && at != Iterator(); at.increment(gone)) ++count;
  return count;
}

std::vector<pid_t> children(pid_t pid) {
  std::vector<pid_t> found;
  std::error_code gone;
  using Iterator = std::filesystem::directory_iterator;
  for (Iterator at(proc(pid) + "/task", gone); !gone && at != Iterator(); at.increment(gone)) {
    std::ifstream list(at->path() / "children");
    for (pid_t child = 0; list >> child;) found.push_back(child);
  }
  return found;
}

}  // namespace

std::vector<pid_t> descendants(pid_t pid) {
  std::vector<pid_t> all = children(pid);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::vector<pid_t> more = children(all[i]);
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

std::optional<Taken> look_at(pid_t pid) {
  Taken taken;
  taken.at_s = std::chrono::duration<double>(BootClock::now().time_since_epoch()).count();
  taken.pid = pid;
  taken.daemon_mb = status_number(pid, "VmRSS:") / 1024.0;
  taken.threads = static_cast<std::size_t>(status_number(pid, "Threads:"));
  taken.descriptors = entries(proc(pid) + "/fd");
  for (const pid_t helper : descendants(pid)) {
    ++taken.helpers;
    taken.helpers_mb += status_number(helper, "VmRSS:") / 1024.0;
  }
  if (taken.daemon_mb == 0.0) return std::nullopt;
  return taken;
}

std::string to_text(const Taken& taken) {
  return fmt::format("takes {:.1f} MB, {:.1f} in {} helpers, {} threads, {} descriptors", taken.daemon_mb,
                     taken.helpers_mb, taken.helpers, taken.threads, taken.descriptors);
}

std::optional<double> slope_per_h(const std::vector<Taken>& samples,
                                  const std::function<double(const Taken&)>& value) {
  if (samples.size() < 3) return std::nullopt;
  const auto n = static_cast<double>(samples.size());
  double sum_t = 0.0;
  double sum_v = 0.0;
  double sum_tt = 0.0;
  double sum_tv = 0.0;
  for (const Taken& each : samples) {
    const double t = each.at_s - samples.front().at_s;
    sum_t += t;
    sum_v += value(each);
    sum_tt += t * t;
    sum_tv += t * value(each);
  }
  const double spread = n * sum_tt - sum_t * sum_t;
  return 3'600.0 * (n * sum_tv - sum_t * sum_v) / spread;
}

Resources::Resources(std::function<std::optional<Taken>()> look)
    : look_(std::move(look)), thread_([this](const std::stop_token& stop) {
        while (sleep_for(stop, kInterval)) {
          const std::optional<Taken> taken = look_();
          const std::lock_guard lock(mutex_);
          if (taken) samples_.push_back(*taken);
        }
      }) {}

std::vector<Taken> Resources::samples() const {
  const std::lock_guard lock(mutex_);
  return samples_;
}

}  // namespace earshot::soak
