// StrictToml: a TOML file read so that every mistake is named: unknown key, wrong type, value out of range.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace earshot {

/// A real number as TOML has it: the fewest digits that read back the same, never without a point or an
/// exponent.
std::string toml_real(double value);

/// A table of a TOML file. Each getter marks its key as known; reject_unknown() then refuses what nobody
/// asked for. Every failure is Error(config): "FILE:LINE: key 'window.hop_s': found ..., expected ...".
/// Copies share the file.
class StrictToml {
 public:
  /// Throws Error(no_input) if it cannot be read, Error(config) with the line if it is not TOML.
  static StrictToml from_file(const std::filesystem::path& path);
  /// The same for text; `name` stands for the file in errors.
  static StrictToml from_text(std::string_view text, const std::string& name);

  /// `fallback` (or nothing) if the key is absent. Ranges are inclusive. Numbers: an integer is accepted as a
  /// real.
  double real(std::string_view key, double fallback, double least, double most);
  std::int64_t integer(std::string_view key, std::int64_t fallback, std::int64_t least, std::int64_t most);
  bool boolean(std::string_view key, bool fallback);
  std::string text(std::string_view key, std::string_view fallback);
  std::string one_of(std::string_view key, std::string_view fallback,
                     std::initializer_list<std::string_view> allowed);
  std::vector<std::string> texts(std::string_view key);
  /// Each number in the range; none if absent.
  std::vector<double> reals(std::string_view key, double least, double most);
  /// [lowest, highest], or one number that is both.
  std::pair<double, double> range(std::string_view key, std::pair<double, double> fallback, double least,
                                  double most);
  bool has(std::string_view key) const;
  /// Of a table whose keys are names that the user chose: all of them, in the order of their bytes. None is marked.
  std::vector<std::string> keys() const;
  /// "FILE:LINE: key 'window.hop_s'", for errors that are found later.
  std::string place(std::string_view key) const;
  /// Whether the key's value is a string, for keys that take more than one type.
  bool has_text(std::string_view key) const;

  /// An absent table reads as an empty one.
  StrictToml table(std::string_view key);
  /// [[key]] tables; none if absent.
  std::vector<StrictToml> tables(std::string_view key);

  /// A relative path as relative to the file; the fallback, too.
  std::filesystem::path path(std::string_view key, const std::filesystem::path& fallback);
  /// A path that the file names by another way than path().
  std::filesystem::path relative_to_file(const std::filesystem::path& path) const;

  /// Refuses a key's value in the words of the caller: `found`, `expected`. For rules that ranges cannot say.
  /// If the key is absent and an unknown one looks like it, that one is refused.
  [[noreturn]] void refuse(std::string_view key, const std::string& found, const std::string& expected) const;

  /// Call after the last getter, on every table that was handed out. Names the nearest known key in the
  /// error.
  void reject_unknown() const;

 private:
  struct Node;
  explicit StrictToml(std::shared_ptr<Node> node);
  std::shared_ptr<Node> node_;
};

}  // namespace earshot
