// The Python client: its own tests, with a real stream to be cut off from.
#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/daemon/TestServer.h"
#include "tests/support/Python.h"

namespace earshot::test {

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
  const Finished tested = run_program({"/bin/sh", "-c",
                                       "cd '" EARSHOT_SOURCE_DIR "/clients/python' && exec " + *python +
                                           " -B -X dev -W error tests/test_client.py"},
                                      {"EARSHOT_STREAM=" + std::to_string(server.stream->port()),
                                       "PYTHONPATH=" EARSHOT_SOURCE_DIR "/clients/python"});
  INFO(tested.out << tested.err);
  CHECK(tested.code == 0);
  CHECK(tested.err.find("\nOK") != std::string::npos);
  if (tested.err.find("skipped=") != std::string::npos)
    skip("no openssl to make a certificate: TLS was not tried");
}

TEST_CASE("the Python client's types are strict") {
  const auto python = debian_python_with("mypy");
  if (!python) return;
  const TemporaryDirectory cache;
  const Finished checked = run_program({"/bin/sh", "-c",
                                        "cd '" EARSHOT_SOURCE_DIR "/clients/python' && exec " + *python +
                                            " -m mypy --strict --cache-dir '" + cache.path().string() +
                                            "' earshot_client tests/test_client.py"});
  INFO(checked.out << checked.err);
  CHECK(checked.code == 0);
}

}  // namespace earshot::test
