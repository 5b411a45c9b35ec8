// ProtoWriter: the bytes that the specification of the encoding gives as its own examples.
#include <vector>

#include <catch2/catch.hpp>

#include "dsp/base/ProtoWriter.h"

using namespace earshot;

namespace {

std::string hex(const ProtoWriter& writer) {
  std::string text;
  for (const char c : writer.bytes()) {
    const auto byte = static_cast<unsigned char>(c);
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

}  // namespace

TEST_CASE("a protobuf message has the bytes that the encoding's specification shows") {
  CHECK(hex(ProtoWriter().integer(1, 150)) == "089601");
  CHECK(hex(ProtoWriter().text(2, "testing")) == "120774657374696e67");
  CHECK(hex(ProtoWriter().message(3, ProtoWriter().integer(1, 150))) == "1a03089601");
  CHECK(hex(ProtoWriter().integers(6, std::vector<std::int64_t>{3, 270, 86942})) == "3206038e029ea705");
  CHECK(hex(ProtoWriter().integer(1, -2)) == "08feffffffffffffffff01");
}

TEST_CASE("a protobuf message holds floats in little-endian order, alone and packed") {
  CHECK(hex(ProtoWriter().number(2, 1.0F)) == "150000803f");
  CHECK(hex(ProtoWriter().number(1, -2.5)) == "0900000000000004c0");
  CHECK(hex(ProtoWriter().numbers(4, std::vector<float>{1.0F, -0.5F})) == "22080000803f000000bf");
  CHECK(hex(ProtoWriter().numbers(7, std::vector<double>{1.0})) == "3a08000000000000f03f");
  CHECK(hex(ProtoWriter().text(16, "")) == "820100");
}
