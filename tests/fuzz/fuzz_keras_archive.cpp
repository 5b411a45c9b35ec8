// A .keras archive: as it is, or put together from a configuration and weights, so that a change in them does
// not end at the archive's checksums.
#include <string>

#include "dsp/base/Error.h"
#include "nn/exchange/KerasImport.h"
#include "tests/fuzz/FuzzTarget.h"
#include "tests/fuzz/StoredZip.h"

using namespace earshot;

namespace {

// "{...}\0<HDF5>": what no archive begins with.
std::string archive_of(std::string_view input) {
  if (!input.starts_with('{')) return std::string(input);
  const std::size_t end = std::min(input.find('\0'), input.size());
  return fuzz::stored_zip({{"metadata.json", R"({"keras_version":"3.5.0"})"},
                           {"config.json", input.substr(0, end)},
                           {"model.weights.h5", input.substr(std::min(end + 1, input.size()))}});
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::MemoryFile file;
  file.write(archive_of(fuzz::text_of(data, size)));
  try {
    const KerasNetwork network = read_keras(file.path(), nullptr, {8, 8, 1});
    fuzz::expect(network.weights.size() == parameter_specs(network.architecture).size(),
                 "a network that was read has all its tensors");
  } catch (const Error& error) {
    fuzz::expect(error.code() == ExitCode::bad_data || error.code() == ExitCode::usage,
                 "a wrong archive is bad data");
  }
  return 0;
}
