#include "train/DataSet.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

#include "dsp/Error.h"
#include "train/Csv.h"

namespace earshot {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxClasses = 10000;
constexpr int kSourceClasses = 10;  // classID of Train.csv is 0-9
constexpr int kMaxFolds = 1000;

/// One row of a list, with errors that name file, line and column.
class Entry {
 public:
  Entry(const Csv& csv, const Csv::Row& row) : csv_(csv), row_(row) {}

  const std::string& text(std::size_t column) const {
    const std::string& found = row_.fields[column];
    if (found.empty()) refuse(column, "something");
    return found;
  }

  int integer(std::size_t column, int least, int most) const {
    const std::string& found = row_.fields[column];
    int value = 0;
    const auto [end, error] = std::from_chars(found.data(), found.data() + found.size(), value);
    if (error != std::errc{} || end != found.data() + found.size() || value < least || value > most) {
      refuse(column, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    return value;
  }

  [[noreturn]] void refuse(std::size_t column, const std::string& expected) const {
    throw Error(ExitCode::bad_data, csv_.path.string() + ":" + std::to_string(row_.line) + ": " +
                                        csv_.columns[column] + ": found '" + row_.fields[column] +
                                        "', expected " + expected);
  }

 private:
  const Csv& csv_;
  const Csv::Row& row_;
};

void require_rows(const Csv& csv) {
  if (csv.rows.empty()) {
    throw Error(ExitCode::bad_data, csv.path.string() + ": found no clip, expected a line for each");
  }
}

/// ESC-50's layout: the label's name stands beside its number, and every number has one name.
DataSet read_esc(const fs::path& directory, const fs::path& list) {
  const Csv csv = read_csv(list);
  const std::size_t filename = csv.column("filename");
  const std::size_t fold = csv.column("fold");
  const std::size_t target = csv.column("target");
  const std::size_t category = csv.column("category");
  require_rows(csv);

  DataSet data{directory, {}, {}};
  std::map<int, std::string> names;
  std::map<std::string, int> numbers;
  for (const Csv::Row& row : csv.rows) {
    const Entry entry(csv, row);
    const int label = entry.integer(target, 0, kMaxClasses - 1);
    const std::string& name = entry.text(category);
    const auto named = names.emplace(label, name).first;
    if (named->second != name) {
      entry.refuse(category,
                   "'" + named->second + "', the name that target " + std::to_string(label) + " has above");
    }
    const auto numbered = numbers.emplace(name, label).first;
    if (numbered->second != label) {
      entry.refuse(target, std::to_string(numbered->second) + ", the number that '" + name + "' has above");
    }
    data.clips.push_back(
        {directory / "audio" / entry.text(filename), label, entry.integer(fold, 1, kMaxFolds), Part::train});
  }
  for (const auto& [label, name] : names) {
    if (label != static_cast<int>(data.labels.size())) {
      throw Error(ExitCode::bad_data,
                  list.string() + ": target: found no " + std::to_string(data.labels.size()) +
                      ", expected every number from 0 to " + std::to_string(names.rbegin()->first));
    }
    data.labels.push_back(name);
  }
  return data;
}

void read_source_list(const fs::path& list, const fs::path& audio, Part part,
                      std::vector<LabelledClip>& clips) {
  const Csv csv = read_csv(list);
  const std::size_t file_name = csv.column("file_name");
  const std::size_t class_id = csv.column("classID");
  require_rows(csv);
  for (const Csv::Row& row : csv.rows) {
    const Entry entry(csv, row);
    clips.push_back({audio / entry.text(file_name), entry.integer(class_id, 0, kSourceClasses - 1), 0, part});
  }
}

/// The layout of the source project: two lists, classes by number only.
DataSet read_source(const fs::path& directory) {
  DataSet data{directory, {}, {}};
  for (int label = 0; label < kSourceClasses; ++label) data.labels.push_back(std::to_string(label));
  read_source_list(directory / "Train.csv", directory / "Train", Part::train, data.clips);
  const fs::path test = directory / "Test_Public.csv";
  if (fs::exists(test)) read_source_list(test, directory / "Test_Public", Part::test, data.clips);
  return data;
}

/// Names in the order of their bytes; hidden ones left out.
std::vector<fs::path> entries_of(const fs::path& directory, bool directories) {
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
    const bool fits = directories ? entry.is_directory() : entry.is_regular_file();
    if (fits && !entry.path().filename().string().starts_with('.')) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// One folder per class. One class alone is no data set.
std::optional<DataSet> read_folders(const fs::path& directory) {
  DataSet data{directory, {}, {}};
  for (const fs::path& folder : entries_of(directory, true)) {
    const std::vector<fs::path> files = entries_of(folder, false);
    if (files.empty()) continue;
    for (const fs::path& file : files) {
      data.clips.push_back({file, static_cast<int>(data.labels.size()), 0, Part::train});
    }
    data.labels.push_back(folder.filename().string());
  }
  if (data.labels.size() < 2) return std::nullopt;
  return data;
}

}  // namespace

DataSet read_data_set(const fs::path& directory) {
  try {
    if (!fs::is_directory(directory)) {
      throw Error(ExitCode::no_input,
                  directory.string() + ": not there, expected the directory of a data set");
    }
    for (const char* list : {"meta.csv", "meta/esc50.csv"}) {
      if (fs::exists(directory / list)) return read_esc(directory, directory / list);
    }
    if (fs::exists(directory / "Train.csv")) return read_source(directory);
    if (auto data = read_folders(directory)) return *std::move(data);
  } catch (const fs::filesystem_error& error) {
    throw Error(ExitCode::no_input, directory.string() + ": cannot be read: " + error.code().message());
  }
  throw Error(
      ExitCode::bad_data,
      directory.string() +
          ": found no data set, expected meta.csv (or meta/esc50.csv) with audio/, or Train.csv with Train/, "
          "or two folders or more of clips, one per class");
}

std::vector<float> balanced_class_weights(std::span<const int> labels, std::size_t classes) {
  std::vector<std::size_t> counts(classes, 0);
  for (const int label : labels) ++counts.at(static_cast<std::size_t>(label));
  std::vector<float> weights;
  for (std::size_t label = 0; label < classes; ++label) {
    if (counts[label] == 0) {
      throw Error(ExitCode::bad_data, "class " + std::to_string(label) +
                                          ": found no clip in the training part, expected one at least");
    }
    weights.push_back(static_cast<float>(static_cast<double>(labels.size()) /
                                         static_cast<double>(classes * counts[label])));
  }
  return weights;
}

}  // namespace earshot
