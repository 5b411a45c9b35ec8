// A model file: its safetensors container, and the recipe, labels and network in its header.
#include <string>

#include "dsp/base/Error.h"
#include "dsp/base/Sha256.h"
#include "nn/model/Model.h"
#include "tests/fuzz/FuzzTarget.h"

using namespace earshot;

namespace {

// Without its checksum put right, no changed input would be read any further.
std::string with_checksum(std::string bytes) {
  constexpr std::string_view kField = "\"checksum\":\"";
  constexpr std::size_t kDigits = 64;
  const std::size_t field = bytes.find(kField);
  if (field == std::string::npos || bytes.size() - field - kField.size() < kDigits) return bytes;
  bytes.replace(field + kField.size(), kDigits, std::string(kDigits, '0'));
  return bytes.replace(field + kField.size(), kDigits, sha256_of(bytes));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const Model model = parse_model(with_checksum(std::string(fuzz::text_of(data, size))));
    check_writable(model);  // what was read can be written and read again
  } catch (const Error& error) {
    fuzz::expect(error.code() == ExitCode::bad_data, "a wrong model file is bad data");
  }
  return 0;
}
