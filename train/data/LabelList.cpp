#include "train/data/LabelList.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <filesystem>
#include <string_view>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "dsp/base/Csv.h"
#include "dsp/base/Error.h"
#include "dsp/base/ReadFile.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

constexpr std::uintmax_t kMaxListBytes = std::uintmax_t{16} << 20U;

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

/// A label and where it stands.
struct Named {
  std::string label;
  std::string place;
};

std::vector<Named> from_class_map(const std::filesystem::path& path) {
  const Csv csv = read_csv(path);
  const std::size_t index = csv.column("index");
  const std::size_t display_name = csv.column("display_name");
  std::vector<Named> labels(csv.rows.size());
  for (const Csv::Row& row : csv.rows) {
    const std::string& field = row.fields[index];
    const std::string line = fmt::format("{}:{}", path.string(), row.line);
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
    if (error != std::errc() || end != field.data() + field.size() || number >= labels.size() ||
        !labels[number].place.empty()) {
      throw Error(ExitCode::bad_data, fmt::format("{}: index is {}, expected each of 0 to {} once", line,
                                                  shown_field(field), labels.size() - 1));
    }
    labels[number] = {row.fields[display_name], line + ": display_name"};
  }
  return labels;
}

std::vector<Named> from_lines(const std::filesystem::path& path) {
  std::vector<Named> labels;
  for (std::string& line : split(read_text(path, kMaxListBytes, "a list of labels"), '\n')) {
    labels.push_back({std::move(line), fmt::format("{}:{}", path.string(), labels.size() + 1)});
  }
  while (!labels.empty() && labels.back().label.empty()) labels.pop_back();
  return labels;
}

std::vector<Named> from_argument(const std::string& argument) {
  std::vector<Named> labels;
  for (std::string& label : split(argument, ',')) {
    labels.push_back({std::move(label), fmt::format("--labels: label {}", labels.size() + 1)});
  }
  return labels;
}

}  // namespace

std::vector<std::string> read_labels(const std::string& argument) {
  const bool marked = argument.starts_with('@');
  const std::string name = marked ? argument.substr(1) : argument;
  const bool class_map = name.ends_with(".csv") && name.find(',') == std::string::npos;
  const bool file = marked || class_map;
  const std::vector<Named> named = class_map ? from_class_map(name)
                                   : file    ? from_lines(name)
                                             : from_argument(name);
  const ExitCode code = file ? ExitCode::bad_data : ExitCode::usage;
  if (named.empty()) throw Error(code, name + ": found no label, expected one at least");
  std::vector<std::string> labels;
  for (const auto& [label, place] : named) {
    if (const std::string problem = name_problem(label); !problem.empty()) {
      throw Error(code, fmt::format("{}: {} {}", place, shown_field(label), problem));
    }
    labels.push_back(label);
  }
  return labels;
}

}  // namespace earshot
