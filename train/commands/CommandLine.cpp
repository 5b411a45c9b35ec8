#include "train/commands/CommandLine.h"

#include <algorithm>
#include <limits>
#include <thread>
#include <type_traits>
#include <utility>

#include <CLI/CLI.hpp>

#include "dsp/base/Error.h"
#include "dsp/base/NumberText.h"

namespace earshot {
namespace {

/// CLI11 itself reads 010 as 8, true as 1 and -1 as the greatest of unsigned numbers.
template <typename Value>
void check_number(CLI::Option& option) {
  using Limits = std::numeric_limits<Value>;
  if constexpr (std::is_integral_v<Value>) {
    option.check([](const std::string& text) {
      return whole_number_problem(text, Limits::min(), static_cast<std::uint64_t>(Limits::max()));
    });
  } else if constexpr (std::is_floating_point_v<Value>) {
    option.check(
        [](const std::string& text) { return number_problem(text, Limits::lowest(), Limits::max()); });
  }
}

template <typename Target>
struct Element {
  using Type = Target;
};
template <typename Value>
struct Element<std::optional<Value>> {
  using Type = Value;
};
template <typename Value>
struct Element<std::vector<Value>> {
  using Type = Value;
};

}  // namespace

CommandOption& CommandOption::required() {
  option_->required();
  return *this;
}

CommandOption& CommandOption::range(int low, int high) {
  return check([low, high](const std::string& text) {
    return whole_number_problem(text, low, static_cast<std::uint64_t>(high));
  });
}

CommandOption& CommandOption::range(double low, double high) {
  return check([low, high](const std::string& text) { return number_problem(text, low, high); });
}

CommandOption& CommandOption::one_of(std::vector<std::string> values) {
  option_->check(CLI::IsMember(std::move(values)));
  return *this;
}

CommandOption& CommandOption::check(std::function<std::string(const std::string&)> problem) {
  option_->check(std::move(problem));
  return *this;
}

CommandOption& CommandOption::excludes(const CommandOption& other) {
  option_->excludes(other.option_);
  return *this;
}

CommandOption& CommandOption::needs(const CommandOption& other) {
  option_->needs(other.option_);
  return *this;
}

CommandOption& CommandOption::shows_default() {
  option_->capture_default_str();
  return *this;
}

CommandOption Command::option(const std::string& name, OptionTarget target, const std::string& help) {
  return std::visit(
      [&](auto* value) {
        using Value = std::remove_pointer_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, bool>) {
          return CommandOption(app_->add_flag(name, *value, help));
        } else if constexpr (std::is_same_v<Value, WholeValues>) {
          return CommandOption(app_->add_option(name, value->values, help)->allow_extra_args(false));
        } else {
          CLI::Option* added = app_->add_option(name, *value, help);
          if constexpr (std::is_same_v<Value, std::vector<std::string>> ||
                        std::is_same_v<Value, std::vector<int>>) {
            added->delimiter(',')->allow_extra_args(false);
          }
          check_number<typename Element<Value>::Type>(*added);
          return CommandOption(added);
        }
      },
      target);
}

CommandOption Command::threads(int& threads) {
  threads = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 256);
  return option("--threads", &threads, "Threads to work on").range(1, 256).shows_default();
}

void Command::exactly_one_of(const std::string& heading, std::initializer_list<CommandOption> options) {
  auto* group = app_->add_option_group(heading);
  for (const CommandOption& option : options) group->add_option(option.option_);
  group->require_option(1);
}

void Command::footer(const std::string& text) {
  app_->footer(text);
}

struct CommandLine::Impl {
  Impl(const std::string& description, const std::string& name) : app(description, name) {}
  CLI::App app;
  std::vector<std::pair<CLI::App*, std::function<int()>>> actions;
};

CommandLine::CommandLine(const std::string& description, const std::string& name, const std::string& version)
    : impl_(std::make_unique<Impl>(description, name)) {
  impl_->app.set_version_flag("--version", version);
}

CommandLine::~CommandLine() = default;

Command CommandLine::add(const std::string& name, const std::string& description,
                         std::function<int()> action) {
  CLI::App* command = impl_->app.add_subcommand(name, description);
  impl_->actions.emplace_back(command, std::move(action));
  return Command(command);
}

int CommandLine::run(int argc, char** argv) {
  try {
    impl_->app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return impl_->app.exit(help);
  } catch (const CLI::ParseError& error) {
    throw Error(ExitCode::usage, std::string(error.what()) + " (see trainer --help)");
  }
  for (const auto& [command, action] : impl_->actions) {
    if (command->parsed()) return action();
  }
  throw Error(ExitCode::usage, "A subcommand is required (see trainer --help)");
}

}  // namespace earshot
