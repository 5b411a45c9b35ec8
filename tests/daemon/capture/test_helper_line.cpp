// HelperLine: what a helper tells, read back, and what is none of it.
#include <string>

#include <catch2/catch.hpp>

#include "daemon/capture/HelperLine.h"

namespace earshot::test {

TEST_CASE("a helper's line is read as it was meant, in one line whatever a device is called") {
  const HelperLine recording{HelperLine::Kind::recording, 48'000, "USB\t\n(hw:1,0)", "usb 1:2 at 1-1, 0"};
  const std::string line = recording.line();
  CHECK(line == "recording\t48000\tUSB\\t\\n(hw:1,0)\tusb 1:2 at 1-1, 0\n");
  const auto read = HelperLine::parse(line.substr(0, line.size() - 1));
  REQUIRE(read);
  CHECK(read->kind == HelperLine::Kind::recording);
  CHECK(read->rate_hz == 48'000);
  CHECK(read->text == "USB\\t\\n(hw:1,0)");
  CHECK(read->hardware == "usb 1:2 at 1-1, 0");
  CHECK(HelperLine::parse("failed\tno such device")->text == "no such device");
  CHECK(HelperLine::parse("says\tALSA lib: x")->kind == HelperLine::Kind::says);
}

TEST_CASE("what no helper of ours says is nothing") {
  for (const char* line : {"", "recorded", "recording", "recording\t", "recording\tx\tUSB\t", "recording\t0\tUSB\t",
                           "recording\t48000x\tUSB\t", "recording\t99999999\tUSB\t"})
    CHECK_FALSE(HelperLine::parse(line));
}

}  // namespace earshot::test
