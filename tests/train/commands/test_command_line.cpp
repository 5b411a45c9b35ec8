// What the trainer takes for a number on its command line.
#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/Child.h"

namespace earshot::test {

TEST_CASE("a number that is none, or out of range, is a usage error of every trainer command") {
  const std::vector<std::string> train{"train", "--data", "d", "--preset", "v6", "--out", "o"};
  const std::vector<std::string> crossval{"crossval", "--data", "d", "--preset", "v6", "--out", "o"};
  const auto with = [](std::vector<std::string> command, const std::string& option, const std::string& value) {
    command.insert(command.begin(), EARSHOT_TRAINER);
    command.push_back(option);
    command.push_back(value);
    return command;
  };
  const std::vector<std::vector<std::string>> wrong{
      with(train, "--epochs", "-1"),   with(train, "--epochs", "1e3"),    with(train, "--epochs", ""),
      with(train, "--epochs", "0x10"), with(train, "--epochs", "true"),   with(train, "--batch", "010"),
      with(train, "--lr", "nan"),      with(train, "--lr", ""),           with(train, "--seed", "-1"),
      with(train, "--seed", "1e3"),    with(train, "--seed", "99999999999999999999"),
      with(train, "--fold", "1.0"),    with(train, "--threads", "0"),     with(train, "--threads", "2x"),
      with(crossval, "--folds", "-5"), with({"evaluate", "m", "--data", "d"}, "--fold", "one"),
  };
  for (const std::vector<std::string>& arguments : wrong) {
    const std::string option = arguments.rbegin()[1];
    INFO(option << ' ' << arguments.back());
    const Finished finished = run_program(arguments);
    CHECK(finished.code == 64);
    CHECK_THAT(finished.err, Catch::Matchers::Contains(option));
    CHECK_THAT(finished.err, Catch::Matchers::Contains("expected"));
    CHECK(std::count(finished.err.begin(), finished.err.end(), '\n') == 1);
  }
}

}  // namespace earshot::test
