#include "dsp/base/StrictToml.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>

#include <spdlog/fmt/fmt.h>
#include <toml++/toml.h>

#include "dsp/base/Error.h"
#include "dsp/base/NearestName.h"
#include "dsp/base/ReadFile.h"
#include "dsp/base/Utf8.h"

namespace earshot {

// One table in hand: the document it belongs to stays alive through `document`.
struct StrictToml::Node {
  std::shared_ptr<const toml::table> document;
  const toml::table* table = nullptr;
  std::string file;
  std::string prefix;      // "window." inside [window]
  std::uint32_t line = 0;  // where the table begins; 0 where it is not in the file
  std::set<std::string, std::less<>> known;

  // Marks the key as one that somebody asked for; nullptr if it is absent.
  const toml::node* find(std::string_view key) {
    known.emplace(key);
    return table->get(key);
  }

  std::shared_ptr<Node> child(std::string_view key, const toml::table& inner) const {
    auto node = std::make_shared<Node>();
    node->document = document;
    node->table = &inner;
    node->file = file;
    node->prefix = prefix + std::string(key) + '.';
    node->line = inner.source().begin.line;
    return node;
  }
};

namespace {

constexpr std::uintmax_t kMaxTomlBytes = std::uintmax_t{16} << 20U;

const toml::table kEmptyTable;

std::string number(double value) {
  std::ostringstream out;
  out.precision(10);
  out << value;
  return out.str();
}

std::string kind_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a real number";
    case toml::node_type::boolean:
      return "a boolean";
    default:
      return "a date or time";
  }
}

std::string found(const toml::node& node) {
  if (const auto* text = node.as_string()) return '"' + text->get() + "\" (a string)";
  if (const auto* integer = node.as_integer()) return std::to_string(integer->get());
  if (const auto* real = node.as_floating_point()) return toml_real(real->get());
  if (const auto* boolean = node.as_boolean()) return boolean->get() ? "true" : "false";
  return kind_of(node);
}

std::string position(const std::string& file, std::uint32_t line) {
  return printable(file) + (line == 0 ? ": " : ":" + std::to_string(line) + ": ");
}

std::string list(const std::set<std::string, std::less<>>& keys) {
  std::string line;
  for (const std::string& key : keys) line += (line.empty() ? "" : ", ") + key;
  return line;
}

template <typename Node>
[[noreturn]] void refuse_unknown(const Node& node, const toml::key& key, const std::string& expected) {
  throw Error(ExitCode::config, position(node.file, key.source().begin.line) + "key '" + node.prefix +
                                    printable(key.str()) + "': found an unknown key, expected " + expected);
}

// A table in a table for each part of a key: toml++ 3.3 bounds the depth of every other kind of nesting.
constexpr int kMostKeyParts = 256;

/// The line where so many dots follow one another as no key has, be it outside a text or inside; 0: none.
std::size_t line_of_deep_key(std::string_view text) noexcept {
  std::size_t line = 1;
  int dots = 0;
  for (const char c : text) {
    if (c == '\n') ++line;
    if (c == '.') {
      if (++dots >= kMostKeyParts) return line;
    } else if (c == '=' || c == ',' || c == '\n' || c == '#') {
      dots = 0;
    }
  }
  return 0;
}

std::shared_ptr<const toml::table> parse(std::string_view text, const std::string& name) {
  if (const std::string_view encoding = foreign_encoding(text); !encoding.empty()) {
    throw Error(ExitCode::config, name + ": is in " + std::string(encoding) + ", expected TOML in UTF-8");
  }
  if (const std::size_t line = line_of_deep_key(text); line > 0) {
    throw Error(ExitCode::config, position(name, static_cast<std::uint32_t>(line)) + "found a key of more than " +
                                      std::to_string(kMostKeyParts) + " parts, expected fewer");
  }
  try {
    return std::make_shared<const toml::table>(toml::parse(text, name));
  } catch (const toml::parse_error& error) {
    throw Error(ExitCode::config, position(name, error.source().begin.line) + "found what is not TOML (" +
                                      printable(error.description()) + "), expected key = value");
  }
}

}  // namespace

std::string toml_real(double value) {
  std::string text = fmt::format("{}", value);
  return std::isfinite(value) && text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

StrictToml::StrictToml(std::shared_ptr<Node> node) : node_(std::move(node)) {}

StrictToml StrictToml::from_file(const std::filesystem::path& path) {
  return from_text(read_file_or_pipe(path, kMaxTomlBytes, "TOML"), path.string());
}

StrictToml StrictToml::from_text(std::string_view text, const std::string& name) {
  auto node = std::make_shared<Node>();
  node->document = parse(text, name);
  node->table = node->document.get();
  node->file = name;
  return StrictToml(std::move(node));
}

double StrictToml::real(std::string_view key, double fallback, double least, double most) {
  const toml::node* value = node_->find(key);
  if (!value) return fallback;
  const std::string expected = "a number in " + number(least) + " .. " + number(most);
  const auto real = value->value_exact<double>();
  const auto integer = value->value_exact<std::int64_t>();
  if (!real && !integer) refuse(key, found(*value), expected);
  const double result = real ? *real : static_cast<double>(*integer);
  if (!(result >= least && result <= most)) refuse(key, found(*value), expected);
  return result;
}

std::int64_t StrictToml::integer(std::string_view key, std::int64_t fallback, std::int64_t least,
                                 std::int64_t most) {
  const toml::node* value = node_->find(key);
  if (!value) return fallback;
  const auto integer = value->value_exact<std::int64_t>();
  if (!integer || *integer < least || *integer > most) {
    const std::string range = "an integer in " + std::to_string(least) + " .. " + std::to_string(most);
    if (value->is_floating_point()) refuse(key, found(*value), range + ", written without a point or exponent");
    refuse(key, found(*value), range);
  }
  return *integer;
}

bool StrictToml::boolean(std::string_view key, bool fallback) {
  const toml::node* value = node_->find(key);
  if (!value) return fallback;
  const auto boolean = value->value_exact<bool>();
  if (!boolean) refuse(key, found(*value), "true or false");
  return *boolean;
}

std::string StrictToml::text(std::string_view key, std::string_view fallback) {
  const toml::node* value = node_->find(key);
  if (!value) return std::string(fallback);
  const auto text = value->value_exact<std::string>();
  if (!text) refuse(key, found(*value), "a string");
  return *text;
}

std::string StrictToml::one_of(std::string_view key, std::string_view fallback,
                               std::initializer_list<std::string_view> allowed) {
  std::string value = text(key, fallback);
  if (!has(key) || std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return value;
  std::string expected;
  for (std::string_view word : allowed)
    expected += (expected.empty() ? "\"" : ", \"") + std::string(word) + '"';
  refuse(key, '"' + value + '"', allowed.size() > 1 ? "one of " + expected : expected);
}

std::vector<std::string> StrictToml::texts(std::string_view key) {
  const toml::node* value = node_->find(key);
  std::vector<std::string> result;
  if (!value) return result;
  const toml::array* array = value->as_array();
  if (!array) refuse(key, found(*value), "an array of strings");
  for (const toml::node& element : *array) {
    const auto text = element.value_exact<std::string>();
    if (!text) refuse(key, "an element " + found(element), "strings only");
    result.push_back(*text);
  }
  return result;
}

std::vector<double> StrictToml::reals(std::string_view key, double least, double most) {
  const toml::node* value = node_->find(key);
  std::vector<double> result;
  if (!value) return result;
  const std::string expected = "numbers in " + number(least) + " .. " + number(most);
  const toml::array* array = value->as_array();
  if (!array) refuse(key, found(*value), "an array of " + expected);
  for (const toml::node& element : *array) {
    const auto real = element.value<double>();
    if (!real || !element.is_number() || !(*real >= least && *real <= most)) {
      refuse(key, "an element " + found(element), expected);
    }
    result.push_back(*real);
  }
  return result;
}

std::pair<double, double> StrictToml::range(std::string_view key, std::pair<double, double> fallback,
                                            double least, double most) {
  const toml::node* value = node_->find(key);
  if (!value) return fallback;
  const toml::array* array = value->as_array();
  if (!array) {
    const double only = real(key, 0.0, least, most);
    return {only, only};
  }
  const std::string expected =
      "[lowest, highest] in " + number(least) + " .. " + number(most) + ", or one number";
  if (array->size() != 2) refuse(key, std::to_string(array->size()) + " elements", expected);
  double ends[2];
  for (std::size_t i = 0; i < 2; ++i) {
    const toml::node& element = *array->get(i);
    if (!element.is_number()) refuse(key, "an element " + found(element), expected);
    ends[i] = element.value<double>().value_or(least);
    if (!(ends[i] >= least && ends[i] <= most)) refuse(key, "an element " + found(element), expected);
  }
  if (ends[0] > ends[1]) {
    refuse(key, '[' + number(ends[0]) + ", " + number(ends[1]) + ']', "the lower number first");
  }
  return {ends[0], ends[1]};
}

bool StrictToml::has(std::string_view key) const {
  return node_->table->contains(key);
}

std::vector<std::string> StrictToml::keys() const {
  std::vector<std::string> result;
  for (const auto& [key, value] : *node_->table) result.emplace_back(key.str());
  return result;
}

bool StrictToml::has_text(std::string_view key) const {
  const toml::node* value = node_->table->get(key);
  return value && value->is_string();
}

StrictToml StrictToml::table(std::string_view key) {
  const toml::node* value = node_->find(key);
  if (value && !value->is_table())
    refuse(key, found(*value), "a table [" + node_->prefix + std::string(key) + "]");
  return StrictToml(node_->child(key, value ? *value->as_table() : kEmptyTable));
}

std::vector<StrictToml> StrictToml::tables(std::string_view key) {
  const toml::node* value = node_->find(key);
  std::vector<StrictToml> result;
  if (!value) return result;
  const std::string expected = "tables [[" + node_->prefix + std::string(key) + "]]";
  const toml::array* array = value->as_array();
  if (!array) refuse(key, found(*value), expected);
  for (const toml::node& element : *array) {
    if (!element.is_table()) refuse(key, found(element), expected);
    result.push_back(StrictToml(node_->child(key, *element.as_table())));
  }
  return result;
}

std::filesystem::path StrictToml::path(std::string_view key, const std::filesystem::path& fallback) {
  const std::filesystem::path value = has(key) ? std::filesystem::path(text(key, "")) : fallback;
  if (has(key) && value.empty()) refuse(key, "an empty string", "the path of a file");
  if (value.native().find('\0') != std::string::npos) {
    refuse(key, '\'' + value.native() + '\'', "a path without the character NUL");
  }
  node_->find(key);
  return value.empty() ? value : relative_to_file(value);
}

std::filesystem::path StrictToml::relative_to_file(const std::filesystem::path& path) const {
  if (path.is_absolute()) return path;
  return (std::filesystem::path(node_->file).parent_path() / path).lexically_normal();
}

std::string StrictToml::place(std::string_view key) const {
  const toml::node* value = node_->table->get(key);
  const std::uint32_t line = value && value->source().begin.line ? value->source().begin.line : node_->line;
  return position(node_->file, line) + "key '" + node_->prefix + printable(key) + '\'';
}

void StrictToml::refuse(std::string_view key, const std::string& found, const std::string& expected) const {
  if (!has(key)) {
    for (const auto& [other, value] : *node_->table) {
      if (node_->known.contains(other.str()) || !looks_like(other.str(), key)) continue;
      refuse_unknown(*node_, other, std::string(1, '\'').append(key).append("'"));
    }
  }
  throw Error(ExitCode::config, place(key) + ": found " + printable(found) + ", expected " + expected);
}

void StrictToml::reject_unknown() const {
  for (const auto& [key, value] : *node_->table) {
    if (node_->known.contains(key.str())) continue;
    std::string expected = node_->known.empty() ? "no key here" : "one of " + list(node_->known);
    if (const std::string* nearest = nearest_name(node_->known, key.str())) expected = '\'' + *nearest + '\'';
    refuse_unknown(*node_, key, expected);
  }
}

}  // namespace earshot
