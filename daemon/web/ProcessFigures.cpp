#include "daemon/web/ProcessFigures.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace earshot {
namespace {

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

std::optional<std::uint64_t> resident_bytes() {
  std::ifstream file("/proc/self/statm");  // proc(5): size, resident, ..., in pages
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  if (!(file >> size >> resident)) return std::nullopt;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::optional<std::uint64_t> open_descriptors() {
  std::error_code error;
  const std::filesystem::directory_iterator open("/proc/self/fd", error);
  if (error) return std::nullopt;
  const auto count = static_cast<std::uint64_t>(std::distance(begin(open), end(open)));
  return count - 1;  // the one that reads the folder
}

// /proc/stat's boot time is hidden from a service with ProcSubset=pid; the 22nd field here counts from it.
std::optional<BootClock::time_point> start_time() {
  std::ifstream file("/proc/self/stat");
  std::string text(std::istreambuf_iterator<char>(file), {});
  const std::size_t name_end = text.rfind(')');  // the second field; it may hold anything
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field < 22; ++field) fields >> skipped;
  std::uint64_t ticks = 0;
  if (!(fields >> ticks)) return std::nullopt;
  const std::uint64_t ticks_per_s = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  return BootClock::time_point(std::chrono::milliseconds(ticks * 1'000 / ticks_per_s));
}

}  // namespace

ProcessFigures process_figures() {
  ProcessFigures figures;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  figures.cpu_s = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  figures.most_descriptors = limit.rlim_cur;
  figures.resident_bytes = resident_bytes();
  figures.open_descriptors = open_descriptors();
  figures.started = start_time();
  return figures;
}

}  // namespace earshot
