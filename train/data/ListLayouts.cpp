#include "train/data/ListLayouts.h"

#include <algorithm>
#include <charconv>
#include <climits>
#include <map>
#include <optional>
#include <sstream>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "dsp/base/Csv.h"
#include "dsp/base/Error.h"
#include "dsp/base/ReadFile.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxClasses = 10000;
constexpr int kSourceClasses = 10;  // classID of Train.csv is 0-9
constexpr int kMaxFolds = 1000;
constexpr std::uintmax_t kMaxLabelBytes = std::uintmax_t{1} << 20U;  // of labels.txt

/// "a; b" -> "a", "b".
std::vector<std::string> pieces_of(std::string_view cell) {
  std::vector<std::string> pieces;
  while (true) {
    const std::size_t end = std::min(cell.find(';'), cell.size());
    std::string_view piece = cell.substr(0, end);
    while (piece.starts_with(' ')) piece.remove_prefix(1);
    while (piece.ends_with(' ')) piece.remove_suffix(1);
    pieces.emplace_back(piece);
    if (end == cell.size()) return pieces;
    cell.remove_prefix(end + 1);
  }
}

/// Whether a path relative to a directory stays below it.
bool stays_below(std::string_view name) {
  if (name.starts_with('/') || name.find('\0') != name.npos) return false;
  for (std::size_t at = name.find(".."); at != name.npos; at = name.find("..", at + 1)) {
    const bool begins = at == 0 || name[at - 1] == '/';
    const bool ends = at + 2 == name.size() || name[at + 2] == '/';
    if (begins && ends) return false;
  }
  return true;
}

/// Bytes of the longest name in a path.
std::size_t longest_part(std::string_view path) {
  std::size_t longest = 0;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    longest = std::max(longest, end - at);
    at = end + 1;
  }
  return longest;
}

/// One row of a list, with errors that name file, line and column.
class Entry {
 public:
  Entry(const Csv& csv, const Csv::Row& row) : csv_(csv), row_(row) {}

  const std::string& text(std::size_t column) const {
    const std::string& found = row_.fields[column];
    if (found.empty()) refuse(column, "something");
    return found;
  }

  /// A file below the directory of the clips, by any bytes that a file may be called by.
  const std::string& file(std::size_t column) const {
    const std::string& name = text(column);
    if (!stays_below(name)) refuse(column, "a file inside the data set");
    if (const std::size_t bytes = longest_part(name); bytes > NAME_MAX) {
      fail(column, shown_field(name) + " has a name of " + std::to_string(bytes) +
                       " bytes in it, expected at most " + std::to_string(NAME_MAX));
    }
    return name;
  }

  /// `name` is a label in the cell.
  void expect_name(std::size_t column, const std::string& name) const {
    if (name.empty()) refuse(column, "something");
    const std::string problem = name_problem(name);
    if (!problem.empty()) fail(column, shown_field(name) + ' ' + problem);
  }

  int integer(std::size_t column, std::string_view found, int least, int most) const {
    int value = 0;
    const auto [end, error] = std::from_chars(found.data(), found.data() + found.size(), value);
    if (error != std::errc{} || end != found.data() + found.size() || value < least || value > most) {
      refuse(column, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    return value;
  }
  int integer(std::size_t column, int least, int most) const {
    return integer(column, row_.fields[column], least, most);
  }

  /// The classes' numbers in a cell, in its order; none for "-1", background.
  std::vector<int> classes(std::size_t column, int most) const {
    const std::string& cell = row_.fields[column];
    if (cell == "-1") return {};
    std::vector<int> numbers;
    for (const std::string& piece : pieces_of(cell)) {
      const int number = integer(column, piece, 0, most);
      if (std::ranges::find(numbers, number) != numbers.end()) refuse(column, "each class once");
      numbers.push_back(number);
    }
    return numbers;
  }

  [[noreturn]] void refuse(std::size_t column, const std::string& expected) const {
    fail(column, "found " + shown_field(row_.fields[column]) + ", expected " + expected);
  }

 private:
  [[noreturn]] void fail(std::size_t column, const std::string& what) const {
    throw Error(ExitCode::bad_data, csv_.path.string() + ":" + std::to_string(row_.line) + ": " +
                                        csv_.columns[column] + ": " + what);
  }

  const Csv& csv_;
  const Csv::Row& row_;
};

/// The clips of one list, one after the other, into a data set.
class ListReader {
 public:
  ListReader(DataSet& data, const fs::path& list, fs::path audio, Part part, const char* file_column)
      : data_(data),
        csv_(read_csv(list)),
        audio_(std::move(audio)),
        part_(part),
        file_(csv_.column(file_column)),
        group_(optional_column("group")) {
    data_.groups_given |= group_.has_value();
    for (const std::string& name : data.groups) {
      group_numbers_.emplace(name, static_cast<int>(group_numbers_.size()));
    }
  }

  const Csv& csv() const { return csv_; }

  std::optional<std::size_t> optional_column(std::string_view name) const {
    const auto found = std::ranges::find(csv_.columns, name);
    if (found == csv_.columns.end()) return std::nullopt;
    return static_cast<std::size_t>(found - csv_.columns.begin());
  }

  /// Calls `label_row(entry, clip)` for each row; it fills in label, further labels and fold.
  template <typename LabelRow>
  void read(const LabelRow& label_row) {
    if (csv_.rows.empty()) {
      throw Error(ExitCode::bad_data, csv_.path.string() + ": found no clip, expected a line for each");
    }
    const std::size_t first = data_.clips.size();
    data_.clips.reserve(first + csv_.rows.size());
    std::unordered_map<std::string_view, std::pair<std::size_t, std::size_t>> seen;  // name -> line, clip
    seen.reserve(csv_.rows.size());
    for (const Csv::Row& row : csv_.rows) {
      const Entry entry(csv_, row);
      LabelledClip clip;
      clip.part = part_;
      const std::string& name = entry.file(file_);
      label_row(entry, clip);
      if (group_) clip.group = group_of(row.fields[*group_]);
      const auto [earlier, is_new] = seen.try_emplace(name, row.line, data_.clips.size());
      if (is_new) {
        clip.path = audio_ / name;
        data_.clips.push_back(std::move(clip));
      } else {
        count_once(entry, clip, row, earlier->second.first, data_.clips[earlier->second.second]);
      }
    }
  }

 private:
  int group_of(const std::string& name) {
    if (name.empty()) return -1;
    const auto next = static_cast<int>(data_.groups.size());
    const auto [group, is_new] = group_numbers_.try_emplace(name, next);
    if (is_new) data_.groups.push_back(name);
    return group->second;
  }

  void count_once(const Entry& entry, const LabelledClip& clip, const Csv::Row& row, std::size_t earlier_line,
                  const LabelledClip& earlier) {
    if (clip.label != earlier.label || clip.also != earlier.also || clip.fold != earlier.fold ||
        clip.group != earlier.group) {
      entry.refuse(file_, "one line for it, or the same label, fold and group as in line " +
                              std::to_string(earlier_line));
    }
    data_.problems.push_back(csv_.path.string() + ":" + std::to_string(row.line) + ": " +
                             shown_field(row.fields[file_]) + " is listed in line " + std::to_string(earlier_line) +
                             ", too; counted once");
  }

  DataSet& data_;
  Csv csv_;
  fs::path audio_;
  Part part_;
  std::size_t file_;
  std::optional<std::size_t> group_;
  std::unordered_map<std::string, int> group_numbers_;
};

void set_labels(LabelledClip& clip, std::vector<int> numbers) {
  clip.label = kBackground;
  if (numbers.empty()) return;
  std::ranges::sort(numbers);
  clip.label = numbers.front();
  clip.also.assign(numbers.begin() + 1, numbers.end());
}

/// Which number a label's name has, and the other way round: one to one.
class LabelNames {
 public:
  void meet(const Entry& entry, std::size_t target, std::size_t category, int number,
            const std::string& name) {
    entry.expect_name(category, name);
    const auto named = names_.emplace(number, name).first;
    if (named->second != name) {
      entry.refuse(category,
                   "'" + named->second + "', the name that target " + std::to_string(number) + " has above");
    }
    const auto numbered = numbers_.emplace(name, number).first;
    if (numbered->second != number) {
      entry.refuse(target, std::to_string(numbered->second) + ", the number that '" + name + "' has above");
    }
  }

  std::vector<std::string> in_order(const fs::path& list) const {
    std::vector<std::string> labels;
    for (const auto& [number, name] : names_) {
      if (number != static_cast<int>(labels.size())) {
        throw Error(ExitCode::bad_data,
                    list.string() + ": target: found no " + std::to_string(labels.size()) +
                        ", expected every number from 0 to " + std::to_string(names_.rbegin()->first));
      }
      labels.push_back(name);
    }
    return labels;
  }

 private:
  std::map<int, std::string> names_;
  std::map<std::string, int, std::less<>> numbers_;
};

void read_source_list(DataSet& data, const char* list, const char* audio, Part part) {
  ListReader reader(data, data.directory / list, data.directory / audio, part, "file_name");
  const std::size_t class_id = reader.csv().column("classID");
  const std::optional<std::size_t> fold = reader.optional_column("fold");
  reader.read([&](const Entry& entry, LabelledClip& clip) {
    set_labels(clip, entry.classes(class_id, kSourceClasses - 1));
    if (fold && part == Part::train) clip.fold = entry.integer(*fold, 1, kMaxFolds);
  });
}

std::vector<std::string> read_label_names(const fs::path& path) {
  std::istringstream lines(read_text(path, kMaxLabelBytes, "names of classes"));
  std::vector<std::string> labels;
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty()) continue;
    const auto refuse = [&](const std::string& what) {
      throw Error(ExitCode::bad_data, path.string() + ":" + std::to_string(number) + ": " + what);
    };
    if (const std::string problem = name_problem(line); !problem.empty()) {
      refuse(shown_field(line) + ' ' + problem);
    }
    if (std::ranges::find(labels, line) != labels.end()) {
      refuse("found '" + line + "' twice, expected each name once");
    }
    labels.push_back(line);
  }
  if (labels.size() != kSourceClasses) {
    throw Error(ExitCode::bad_data, path.string() + ": found " + std::to_string(labels.size()) +
                                        " names, expected " + std::to_string(kSourceClasses) +
                                        ", a line for each class");
  }
  return labels;
}

}  // namespace

DataSet read_esc_layout(const fs::path& directory, const fs::path& list) {
  DataSet data{directory, {}, {}};
  data.layout = list.string();
  ListReader reader(data, directory / list, directory / "audio", Part::train, "filename");
  const std::size_t fold = reader.csv().column("fold");
  const std::size_t target = reader.csv().column("target");
  const std::size_t category = reader.csv().column("category");
  LabelNames names;
  reader.read([&](const Entry& entry, LabelledClip& clip) {
    const std::vector<int> numbers = entry.classes(target, kMaxClasses - 1);
    const std::string& cell = entry.text(category);
    if (numbers.empty() != (cell == kBackgroundName)) {
      if (numbers.empty()) entry.refuse(category, std::string(kBackgroundName) + " beside target -1");
      entry.refuse(target, std::string("-1 beside ") + kBackgroundName);
    }
    if (!numbers.empty()) {
      const std::vector<std::string> pieces = pieces_of(cell);
      if (pieces.size() != numbers.size()) {
        entry.refuse(category, std::to_string(numbers.size()) + " divided by ';', one for each target");
      }
      for (std::size_t i = 0; i < pieces.size(); ++i) {
        names.meet(entry, target, category, numbers[i], pieces[i]);
      }
    }
    set_labels(clip, numbers);
    clip.fold = entry.integer(fold, 1, kMaxFolds);
  });
  data.labels = names.in_order(directory / list);
  if (data.labels.empty()) {
    throw Error(ExitCode::bad_data, (directory / list).string() + ": found no class, expected one at least");
  }
  return data;
}

DataSet read_source_layout(const fs::path& directory) {
  DataSet data{directory, {}, {}};
  data.layout = "Train.csv";
  if (fs::exists(directory / "labels.txt")) {
    data.labels = read_label_names(directory / "labels.txt");
  } else {
    for (int label = 0; label < kSourceClasses; ++label) data.labels.push_back(std::to_string(label));
  }
  read_source_list(data, "Train.csv", "Train", Part::train);
  if (fs::exists(directory / "Test_Public.csv")) {
    data.layout += " and Test_Public.csv";
    read_source_list(data, "Test_Public.csv", "Test_Public", Part::test);
  }
  return data;
}

}  // namespace earshot
