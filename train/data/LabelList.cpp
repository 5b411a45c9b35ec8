#include "train/data/LabelList.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <filesystem>
#include <sstream>
#include <string_view>

#include <spdlog/fmt/fmt.h>

#include "dsp/base/Csv.h"
#include "dsp/base/Error.h"
#include "dsp/base/ReadFile.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

constexpr std::uintmax_t kMaxFileBytes = std::uintmax_t{16} << 20U;

std::string trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(kSpace) - first + 1));
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(trimmed(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return parts;
}

std::vector<std::string> from_class_map(const std::filesystem::path& path) {
  const Csv csv = read_csv(path);
  const std::size_t index = csv.column("index");
  const std::size_t display_name = csv.column("display_name");
  std::vector<std::string> labels(csv.rows.size());
  std::vector<bool> seen(csv.rows.size());
  for (const Csv::Row& row : csv.rows) {
    const std::string& field = row.fields[index];
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
    if (error != std::errc() || end != field.data() + field.size() || number >= labels.size() ||
        seen[number]) {
      throw Error(ExitCode::bad_data, path.string() + ":" + std::to_string(row.line) + ": index is '" +
                                          field + "', expected each of 0 to " +
                                          std::to_string(labels.size() - 1) + " once");
    }
    seen[number] = true;
    labels[number] = row.fields[display_name];
  }
  return labels;
}

std::vector<std::string> from_lines(const std::filesystem::path& path) {
  const std::string text = read_file(path, kMaxFileBytes, "a list of labels");
  std::vector<std::string> labels = split(without_byte_order_mark(text), '\n');
  while (!labels.empty() && labels.back().empty()) labels.pop_back();
  return labels;
}

}  // namespace

std::vector<std::string> read_labels(const std::string& argument) {
  const bool marked = argument.starts_with('@');
  const std::string name = marked ? argument.substr(1) : argument;
  const bool class_map = name.ends_with(".csv") && name.find(',') == std::string::npos;
  const bool file = marked || class_map;
  std::vector<std::string> labels;
  if (class_map) {
    labels = from_class_map(name);
  } else {
    labels = file ? from_lines(name) : split(name, ',');
  }
  const auto refuse = [&](std::size_t at, const std::string& problem) {
    throw Error(file ? ExitCode::bad_data : ExitCode::usage,
                fmt::format("{}: label {} {}", file ? name : "--labels", at + 1, problem));
  };
  if (labels.empty()) refuse(0, "is empty");
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (const std::string problem = name_problem(labels[i]); !problem.empty()) refuse(i, problem);
  }
  return labels;
}

}  // namespace earshot
