// What `cmake --install` leaves: paths under the prefix that was asked for, readable by the service's user.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <catch2/catch.hpp>

#include "tests/support/Child.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {
namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Into `root` as if that were /, by somebody whose files others may not read.
void install(const std::filesystem::path& root, const std::string& prefix) {
  const Finished installed = run_program(
      {"/bin/sh", "-c",
       "umask 027; DESTDIR='" + root.string() + "' exec '" EARSHOT_CMAKE "' --install '" EARSHOT_BUILD_DIR
       "' --component daemon --prefix " + prefix});
  INFO(installed.out << installed.err);
  REQUIRE(installed.code == 0);
}

}  // namespace

TEST_CASE("what is installed names the prefix of the installation, not that of the build") {
  const TemporaryDirectory directory;
  const std::filesystem::path root = directory / "root";
  install(root, "/usr");
  const std::string model = "/usr/share/earshot/earshot.safetensors";
  for (const char* place : {"etc/earshot/earshot.toml", "usr/share/earshot/earshot.toml"}) {
    const std::string config = text_of(root / place);
    CHECK(config.find("path = \"" + model + "\"") != std::string::npos);
    CHECK(config.find("/usr/local/share") == std::string::npos);
  }
  CHECK(std::filesystem::exists(root / model.substr(1)));
  const std::string unit = text_of(root / "usr/lib/systemd/system/earshotd.service");
  CHECK(unit.find("\nExecStart=/usr/bin/earshotd --config /etc/earshot/earshot.toml\n") != std::string::npos);
  CHECK(unit.find("\nExecReload=/usr/bin/earshotd --config /etc/earshot/earshot.toml --reload\n") !=
        std::string::npos);
  const std::string user_unit = text_of(root / "usr/lib/systemd/user/earshotd.service");
  CHECK(user_unit.find("\nExecStart=/usr/bin/earshotd\n") != std::string::npos);
  CHECK(user_unit.find("\nExecReload=/usr/bin/earshotd --reload\n") != std::string::npos);
  CHECK(std::filesystem::exists(root / "usr/bin/earshotd"));
  CHECK(std::filesystem::exists(root / "usr/bin/earshot"));
}

TEST_CASE("a prefix and a staging folder may be relative to where cmake runs") {
  const TemporaryDirectory directory;
  const auto run_there = [&](const std::string& environment, const std::string& prefix) {
    const Finished installed =
        run_program({"/bin/sh", "-c", "cd '" + directory.path().string() + "' && exec env " + environment + " timeout 60 '"
                     EARSHOT_CMAKE "' --install '" EARSHOT_BUILD_DIR "' --component daemon --prefix " + prefix});
    INFO(installed.out << installed.err);
    REQUIRE(installed.code == 0);
  };
  run_there("DESTDIR=staged", "/usr");
  CHECK(std::filesystem::exists(directory / "staged/usr/bin/earshotd"));
  run_there("DESTDIR=" + (directory / "root").string(), "here");
  const std::string prefix = std::filesystem::canonical(directory.path()).string() + "/here";
  const std::string unit = text_of((directory / "root").string() + prefix + "/lib/systemd/system/earshotd.service");
  CHECK(unit.find("\nExecStart=" + prefix + "/bin/earshotd ") != std::string::npos);
}

TEST_CASE("whatever the umask, what is installed can be read by everybody") {
  const TemporaryDirectory directory;
  const std::filesystem::path root = directory / "root";
  std::filesystem::create_directory(root);
  install(root, "/opt/earshot");
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    struct stat status {};
    REQUIRE(::stat(entry.path().c_str(), &status) == 0);
    const bool program = entry.path().parent_path().filename() == "bin";
    INFO(entry.path());
    CHECK((status.st_mode & 0777U) == (entry.is_directory() || program ? 0755U : 0644U));
    files += entry.is_directory() ? 0U : 1U;
  }
  CHECK(files == 26);
}

TEST_CASE("the administrator's configuration is written once, the example again") {
  const TemporaryDirectory directory;
  const std::filesystem::path root = directory / "root";
  install(root, "/usr");
  const std::filesystem::path mine = root / "etc/earshot/earshot.toml";
  std::ofstream(mine) << "mine\n";
  install(root, "/usr/local");
  CHECK(text_of(mine) == "mine\n");
  CHECK(text_of(root / "usr/local/share/earshot/earshot.toml").find("\"/usr/local/share/earshot/") !=
        std::string::npos);
}

}  // namespace earshot::test
