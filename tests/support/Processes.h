// Processes that a program under test has started, by their numbers: whether they run, and what they wrote.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace earshot::test {

/// The lines of a file once there are `count`; fewer if they do not come within 20 s.
inline std::vector<std::string> await_lines(const std::filesystem::path& path, std::size_t count) {
  std::vector<std::string> lines;
  for (int i = 0; i < 4'000 && lines.size() < count; ++i) {
    lines.clear();
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return lines;
}

/// Its first one; empty if none comes.
inline std::string await_line(const std::filesystem::path& path) {
  const std::vector<std::string> lines = await_lines(path, 1);
  return lines.empty() ? std::string() : lines.front();
}

/// Not as a zombie.
inline bool runs(const std::string& process) {
  std::ifstream status("/proc/" + process + "/stat");
  std::string text;
  std::getline(status, text);
  return !text.empty() && text.find(") Z") == std::string::npos;
}

/// Whether all are gone within a few seconds.
inline bool all_end(const std::vector<std::string>& processes) {
  const auto any_runs = [&] { return std::any_of(processes.begin(), processes.end(), runs); };
  for (int i = 0; i < 1'000 && any_runs(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  return !any_runs();
}

}  // namespace earshot::test
