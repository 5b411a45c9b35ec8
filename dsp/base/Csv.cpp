#include "dsp/base/Csv.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "dsp/base/Error.h"
#include "dsp/base/ReadFile.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

constexpr std::uintmax_t kMaxCsvBytes = std::uintmax_t{1} << 30U;

[[noreturn]] void refuse(const std::filesystem::path& path, std::size_t line, const std::string& what) {
  throw Error(ExitCode::bad_data, path.string() + ":" + std::to_string(line) + ": " + what);
}

/// Cuts a text into records, one call a record.
class Reader {
 public:
  Reader(const std::filesystem::path& path, std::string_view text) : path_(path), text_(text) {}

  /// Nothing at the end. Empty lines are skipped.
  std::optional<Csv::Row> next() {
    while (skip_line_end()) {
    }
    if (at_ == text_.size()) return std::nullopt;
    Csv::Row row{line_, {}};
    do {
      row.fields.push_back(peek() == '"' ? quoted_field() : plain_field());
    } while (skip(','));
    if (at_ < text_.size() && !skip_line_end()) {
      refuse(path_, line_, "found text after a closing quote, expected a comma or the end of the line");
    }
    return row;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool skip(char expected) {
    if (at_ == text_.size() || text_[at_] != expected) return false;
    ++at_;
    return true;
  }

  bool skip_line_end() {
    if (text_.substr(at_).starts_with("\r\n")) ++at_;
    if (!skip('\n')) return false;
    ++line_;
    return true;
  }

  std::string plain_field() {
    const std::size_t end = std::min(text_.find_first_of(",\n", at_), text_.size());
    std::string_view field = text_.substr(at_, end - at_);
    if (peek_at(end) == '\n' && field.ends_with('\r')) field.remove_suffix(1);
    if (field.find('"') != std::string_view::npos) {
      refuse(path_, line_, "found a quote inside an unquoted field, expected the whole field in quotes");
    }
    at_ += field.size();
    return std::string(field);
  }

  std::string quoted_field() {
    const std::size_t first_line = line_;
    std::string field;
    ++at_;
    while (true) {
      if (at_ == text_.size()) refuse(path_, first_line, "found a quote that is never closed");
      const char c = text_[at_++];
      if (c == '"' && !skip('"')) return field;
      if (c == '\n') ++line_;
      field += c;
    }
  }

  char peek_at(std::size_t position) const { return position < text_.size() ? text_[position] : '\0'; }

  const std::filesystem::path& path_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

}  // namespace

std::string shown_field(std::string_view text) {
  constexpr std::size_t kMostBytes = 80;
  const std::string_view shown = text.substr(0, kMostBytes);
  return '\'' + printable(shown) + (shown.size() < text.size() ? "...'" : "'");
}

std::vector<std::string> listed_in(std::string_view field) {
  std::vector<std::string> texts;
  for (std::size_t start = 0; start < field.size();) {
    const std::size_t end = std::min(field.find(';', start), field.size());
    texts.emplace_back(field.substr(start, end - start));
    start = end + 1;
  }
  return texts;
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

Csv read_csv(const std::filesystem::path& path) {
  const std::string text = read_text(path, kMaxCsvBytes, "a CSV file");
  Reader reader(path, text);
  auto header = reader.next();
  if (!header) refuse(path, 1, "found nothing, expected a line that names the columns");
  Csv csv{path, std::move(header->fields), {}};
  while (auto row = reader.next()) {
    if (row->fields.size() != csv.columns.size()) {
      refuse(path, row->line,
             "found " + std::to_string(row->fields.size()) + " fields, expected " +
                 std::to_string(csv.columns.size()) + " as in the first line");
    }
    csv.rows.push_back(std::move(*row));
  }
  return csv;
}

std::size_t Csv::column(std::string_view name) const {
  const auto found = std::find(columns.begin(), columns.end(), name);
  if (found != columns.end()) return static_cast<std::size_t>(found - columns.begin());
  std::string present;
  for (const std::string& each : columns) present += (present.empty() ? "" : ",") + each;
  throw Error(ExitCode::bad_data, path.string() + ":1: found the columns " + shown_field(present) +
                                      ", expected one named '" + std::string(name) + "'");
}

}  // namespace earshot
