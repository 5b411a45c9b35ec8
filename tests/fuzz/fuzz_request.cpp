// A line that a client of the stream sends.
#include <string>
#include <variant>

#include "daemon/stream/Subscription.h"
#include "dsp/base/Utf8.h"
#include "tests/fuzz/FuzzTarget.h"

using namespace earshot;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto request = parse_request(fuzz::text_of(data, size));
  if (const auto* error = std::get_if<RequestError>(&request)) {
    fuzz::expect(!error->code.empty() && !error->message.empty(), "an error says something");
    fuzz::expect(error->message.size() < 1024, "an error is short");
  }
  return 0;
}
