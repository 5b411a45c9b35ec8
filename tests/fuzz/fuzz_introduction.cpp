// The first line of one of many senders, what it is told if it may not come in, and what a command says.
#include <string>
#include <string_view>
#include <variant>

#include "daemon/capture/SenderIntroduction.h"
#include "daemon/log/WithoutPasswords.h"
#include "dsp/base/Utf8.h"
#include "tests/fuzz/FuzzTarget.h"

using namespace earshot;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(fuzz::text_of(data, size));
  const auto result = SenderIntroduction::parse(text, {});
  if (const auto* problem = std::get_if<std::string>(&result)) {
    fuzz::expect(!problem->empty() && problem->size() < 512, "an error says something, briefly");
    fuzz::expect(printable(*problem) == *problem, "an error is one line");
    fuzz::expect(refusal_of(refusal_line(*problem)) == *problem, "a refusal is read back");
  } else {
    const std::string line = std::get<SenderIntroduction>(result).line();
    const auto again = SenderIntroduction::parse(std::string_view(line).substr(0, line.size() - 1), {});
    fuzz::expect(std::get<SenderIntroduction>(again).line() == line,
                 "what was read introduces itself the same again");
  }
  refusal_of(text);
  const std::string struck = without_passwords(text);
  fuzz::expect(without_passwords(struck) == struck, "there is nothing more to strike out");
  return 0;
}
