// The daemon's configuration.
#include <string>

#include "daemon/settings/Config.h"
#include "dsp/base/Error.h"
#include "tests/fuzz/FuzzTarget.h"

using namespace earshot;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Config config;
  try {
    config = parse_config(fuzz::text_of(data, size), "earshot.toml");
  } catch (const Error& error) {
    fuzz::expect(error.code() == ExitCode::config || error.code() == ExitCode::bad_data,
                 "a wrong configuration is told as one");
    fuzz::expect(std::string_view(error.what()).find('\n') == std::string_view::npos, "an error is one line");
    return 0;
  }
  const std::string printed = to_toml(config);
  fuzz::expect(to_toml(parse_config(printed, "printed")) == printed, "what is printed reads the same again");
  return 0;
}
