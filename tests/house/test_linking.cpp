// What reads the files of other programs' models, in the built programs: trainer has it, earshotd and earshot
// do not.
#include <catch2/catch.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/Child.h"

namespace earshot::test {
namespace {

/// The lines of a tool's output that hold any of `words`.
std::vector<std::string> lines_with(const std::vector<std::string>& command,
                                    const std::vector<std::string>& words) {
  const Finished finished = run_program(command);
  INFO(command.front() << ": " << finished.err);
  REQUIRE(finished.code == 0);
  std::vector<std::string> found;
  std::istringstream output(finished.out);
  for (std::string line; std::getline(output, line);) {
    for (const std::string& word : words) {
      if (line.find(word) == std::string::npos) continue;
      found.push_back(line);
      break;
    }
  }
  return found;
}

std::vector<std::string> exchange_symbols(const std::string& program) {
  return lines_with(
      {"/usr/bin/nm", "--demangle", program},
      {"Hdf5File", "Hdf5Object", "KerasNetwork", "read_keras", "ZipArchive", "onnx_model", " U zip_"});
}

std::vector<std::string> zip_libraries(const std::string& program) {
  return lines_with({"/usr/bin/ldd", program}, {"libzip", "libhdf5"});
}

}  // namespace

TEST_CASE("earshotd and earshot carry nothing of Keras, HDF5, ONNX and zip, which trainer has") {
  CHECK(exchange_symbols(EARSHOT_TRAINER).size() > 10);
  CHECK(zip_libraries(EARSHOT_TRAINER).size() == 1);
  for (const std::string program : {EARSHOT_EARSHOTD, EARSHOT_EARSHOT}) {
    INFO(program);
    CHECK(exchange_symbols(program) == std::vector<std::string>{});
    CHECK(zip_libraries(program) == std::vector<std::string>{});
  }
}

}  // namespace earshot::test
