// The Python client: its own tests, with a real stream to be cut off from.
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/daemon/TestServer.h"
#include "tests/support/Python.h"

namespace earshot::test {
namespace {

Finished run_client_tests(const std::string& python, std::uint16_t stream, const std::string& tests) {
  return run_program(
      {"/bin/sh", "-c",
       "cd '" EARSHOT_SOURCE_DIR "/clients/python' && exec " + python +
           " -B -X dev -W error tests/test_client.py " + tests},
      {"EARSHOT_STREAM=" + std::to_string(stream), "PYTHONPATH=" EARSHOT_SOURCE_DIR "/clients/python"});
}

}  // namespace

TEST_CASE(
    "the Python client comes back without a gap or a message twice, tells what was lost, and pins before a "
    "token") {
  const auto python = debian_python_with("asyncio, ssl, tomllib");  // the last came with Python 3.11
  if (!python) return;
  TestServer server(std::uint16_t{0});
  std::atomic<bool> enough = false;
  std::thread daemon([&] {
    while (!enough) {
      server.predict(1);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  const Finished tested = run_client_tests(*python, server.stream->port(), "");
  enough = true;
  daemon.join();
  INFO(tested.out << tested.err);
  CHECK(tested.code == 0);
  CHECK(tested.err.find("\nOK\n") != std::string::npos);
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
