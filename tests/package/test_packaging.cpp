// What the packages say of Earshot is so: the man pages' options and keys, versions, and what a build needs.
#include <fnmatch.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/Child.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {
namespace {

std::string packaged_text(const std::string& name) {
  std::ifstream file(std::filesystem::path(EARSHOT_SOURCE_DIR) / name);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::set<std::string> all_of(const std::string& text, const std::regex& what) {
  std::set<std::string> found;
  for (auto match = std::sregex_iterator(text.begin(), text.end(), what); match != std::sregex_iterator();
       ++match) {
    found.insert((*match)[1].str());
  }
  return found;
}

std::string help_of(const std::vector<std::string>& program) {
  std::vector<std::string> command = program;
  command.emplace_back("--help");
  const Finished help = run_program(command);
  REQUIRE(help.code == 0);
  return help.out;
}

/// The commands that a program's --help lists.
std::set<std::string> commands_of(const std::string& program) {
  const std::string help = help_of({program});
  const std::size_t list = help.find("Subcommands:");
  REQUIRE(list != std::string::npos);
  return all_of(help.substr(list), std::regex("\n  ([a-z-]+)"));
}

/// A page's words for an option are "Fl Fl name".
void check_options(const std::string& page, const std::vector<std::string>& program) {
  const std::set<std::string> told = all_of(page, std::regex("Fl Fl ([a-z0-9-]+)"));
  for (const std::string& option : all_of(help_of(program), std::regex("\n +(?:-[a-z],)?--([a-z0-9-]+)"))) {
    INFO(program.back() << " --" << option);
    CHECK(told.contains(option));
  }
}

void check_commands(const std::string& page, const std::string& program) {
  const std::set<std::string> told = all_of(page, std::regex("\n\\.It Cm ([a-z-]+)"));
  CHECK(told == commands_of(program));
}

}  // namespace

TEST_CASE("man pages tell every command, and every option of earshotd and earshot") {
  check_options(packaged_text("docs/man/earshotd.8"), {EARSHOT_EARSHOTD});
  const std::string companion = packaged_text("docs/man/earshot.1");
  check_options(companion, {EARSHOT_EARSHOT});
  for (const std::string& command : commands_of(EARSHOT_EARSHOT))
    check_options(companion, {EARSHOT_EARSHOT, command});
  check_commands(companion, EARSHOT_EARSHOT);
  check_commands(packaged_text("docs/man/earshot-trainer.1"), EARSHOT_TRAINER);
}

TEST_CASE("earshot.toml(5) tells every table and every key of the configuration that comes with Earshot") {
  const std::string page = packaged_text("docs/man/earshot.toml.5");
  const std::string example = packaged_text("config/earshot.toml");
  for (const std::string& table : all_of(example, std::regex("(?:^|\n)(?:# )?(\\[+[a-z_.]+\\]+)"))) {
    INFO(table);
    CHECK(page.find("\n.Ss " + table + "\n") != std::string::npos);
  }
  const std::set<std::string> told = all_of(page, std::regex("Cm ([a-z0-9_]+)"));
  const std::set<std::string> keys = all_of(example, std::regex("(?:^|\n)(?:# )?([a-z0-9_]+) = "));
  CHECK(keys.size() > 30);
  for (const std::string& key : keys) {
    INFO(key);
    CHECK(told.contains(key));
  }
}

TEST_CASE("the newest entry of debian/changelog is this version's") {
  CHECK(packaged_text("debian/changelog").starts_with("earshot (" EARSHOT_VERSION ") "));
}

TEST_CASE("a package's build needs what packages.txt says that a build needs") {
  std::istringstream list(packaged_text("packages.txt"));
  const std::string control = packaged_text("debian/control");
  bool build = false;
  int needed = 0;
  for (std::string line; std::getline(list, line);) {
    if (line.starts_with('#')) {
      build = line == "# build";
    } else if (build && line != "g++") {  // of build-essential, which is always there
      ++needed;
      const std::string name = line.substr(0, line.find('|'));  // one of Debian 12, else one of 13
      INFO(name);
      CHECK(std::regex_search(control, std::regex("\n " + name + "[ ,]")));
    }
  }
  CHECK(needed > 10);
}

TEST_CASE("each file that is installed is in one package, and packages ask for none that is not") {
  const TemporaryDirectory directory;
  const Finished installed = run_program({"/usr/bin/env", "DESTDIR=" + directory.path().string(),
                                          EARSHOT_CMAKE, "--install", EARSHOT_BUILD_DIR, "--prefix", "/usr"});
  INFO(installed.out << installed.err);
  REQUIRE(installed.code == 0);
  std::vector<std::string> files;
  const std::string rules = packaged_text("debian/rules");
  const auto moved = [&](const std::string& file) {  // or removed, or made, by a rule
    const std::string name = " debian/tmp/" + file;
    return rules.find(name + " ") != std::string::npos || rules.find(name + "\n") != std::string::npos;
  };
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory.path())) {
    const std::string file = entry.path().lexically_relative(directory.path()).string();
    if (entry.is_regular_file() && !moved(file)) files.push_back(file);
  }
  CHECK(files.size() > 20);

  std::map<std::string, int> packages;  // that have a file
  for (const char* package : {"earshot", "earshot-data", "earshot-trainer"}) {
    std::istringstream lines(packaged_text("debian/" + std::string(package) + ".install"));
    for (std::string line; std::getline(lines, line);) {
      const std::string wanted = line.substr(0, line.find(' '));
      if (moved(wanted)) continue;
      int found = 0;
      for (const std::string& file : files) {
        if (::fnmatch(wanted.c_str(), file.c_str(), FNM_PATHNAME) != 0) continue;
        ++packages[file];
        ++found;
      }
      INFO(package << ".install: " << wanted);
      CHECK(found > 0);
    }
  }
  for (const std::string& file : files) {
    INFO(file);
    CHECK(packages[file] == 1);
  }
}

}  // namespace earshot::test
