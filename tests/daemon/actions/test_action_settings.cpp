// ActionSettings: what an [[action]] may say, and how each mistake is named.
#include <chrono>
#include <string>

#include <catch2/catch.hpp>

#include "daemon/settings/Config.h"
#include "dsp/base/Error.h"
#include "tests/daemon/actions/Telling.h"

namespace earshot::test {
namespace {

std::string action_error(const std::string& lines) {
  try {
    config_with_actions("[[action]]\n" + lines);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::config);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("an action has its defaults, and what it says is read back from the effective configuration") {
  const Config usual = config_with_actions("[[action]]\ncommand = [\"bin/ring\", \"loud\"]\n");
  REQUIRE(usual.actions.size() == 1);
  const ActionSettings& action = usual.actions[0];
  CHECK_FALSE(action.labels);
  CHECK(action.sources.empty());
  CHECK(action.phase == ActionSettings::Phase::start);
  CHECK(action.hours.are_all());
  CHECK(action.per_minute == 6);
  CHECK(action.at_once == 2);
  CHECK(action.timeout == std::chrono::seconds(10));
  const std::string program = std::get<ActionCommand>(action.what).argv.at(0);
  CHECK(program.starts_with('/'));
  CHECK(program.ends_with("/bin/ring"));

  const Config full = config_with_actions(R"(between = ["07:00", "24:00"]
days = ["mon", "sun"]
[[action]]
labels = ["Dog", "loud"]
sources = ["porch"]
phase = "both"
between = ["22:00", "06:30"]
days = ["fri"]
url = "https://me:pass@example.org/hook?a=b"
token_file = "/etc/earshot/token"
per_minute = 60
at_once = 1
timeout_s = 2.5
[[action]]
command = ["true"]
)");
  const std::string text = to_toml(full);
  CHECK(to_toml(parse_config(text, "again")) == text);
  for (const char* line :
       {"between = [\"07:00\", \"24:00\"]\ndays = [\"mon\", \"sun\"]\n", "labels = [\"Dog\", \"loud\"]\n",
        "between = [\"22:00\", \"06:30\"]\ndays = [\"fri\"]\n", "timeout_s = 2.5\n",
        "url = \"https://me:pass@example.org/hook?a=b\"\n", "phase = \"both\"\n",
        "token_file = \"/etc/earshot/token\"\n", "command = [\"true\"]\n"}) {
    INFO(line);
    CHECK(text.find(line) != std::string::npos);
  }
}

TEST_CASE("each mistake in an action is named") {
  const auto has = [](const std::string& text) { return Catch::Matchers::Contains(text); };
  CHECK_THAT(action_error(""),
             has("key 'action.command': found nothing, expected a program and its arguments"));
  CHECK_THAT(action_error("command = []"), has("found an empty list"));
  CHECK_THAT(action_error("command = [\"\"]"), has("found an empty string as the program"));
  CHECK_THAT(action_error("command = [\"a\\u0000b\"]"), has("found a string with the character NUL"));
  CHECK_THAT(action_error("command = [\"a\"]\nurl = \"http://b\""),
             has("key 'action.url': found it beside 'command'"));
  CHECK_THAT(action_error("url = \"ftp://b/secret\""),
             has("found one that begins with neither http:// nor https://"));
  CHECK_THAT(action_error("url = \"ftp://b/secret\""), !has("secret"));
  CHECK_THAT(action_error("url = \"https:///b\""), has("found one without a host"));
  CHECK_THAT(action_error("url = \"https://b/c d\""), has("found one with spaces"));
  CHECK_THAT(action_error("url = \"https://b\\nHost: c\""), has("or control characters"));
  CHECK_THAT(action_error("command = [\"a\"]\ntoken_file = \"b\""), has("action.token_file"));
  CHECK_THAT(action_error("labels = []\ncommand = [\"a\"]"), has("key 'action.labels': found an empty list"));
  CHECK_THAT(action_error("labels = \"Dog\"\ncommand = [\"a\"]"), has("expected \"all\""));
  CHECK_THAT(action_error("sources = [\"prch\"]\ncommand = [\"a\"]"),
             has("found \"prch\", which is no [[source]]'s name"));
  CHECK_THAT(action_error("phase = \"begin\"\ncommand = [\"a\"]"), has("found \"begin\""));
  CHECK_THAT(action_error("days = [\"monday\"]\ncommand = [\"a\"]"), has("found \"monday\""));
  CHECK_THAT(action_error("per_minute = 0\ncommand = [\"a\"]"), has("per_minute"));
  CHECK_THAT(action_error("comand = [\"a\"]"), has("comand"));
}

TEST_CASE("an action without a table of events is refused") {
  CHECK_THROWS_WITH(
      parse_config("[[source]]\nname = \"a\"\nkind = \"microphone\"\n[[action]]\ncommand = [\"true\"]\n",
                   "test.toml"),
      Catch::Matchers::Contains(
          "key 'action': found an [[action]] and no table [events], expected [events]"));
}

}  // namespace earshot::test
