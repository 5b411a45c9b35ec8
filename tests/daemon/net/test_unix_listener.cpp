// The file of a Unix socket: made, replaced if it is stale, and never anybody else's.
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>

#include "daemon/net/UnixListener.h"
#include "dsp/base/Error.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {
namespace {

namespace fs = std::filesystem;

/// A listener that closes its socket; its file goes with it.
struct Listening {
  explicit Listening(const fs::path& path) : listener(open_unix_listener({path.string()})) {}
  ~Listening() { ::close(listener.socket); }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;

  UnixListener listener;
};

/// As a daemon leaves it that was killed.
void leave_stale(const fs::path& path) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = UnixPath{path.string()}.sockaddr();
  REQUIRE(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  ::listen(socket, 1);
  ::close(socket);
  REQUIRE(fs::is_socket(path));
}

bool connects(const fs::path& path) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = UnixPath{path.string()}.sockaddr();
  const bool connected = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  return connected;
}

std::string listening_problem(const fs::path& path) {
  try {
    const Listening listening(path);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::unavailable);
    return error.what();
  }
  return "it listens";
}

}  // namespace

TEST_CASE("a Unix socket is for its owner and group whatever the umask, and its file goes at the end") {
  const TemporaryDirectory directory;
  const fs::path path = directory / "earshot.sock";
  for (const mode_t mask : {mode_t{0077}, mode_t{0}}) {
    const mode_t before = ::umask(mask);
    {
      const Listening listening(path);
      CHECK(static_cast<unsigned>(fs::status(path).permissions()) == 0660);
      CHECK(connects(path));
    }
    ::umask(before);
    CHECK_FALSE(fs::exists(path));
  }
}

TEST_CASE("the file of a socket that nobody listens on is replaced, of one that is in use it is not") {
  const TemporaryDirectory directory;
  const fs::path path = directory / "earshot.sock";
  leave_stale(path);
  const Listening listening(path);
  CHECK(connects(path));
  CHECK(listening_problem(path) == "cannot listen on unix:" + path.string() + ": Address already in use");
  CHECK(connects(path));
}

TEST_CASE("what is no socket stays as it is: a file, a directory, a link to a socket") {
  const TemporaryDirectory directory;
  const fs::path file = directory.write("notes", "mine");
  leave_stale(directory / "stale");
  fs::create_symlink(directory / "stale", directory / "link");
  fs::create_directory(directory / "folder");
  for (const char* name : {"notes", "link", "folder"}) {
    CHECK_THAT(listening_problem(directory / name),
               Catch::Matchers::Contains(directory / name) &&
                   Catch::Matchers::Contains("found a file there that is no socket"));
  }
  std::ifstream text(file);
  CHECK(std::string(std::istreambuf_iterator<char>(text), {}) == "mine");
  CHECK(fs::is_symlink(directory / "link"));
  CHECK(fs::is_directory(directory / "folder"));
}

TEST_CASE("a folder that is not there is named with the reason") {
  CHECK(listening_problem("/nowhere/earshot.sock") ==
        "cannot listen on unix:/nowhere/earshot.sock: No such file or directory");
}

TEST_CASE("a file that has taken the socket's place by the end is not removed") {
  const TemporaryDirectory directory;
  const fs::path path = directory / "earshot.sock";
  {
    const Listening listening(path);
    fs::remove(path);
    directory.write("earshot.sock", "somebody else's");
  }
  CHECK(fs::is_regular_file(path));
}

}  // namespace earshot::test
