// docs/promises.md: each promise names tests, and each of those exists.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include <catch2/catch.hpp>

namespace earshot::test {
namespace {

namespace fs = std::filesystem;

std::string file_text(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

/// The names of all tests: of Catch2's as they stand in the sources, cut into several strings or not, and of
/// CTest's own.
std::set<std::string> names_of_tests() {
  static const std::regex kCase(R"re(TEST_CASE\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+))re");
  static const std::regex kPart(R"re("((?:[^"\\]|\\.)*)")re");
  static const std::regex kCommand(R"re(add_test\(NAME "([^"]+)")re");
  std::set<std::string> names;
  const auto each_match = [](const std::string& text, const std::regex& what, auto&& act) {
    for (auto match = std::sregex_iterator(text.begin(), text.end(), what); match != std::sregex_iterator();
         ++match)
      act((*match)[1].str());
  };
  for (const fs::directory_entry& entry :
       fs::recursive_directory_iterator(fs::path(EARSHOT_SOURCE_DIR) / "tests")) {
    if (entry.path().extension() == ".cpp") {
      each_match(file_text(entry.path()), kCase, [&](const std::string& parts) {
        std::string name;
        each_match(parts, kPart, [&](const std::string& part) { name += part; });
        names.insert(name);
      });
    } else if (entry.path().filename() == "CMakeLists.txt") {
      each_match(file_text(entry.path()), kCommand, [&](const std::string& name) { names.insert(name); });
    }
  }
  return names;
}

}  // namespace

TEST_CASE("each promise names its tests, and they exist") {
  const std::set<std::string> tests = names_of_tests();
  static const std::regex kName(R"re("([^"]+)")re");
  std::ifstream page(fs::path(EARSHOT_SOURCE_DIR) / "docs/promises.md");
  int promises = 0;
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("| ") || line.starts_with("| promise |")) continue;
    ++promises;
    const std::string held_by = line.substr(line.find(" | "));
    int named = 0;
    for (auto name = std::sregex_iterator(held_by.begin(), held_by.end(), kName);
         name != std::sregex_iterator(); ++name) {
      INFO(line);
      CHECK(tests.contains((*name)[1].str()));
      ++named;
    }
    INFO(line);
    CHECK(named > 0);
  }
  CHECK(promises > 30);
}

}  // namespace earshot::test
