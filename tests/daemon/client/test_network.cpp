// The real earshotd and earshot over TLS: watch and send with a pin and a token, and what they say when one
// is wrong.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/daemon/Daemon.h"
#include "tests/daemon/FreePorts.h"
#include "tests/daemon/NetworkOfItsOwn.h"
#include "tests/daemon/TlsClient.h"
#include "tests/support/Skip.h"
#include "tests/support/WavFile.h"

namespace earshot::test {
namespace {

using Catch::Matchers::Contains;

Finished earshot_of(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), EARSHOT_EARSHOT);
  return run_program(arguments);
}

std::string tls_sender_source(std::uint16_t port, const std::string& keys = "") {
  return "[[source]]\nname = \"net\"\nkind = \"tcp\"\npace = \"fast\"\nlisten = \"127.0.0.1:" +
         std::to_string(port) + "\"\ntls = true\n" + keys;
}

std::vector<std::string> credentials(const TlsFiles& files, const std::string& pin) {
  return {"--pin", pin, "--token-file", (files.directory / "token").string()};
}

std::string other_pin() {
  return std::string(64, 'a');
}

}  // namespace

TEST_CASE("token and certificate make what the daemon takes, for their owner alone, and overwrite nothing") {
  const TemporaryDirectory directory;
  const std::string token = (directory / "token").string();
  CHECK(earshot_of({"token", token}).code == 0);
  struct stat status {};
  REQUIRE(::stat(token.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(read_token(token).size() == 64);
  const Finished again = earshot_of({"token", token});
  CHECK(again.code == 74);
  CHECK_THAT(again.err, Contains("it is not overwritten"));
  CHECK(earshot_of({"token"}).out.size() == 65);
  CHECK(earshot_of({"token"}).out != earshot_of({"token"}).out);

  const Finished made = earshot_of({"certificate", "--out", directory.path().string(), "--name", "box",
                                    "--name", "192.168.1.10", "--name", "fd00::1"});
  INFO(made.err);
  REQUIRE(made.code == 0);
  CHECK_THAT(made.err, Contains("for box, 192.168.1.10, fd00::1"));
  REQUIRE(::stat((directory / "key.pem").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  const std::string certificate = (directory / "certificate.pem").string();
  CHECK(earshot_of({"certificate", certificate}).out == made.out);
  CHECK(TlsIdentity(certificate, directory / "key.pem", token).is_token(read_token(token)));
  CHECK(earshot_of({"certificate", "--out", directory.path().string()}).code == 74);
  CHECK(earshot_of({"certificate", "--name", "a b", "--out", directory.path().string()}).code == 64);
  CHECK(earshot_of({"certificate", token}).code == 65);
  CHECK(earshot_of({"certificate", certificate, "--name", "x"}).code == 64);
}

TEST_CASE("a token is said to nobody without a pin, and a pin that is none is refused") {
  const TlsFiles files;
  const std::string token = (files.directory / "token").string();
  const Finished unpinned = earshot_of({"watch", "127.0.0.1:1", "--token-file", token});
  CHECK(unpinned.code == 64);
  CHECK_THAT(unpinned.err, Contains("--token-file: found no --pin") && Contains("earshot certificate FILE"));
  CHECK(earshot_of({"watch", "127.0.0.1:1", "--pin", files.fingerprint}).code == 64);
  CHECK(earshot_of({"watch", "127.0.0.1:1", "--pin", "abc", "--token-file", token}).code == 64);
  CHECK(earshot_of({"watch", "unix:/x", "--pin", files.fingerprint, "--token-file", token}).code == 64);
}

TEST_CASE("send by TLS is heard, one of many as well; a wrong token and a foreign certificate are told") {
  const TlsFiles files;
  const TemporaryDirectory directory;
  write_wav(directory / "sound.wav", sine(440, 16'000, 6 * 16'000), 16'000);
  FreePorts ports;
  const std::uint16_t port = ports.next();
  const bool many = GENERATE(false, true);
  Daemon daemon(files.table() + tls_sender_source(port, many ? "max_senders = 3\n" : ""));
  daemon.await_log("source 'net' starting");
  StreamClient hearer = daemon.connect();
  const auto send = [&](std::vector<std::string> with) {
    std::vector<std::string> arguments{"send", (directory / "sound.wav").string(),
                                       "127.0.0.1:" + std::to_string(port), "--speed", "0"};
    if (many) arguments.insert(arguments.end(), {"--source", "barn"});
    arguments.insert(arguments.end(), with.begin(), with.end());
    return earshot_of(arguments);
  };
  const Finished foreign = send(credentials(files, other_pin()));
  CHECK(foreign.code == 65);
  CHECK_THAT(foreign.err, Contains("found a certificate with the fingerprint " + files.fingerprint) &&
                              Contains("expected " + other_pin()) && Contains("the token was not sent"));
  const TlsFiles other("another-token-of-enough-bytes");
  const Finished wrong = send(credentials(other, files.fingerprint));
  CHECK(wrong.code == 69);
  CHECK_THAT(wrong.err, Contains("refused this sender: found no line with the right token"));
  const Finished unpinned = send({});
  CHECK(unpinned.code == 69);
  CHECK_THAT(unpinned.err, Contains("it speaks TLS (--pin, --token-file)"));
  const Finished heard = send(credentials(files, files.fingerprint));
  INFO(heard.err);
  CHECK(heard.code == 0);
  CHECK(hearer.message("prediction").at("source") == (many ? "barn" : "net"));
}

TEST_CASE("a server with another certificate hears no token") {
  const TlsFiles mine;
  const TlsFiles theirs;
  const int listener = open_listener({"127.0.0.1", 0}, {});
  ::fcntl(listener, F_SETFL, 0);
  std::string heard;
  std::jthread impostor([&] {
    const int socket = ::accept(listener, nullptr, nullptr);
    const auto identity = theirs.identity();
    TlsChannel channel(*identity, socket);
    while (channel.handshake() == TlsChannel::State::wants_read) {
    }
    char bytes[4096];
    const TlsChannel::Step step = channel.read(bytes);
    heard.assign(bytes, step.bytes);
    ::close(socket);
  });
  std::vector<std::string> arguments{"watch", "127.0.0.1:" + std::to_string(bound_port(listener))};
  for (const std::string& each : credentials(mine, mine.fingerprint)) arguments.push_back(each);
  const Finished watch = earshot_of(arguments);
  impostor.join();
  ::close(listener);
  CHECK(watch.code == 65);
  CHECK_THAT(watch.err, Contains("somebody else answers in its place"));
  CHECK(heard.empty());
}

TEST_CASE("the walk of docs/network.md: certificate, token, a daemon open to a network, watched from there") {
  const NetworkOfItsOwn network;
  if (!network.there()) return skip("a network namespace takes root's rights");
  TlsFiles files;
  FreePorts ports;
  const std::uint16_t port = ports.next();
  const std::uint16_t sender_port = ports.next();
  const std::string lan = "10.0.0.1:" + std::to_string(port);
  // The last `listen` of [publish.tcp] is the one that Daemon writes: its table is ours to go on with.
  Daemon daemon("allow = []\n" + files.table() + tls_sender_source(sender_port));
  const auto config = [&](const std::string& listen) {
    daemon.directory().write(
        "earshot.toml", "[model]\npath = \"model.safetensors\"\n[publish.tcp]\nlisten = [" + listen + "]\n" +
                            files.table() + tls_sender_source(sender_port));
    daemon.reload();
  };
  config("\"127.0.0.1:0\", \"" + lan + "\"");
  daemon.await_log(lan);
  std::vector<std::string> arguments{EARSHOT_EARSHOT, "watch", lan, "--json"};
  for (const std::string& each : credentials(files, files.fingerprint)) arguments.push_back(each);
  const auto hears_hello = [](const Child& watch) {
    for (int i = 0; i < 2'000 && watch.out().find("\"hello\"") == std::string::npos; ++i)
      std::this_thread::sleep_for(10ms);
    return watch.out().find("\"hello\"") != std::string::npos;
  };
  {
    const Child watch(arguments);
    INFO(watch.err());
    CHECK(hears_hello(watch));
  }
  // Rotated: a reload of files with the same names.
  files.write("the-second-token-of-all-of-them");
  daemon.reload();
  Child stale(arguments);
  CHECK(stale.wait(20s) == 65);
  CHECK_THAT(stale.err(), Contains("found a certificate with the fingerprint " + files.fingerprint));
  arguments[5] = files.fingerprint;
  const Child fresh(arguments);
  INFO(fresh.err());
  CHECK(hears_hello(fresh));
  // What is wrong with a file at a reload is said, and all goes on.
  files.write_token("short");
  daemon.reload();
  daemon.await_log("not reloaded, going on as before: " + (files.directory / "token").string() +
                   ": found 5 characters");
  files.write_token("the-second-token-of-all-of-them");
  const Child still(arguments);
  CHECK(hears_hello(still));
}

}  // namespace earshot::test
