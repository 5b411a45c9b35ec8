// CommandLine: the trainer's subcommands and their options. The one door to CLI11, which takes long to
// compile.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace earshot {

/// Of an option that may be given several times: each value whole, commas and all.
struct WholeValues {
  std::vector<std::string> values;
};

/// Where an option's value goes. A bool is a flag, a vector takes comma-separated values; what is not given
/// stays as it was.
using OptionTarget =
    std::variant<bool*, int*, double*, std::string*, std::filesystem::path*, std::optional<int>*,
                 std::optional<std::uint32_t>*, std::optional<double>*, std::optional<std::string>*,
                 std::optional<std::filesystem::path>*, std::vector<std::string>*, std::vector<int>*, WholeValues*>;

/// A handle, as long-lived as its CommandLine. Each call returns the same option.
class CommandOption {
 public:
  explicit CommandOption(CLI::Option* option) noexcept : option_(option) {}
  CommandOption& required();
  CommandOption& range(int low, int high);
  CommandOption& range(double low, double high);
  CommandOption& one_of(std::vector<std::string> values);
  /// `problem` returns what is wrong with a value, or nothing.
  CommandOption& check(std::function<std::string(const std::string& value)> problem);
  CommandOption& excludes(const CommandOption& other);
  CommandOption& needs(const CommandOption& other);
  /// The value before parsing stands in the help.
  CommandOption& shows_default();

 private:
  friend class Command;
  CLI::Option* option_;
};

/// A handle to one subcommand, as long-lived as its CommandLine.
class Command {
 public:
  explicit Command(CLI::App* app) noexcept : app_(app) {}
  /// `name` "--fold" or, for what stands without a name, "model". `target` must outlive the parsing.
  CommandOption option(const std::string& name, OptionTarget target, const std::string& help);
  /// --threads: all cores unless said otherwise.
  CommandOption threads(int& threads);
  void exactly_one_of(const std::string& heading, std::initializer_list<CommandOption> options);
  void footer(const std::string& text);

 private:
  CLI::App* app_;
};

class CommandLine {
 public:
  CommandLine(const std::string& description, const std::string& name, const std::string& version);
  ~CommandLine();

  /// `action` runs after the parsing if this command was chosen; it returns the exit code. What it captures
  /// lives as long as the CommandLine, so it is where options are kept:
  ///   auto options = std::make_shared<InfoOptions>();
  ///   Command command = line.add("info", "Tell ...", [options] { return run_info(*options); });
  ///   command.option("model", &options->model, "The model file").required();
  Command add(const std::string& name, const std::string& description, std::function<int()> action);

  /// Parses and acts; help and version go to standard output. Returns the exit code. Throws Error(usage), and
  /// what the action throws.
  int run(int argc, char** argv);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace earshot
