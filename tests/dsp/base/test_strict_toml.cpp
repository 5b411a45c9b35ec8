// StrictToml names every mistake: the file, the line, the key, what was found and what was expected.
#include <filesystem>
#include <fstream>
#include <functional>

#include <catch2/catch.hpp>

#include "dsp/base/Error.h"
#include "dsp/base/StrictToml.h"

namespace earshot::test {
namespace {

constexpr const char* kText = R"(# a comment
whole = 3
real = 2.5
word = "blue"
yes = true
list = ["a", "b"]

[inner]
file = "sub/x.wav"

[[item]]
name = "first"
[[item]]
name = "second"
)";

StrictToml sample() {
  return StrictToml::from_text(kText, "some/where.toml");
}

std::string complaint(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::config);
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("a file in UTF-16 is named as such") {
  CHECK_THROWS_WITH(StrictToml::from_text(std::string_view("\xFF\xFE" "a\0=\0" "1\0", 8), "a.toml"),
                    "a.toml: is in UTF-16, expected TOML in UTF-8");
}

TEST_CASE("a key of endless parts is refused before it is followed") {
  std::string key = "a";
  for (int i = 0; i < 100'000; ++i) key += ".a";
  for (const std::string& text : {key + " = 1", "[" + key + "]", "x = { " + key + " = 1 }"}) {
    CHECK_THAT(complaint([&] { StrictToml::from_text("first = 1\n" + text, "deep.toml"); }),
               Catch::StartsWith("deep.toml:2: found a key of more than 256 parts"));
  }
}

TEST_CASE("a path with a NUL in it is not cut there") {
  StrictToml toml = StrictToml::from_text("file = \"x.wav\\u0000y\"", "some.toml");
  CHECK_THAT(complaint([&] { (void)toml.path("file", ""); }), Catch::Contains("a path without the character NUL"));
}

TEST_CASE("values are read, absent keys give the fallback") {
  StrictToml toml = sample();
  CHECK(toml.integer("whole", 0, 0, 10) == 3);
  CHECK(toml.real("whole", 0, 0, 10) == 3.0);
  CHECK(toml.real("real", 0, 0, 10) == 2.5);
  CHECK(toml.text("word", "") == "blue");
  CHECK(toml.one_of("word", "red", {"red", "blue"}) == "blue");
  CHECK(toml.boolean("yes", false));
  CHECK(toml.texts("list") == std::vector<std::string>{"a", "b"});
  CHECK(toml.integer("absent", 7, 0, 10) == 7);
  CHECK(toml.text("absent", "fallback") == "fallback");
  CHECK(toml.texts("absent").empty());
  CHECK(toml.tables("absent").empty());
  CHECK_FALSE(toml.has("absent"));
  CHECK(toml.has_text("word"));
  CHECK_FALSE(toml.has_text("whole"));
  CHECK_FALSE(toml.has_text("absent"));
  const std::vector<StrictToml> items = toml.tables("item");
  REQUIRE(items.size() == 2);
  CHECK(StrictToml(items[1]).text("name", "") == "second");
}

TEST_CASE("relative paths are relative to the file, absolute ones stay") {
  StrictToml inner = sample().table("inner");
  CHECK(inner.path("file", "") == std::filesystem::path("some/sub/x.wav"));
  CHECK(inner.path("other", "beside") == std::filesystem::path("some/beside"));
  CHECK(inner.path("other", "/far/away") == std::filesystem::path("/far/away"));
  CHECK(inner.path("other", "").empty());
}

TEST_CASE("each mistake is one line with file, line, key, found and expected") {
  using Action = std::function<void(StrictToml&)>;
  const std::vector<std::pair<Action, std::string>> table = {
      {[](StrictToml& t) { t.integer("word", 0, 0, 10); },
       "some/where.toml:4: key 'word': found \"blue\" (a string), expected an integer in 0 .. 10"},
      {[](StrictToml& t) { t.integer("real", 0, 0, 10); },
       "some/where.toml:3: key 'real': found 2.5, expected an integer in 0 .. 10, written without a point or "
       "exponent"},
      {[](StrictToml& t) { t.integer("whole", 0, 4, 10); },
       "some/where.toml:2: key 'whole': found 3, expected an integer in 4 .. 10"},
      {[](StrictToml& t) { t.real("real", 0, 0, 1); },
       "some/where.toml:3: key 'real': found 2.5, expected a number in 0 .. 1"},
      {[](StrictToml& t) { t.boolean("whole", false); },
       "some/where.toml:2: key 'whole': found 3, expected true or false"},
      {[](StrictToml& t) { t.text("list", ""); },
       "some/where.toml:6: key 'list': found an array, expected a string"},
      {[](StrictToml& t) {
         t.one_of("word", "red", {"red", "green"});
       },
       "some/where.toml:4: key 'word': found \"blue\", expected one of \"red\", \"green\""},
      {[](StrictToml& t) { t.table("word"); },
       "some/where.toml:4: key 'word': found \"blue\" (a string), expected a table [word]"},
      {[](StrictToml& t) { t.tables("inner"); },
       "some/where.toml:8: key 'inner': found a table, expected tables [[inner]]"},
      {[](StrictToml& t) { t.table("inner").reject_unknown(); },
       "some/where.toml:9: key 'inner.file': found an unknown key, expected no key here"},
      {[](StrictToml& t) { t.refuse("word", "a colour", "a shape"); },
       "some/where.toml:4: key 'word': found a colour, expected a shape"},
  };
  for (const auto& [action, expected] : table) {
    StrictToml toml = sample();
    CHECK(complaint([&, &run = action] { run(toml); }) == expected);
  }
}

TEST_CASE("an unknown key is refused with the nearest known one") {
  StrictToml toml = StrictToml::from_text("hop_z = 1\n", "x.toml");
  toml.real("hop_s", 0.5, 0, 1);
  toml.integer("threads", 1, 1, 4);
  CHECK(complaint([&] { toml.reject_unknown(); }) ==
        "x.toml:1: key 'hop_z': found an unknown key, expected 'hop_s'");
  StrictToml other = StrictToml::from_text("\ncolour = 1\n", "x.toml");
  other.real("hop_s", 0.5, 0, 1);
  other.integer("threads", 1, 1, 4);
  CHECK(complaint([&] { other.reject_unknown(); }) ==
        "x.toml:2: key 'colour': found an unknown key, expected one of hop_s, threads");
}

TEST_CASE("a missing key is told from a misspelt one") {
  StrictToml toml = StrictToml::from_text("[a]\nknid = 1\n", "x.toml");
  StrictToml table = toml.table("a");
  CHECK(complaint([&] { table.refuse("kind", "nothing", "a kind"); }) ==
        "x.toml:2: key 'a.knid': found an unknown key, expected 'kind'");
  CHECK(complaint([&] { table.refuse("colour", "nothing", "a colour"); }) ==
        "x.toml:1: key 'a.colour': found nothing, expected a colour");
  CHECK(table.place("knid") == "x.toml:2: key 'a.knid'");
}

TEST_CASE("not a number is never in range") {
  StrictToml toml = StrictToml::from_text("x = nan\n", "x.toml");
  CHECK(complaint([&] { toml.real("x", 0, 0, 1); }).find("x.toml:1: key 'x': found nan") == 0);
}

TEST_CASE("what is not TOML is refused with its line") {
  const std::string line = complaint([] { StrictToml::from_text("a = 1\nb = = 2\n", "x.toml"); });
  CHECK(line.find("x.toml:2: found what is not TOML") == 0);
  CHECK(line.find('\n') == std::string::npos);
}

TEST_CASE("a missing file is named") {
  try {
    StrictToml::from_file("/nowhere/earshot.toml");
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::no_input);
    CHECK(std::string(error.what()).find("/nowhere/earshot.toml") == 0);
  }
}

}  // namespace earshot::test
