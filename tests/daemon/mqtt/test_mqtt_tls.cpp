// Brokers that want a password, and TLS: by certificates that the test makes.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/daemon/LogLines.h"
#include "tests/daemon/mqtt/MqttBroker.h"
#include "tests/daemon/mqtt/OutletRig.h"

namespace earshot::test {
namespace {

constexpr const char* kOpenssl = "/usr/bin/openssl";
constexpr const char* kMosquittoPasswd = "/usr/bin/mosquitto_passwd";

/// A certificate of its own authority, for the name "localhost".
void make_certificate(const TemporaryDirectory& directory) {
  const Finished made = run_program(
      {kOpenssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
       "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
       (directory / "key.pem").string(), "-out", (directory / "cert.pem").string()});
  if (made.code != 0) throw std::runtime_error(made.err);
}

std::string tls_broker(const TemporaryDirectory& directory) {
  return "allow_anonymous true\ncertfile " + (directory / "cert.pem").string() + "\nkeyfile " +
         (directory / "key.pem").string() + '\n';
}

bool skip_without_openssl() {
  if (::access(kOpenssl, X_OK) == 0) return false;
  skip("no openssl here");
  return true;
}

}  // namespace

TEST_CASE("a broker with TLS is trusted by its authority's certificate and its name, by nothing less") {
  if (skip_without_mosquitto() || skip_without_openssl()) return;
  TemporaryDirectory directory;
  make_certificate(directory);
  MqttBroker broker(tls_broker(directory));
  const std::string port = std::to_string(broker.port());
  const std::string ca =
      "ca_file = \"" + (directory / "cert.pem").string() + "\"\ntopic = \"earshot/attic\"\n";
  LogLines log;
  OutletRig rig;
  rig.change("broker = \"mqtts://127.0.0.1:" + port + "\"\n" + ca, OutletRig::kMic);
  CHECK(log.await("127.0.0.1:" + port + ": cannot") == 1);
  rig.change("broker = \"mqtts://localhost:" + port + "\"\n", OutletRig::kMic);
  CHECK(log.await("localhost:" + port + ": cannot") == 1);
  CHECK(log.count("connected to") == 0);
  rig.change("broker = \"mqtts://localhost:" + port + "\"\n" + ca, OutletRig::kMic);
  CHECK(log.await("connected to localhost:" + port) == 1);
  MqttLogin login;
  login.broker = {"localhost", broker.port()};
  login.tls = true;
  login.ca_file = directory / "cert.pem";
  MqttPeer peer(broker.port(), "earshot/#", login);
  CHECK(peer.await("earshot/attic/status").payload == "online");
}

TEST_CASE("a password comes from a file; a wrong one is told of once, and is in no line of the log") {
  if (skip_without_mosquitto()) return;
  if (::access(kMosquittoPasswd, X_OK) != 0) return skip("no mosquitto_passwd here");
  TemporaryDirectory directory;
  const std::string passwords = (directory / "passwords").string();
  REQUIRE(run_program({kMosquittoPasswd, "-c", "-b", passwords, "ear", "right-secret"}).code == 0);
  MqttBroker broker("allow_anonymous false\npassword_file " + passwords + '\n');
  const std::string file = directory.write_secret("password", "wrong-secret\n").string();
  const std::string mqtt = "user = \"ear\"\npassword_file = \"" + file + "\"\n";
  LogLines log;
  OutletRig rig;
  rig.change(broker.port(), mqtt);
  CHECK(log.await("not authorised") == 1);
  directory.write("password", "right-secret\nanother line");
  rig.change(broker.port(), mqtt);
  CHECK(log.await("connected to") == 1);
  CHECK(log.count("secret") == 0);
  CHECK(log.count("not authorised") == 1);
}

TEST_CASE("a password or certificates that cannot be read, and a password that all may read, are refused") {
  const TemporaryDirectory directory;
  const auto problem = [&](const std::string& mqtt) {
    try {
      check_mqtt(
          parse_config(OutletRig::kMic + ("[publish.mqtt]\n" + mqtt), (directory / "test.toml").string()));
      return std::string();
    } catch (const std::exception& error) {
      return std::string(error.what());
    }
  };
  const std::string password = "broker = \"mqtt://h\"\nuser = \"me\"\npassword_file = \"password\"\n";
  CHECK(problem(password).find("password: No such file") != std::string::npos);
  CHECK(problem("broker = \"mqtts://h\"\nca_file = \"/nowhere/ca\"\n").find("/nowhere/ca") !=
        std::string::npos);
  const auto file = directory.write("password", "secret\n");
  for (const unsigned mode : {0400U, 0600U, 0440U, 0640U, 0660U}) {  // a service's credentials, root:earshot
    std::filesystem::permissions(file, std::filesystem::perms(mode));
    CHECK(problem(password).empty());
  }
  for (const unsigned mode : {0644U, 0604U, 0602U}) {
    std::filesystem::permissions(file, std::filesystem::perms(mode));
    CHECK(problem(password).find("found a file that every user of this machine may read or write, expected "
                                 "one for its owner and group (chmod o= " +
                                 file.string() + ')') != std::string::npos);
  }
}

}  // namespace earshot::test
