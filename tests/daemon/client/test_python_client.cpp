// The Python client: its own tests, with a real stream to be cut off from, and by TLS with the real earshotd.
#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/daemon/Daemon.h"
#include "tests/daemon/TestServer.h"
#include "tests/daemon/TlsClient.h"
#include "tests/support/Python.h"
#include "tests/support/WavFile.h"

namespace earshot::test {
namespace {

Finished run_python_tests(const std::string& python, const std::string& file,
                          std::vector<std::string> environment) {
  environment.emplace_back("PYTHONPATH=" EARSHOT_SOURCE_DIR "/clients/python");
  return run_program(
      {"/bin/sh", "-c",
       "cd '" EARSHOT_SOURCE_DIR "/clients/python' && exec " + python + " -B -X dev -W error tests/" + file},
      std::move(environment));
}

/// So many labels that hello, and a prediction with all scores, is a line of more than 64 KiB.
Model model_of_long_lines() {
  Model model = small_yamnet();
  model.labels.clear();
  for (int i = 0; i < 900; ++i) model.labels.push_back(std::to_string(i) + std::string(75, 'x'));
  model.architecture.layers.back().kind = Dense{.units = 900};
  model.architecture.scores = Scores::softmax;  // of sigmoids `heard` would list half of them
  model.weights = initial_weights(model.architecture, 3);
  return model;
}

}  // namespace

TEST_CASE(
    "the Python client misses nothing and has nothing twice, tells what was lost, and pins before a token") {
  const auto python = debian_python_with("asyncio, ssl, tomllib");  // the last came with Python 3.11
  if (!python) return;
  TestServer server(std::uint16_t{0});
  const std::jthread daemon([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      server.predict(1);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  const Finished tested = run_python_tests(*python, "test_client.py",
                                           {"EARSHOT_STREAM=" + std::to_string(server.stream->port())});
  INFO(tested.out << tested.err);
  CHECK(tested.code == 0);
  CHECK(tested.err.find("\nOK") != std::string::npos);
  if (tested.err.find("skipped=") != std::string::npos)
    skip("no openssl to make a certificate: TLS was not tried");
}

TEST_CASE(
    "the Python client hears earshotd by TLS, long lines and after cuts, and tells a wrong pin or token") {
  const auto python = debian_python_with("asyncio, ssl, tomllib");
  if (!python) return;
  const TlsFiles files;
  const TemporaryDirectory directory;
  write_wav(directory / "sound.wav", sine(440, 16'000, 20 * 16'000), 16'000);
  const Daemon daemon("[window]\nhop_s = 0.01\n" + files.table() +
                          "[[source]]\nname = \"f\"\nkind = \"file\"\nat_end = \"loop\"\npath = \"" +
                          (directory / "sound.wav").string() + "\"\n",
                      {}, "/dev/null", model_of_long_lines(), R"(["127.0.0.1:0", "0.0.0.0:0"])");
  const Finished tested =
      run_python_tests(*python, "test_tls.py",
                       {"EARSHOT_TLS=" + std::to_string(daemon.port_after("0.0.0.0:")),
                        "EARSHOT_PIN=" + files.fingerprint, std::string("EARSHOT_TOKEN=") + kToken});
  INFO(tested.out << tested.err);
  CHECK(tested.code == 0);
  CHECK(tested.err.find("\nOK\n") != std::string::npos);
  daemon.await_log("client 127.0.0.1 left before it said a token");  // that was the wrong pin's
  daemon.await_log("client 127.0.0.1 turned away: it did not say the right token");
}

TEST_CASE("the Python client's types are strict") {
  const auto python = debian_python_with("mypy");
  if (!python) return;
  const TemporaryDirectory cache;
  const Finished checked =
      run_program({"/bin/sh", "-c",
                   "cd '" EARSHOT_SOURCE_DIR "/clients/python' && exec " + *python +
                       " -m mypy --strict --cache-dir '" + cache.path().string() + "' earshot_client tests"});
  INFO(checked.out << checked.err);
  CHECK(checked.code == 0);
}

}  // namespace earshot::test
