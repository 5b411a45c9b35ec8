#include "daemon/doctor/LimitsCheck.h"

#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>

#include <spdlog/fmt/fmt.h>

namespace earshot {
namespace {

constexpr std::uint64_t kMebibyte = 1 << 20;
constexpr std::uint64_t kScarceMemory =
    150 * kMebibyte;  // the bundled model takes about 40 once it is laid out

std::uint64_t most_open_files(const std::filesystem::path& limits) {
  constexpr std::string_view kKey = "Max open files";
  std::ifstream file(limits);
  for (std::string line; std::getline(file, line);) {
    std::uint64_t soft = 0;
    if (line.starts_with(kKey) && std::istringstream(line.substr(kKey.size())) >> soft) return soft;
  }
  return 0;
}

std::uint64_t entries_in(const std::filesystem::path& folder) {
  std::error_code none;
  std::uint64_t count = 0;
  for (std::filesystem::directory_iterator at(folder, none);
       !none && at != std::filesystem::directory_iterator(); at.increment(none)) {
    ++count;
  }
  return count;
}

}  // namespace

std::optional<std::uint64_t> available_memory(std::string_view meminfo) {
  std::istringstream lines{std::string(meminfo)};
  std::string key;
  std::uint64_t kib = 0;
  for (std::string line; std::getline(lines, line);) {
    if (std::istringstream(line) >> key >> kib && key == "MemAvailable:") return kib * 1024;
  }
  return std::nullopt;
}

Findings limit_findings(const LimitFacts& facts) {
  std::string text = facts.free_bytes
                         ? fmt::format("{} MiB of memory available", *facts.free_bytes / kMebibyte)
                         : "memory: not known";
  if (facts.most_descriptors > 0)
    text += fmt::format(", {} of {} descriptors open", facts.descriptors, facts.most_descriptors);
  if (facts.free_bytes && *facts.free_bytes < kScarceMemory)
    return {found_doubtful(
        text,
        "end what takes it (top), or give the machine more: the kernel may end earshotd for want of it")};
  if (facts.descriptors * 10 > facts.most_descriptors * 9)
    return {found_doubtful(
        text, "sudo systemctl edit earshotd: [Service] LimitNOFILE=16384; see who connects so often")};
  return {found_ok(text)};
}

Findings check_limits(const Patient& patient) {
  std::ifstream file("/proc/meminfo");
  const std::string meminfo{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  LimitFacts facts{.free_bytes = available_memory(meminfo)};
  if (patient.daemons.size() == 1) {
    const std::filesystem::path process =
        std::filesystem::path("/proc") / std::to_string(patient.daemons.front().pid);
    facts.descriptors = entries_in(process / "fd");
    if (facts.descriptors > 0) facts.most_descriptors = most_open_files(process / "limits");
  }
  return limit_findings(facts);
}

}  // namespace earshot
