// SenderIntroduction: the first line of one of many senders, and how each mistake in it is named.
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/capture/SenderIntroduction.h"

namespace earshot::test {
namespace {

const PcmSettings kTableSays{.format = SampleFormat::s24le, .rate_hz = 48'000, .channels = 2};

std::string introduction_problem(std::string_view line) {
  const auto result = SenderIntroduction::parse(line, kTableSays);
  return std::holds_alternative<std::string>(result) ? std::get<std::string>(result) : "nothing is wrong";
}

SenderIntroduction introduced(std::string_view line) {
  return std::get<SenderIntroduction>(SenderIntroduction::parse(line, kTableSays));
}

}  // namespace

TEST_CASE("a first line tells name, format, rate and channels; what it leaves out the table says") {
  const SenderIntroduction all =
      introduced(R"({"source":"barn-7","format":"s16le","rate_hz":16000,"channels":1})");
  CHECK(all.source == "barn-7");
  CHECK(all.pcm.format == SampleFormat::s16le);
  CHECK(all.pcm.rate_hz == 16'000);
  CHECK(all.pcm.channels == 1);
  const SenderIntroduction name = introduced("{\"source\": \"a_B-9\", \"firmware\": [1, 2]}\r");
  CHECK(name.source == "a_B-9");
  CHECK(name.pcm.format == SampleFormat::s24le);
  CHECK(name.pcm.rate_hz == 48'000);
  CHECK(name.pcm.channels == 2);
  CHECK(introduced(std::string_view(all.line()).substr(0, all.line().size() - 1)).line() == all.line());
  CHECK(all.line() == "{\"source\":\"barn-7\",\"format\":\"s16le\",\"rate_hz\":16000,\"channels\":1}\n");
}

TEST_CASE("each mistake in a first line is named") {
  const std::string name = R"({"source":"a",)";
  const std::string whole = "a first line like {\"source\":\"barn-7\"}";
  const std::string a_name = "a name of 1 to 32 letters, digits, '_' and '-'";
  const std::vector<std::pair<std::string, std::string>> table{
      {"", "found no JSON object, expected " + whole},
      {"\x01\x80\xFF", "found no JSON object, expected " + whole},
      {"[1]", "found no JSON object, expected " + whole},
      {name + "}", "found no JSON object, expected " + whole},
      {std::string(100, '[') + std::string(100, ']'), "found no JSON object, expected " + whole},
      {"{}", "source: found nothing, expected " + whole},
      {R"({"source":7})", "source: found 7, expected " + a_name},
      {R"({"source":""})", "source: found \"\", expected " + a_name},
      {R"({"source":"barn 7"})", "source: found \"barn 7\", expected " + a_name},
      {"{\"source\":\"b\xC3\xA4rn\"}", "source: found \"b\xC3\xA4rn\", expected " + a_name},
      {"{\"source\":\"" + std::string(33, 'x') + "\"}",
       "source: found \"" + std::string(33, 'x') + "\", expected " + a_name},
      {"{\"source\":\"" + std::string(99, 'x') + "\"}",
       "source: found \"" + std::string(59, 'x') + "..., expected " + a_name},
      {name + R"("format":"mp3"})",
       "format: found \"mp3\", expected \"s16le\", \"s24le\", \"s32le\" or \"f32le\""},
      {name + R"("format":16})", "format: found 16, expected \"s16le\", \"s24le\", \"s32le\" or \"f32le\""},
      {name + R"("rate_hz":0})", "rate_hz: found 0, expected an integer in 1000 .. 768000"},
      {name + R"("rate_hz":16000.0})", "rate_hz: found 1.6E4, expected an integer in 1000 .. 768000"},
      {name + R"("channels":65})", "channels: found 65, expected an integer in 1 .. 64"},
      {name + R"("channels":-1})", "channels: found -1, expected an integer in 1 .. 64"},
      {name + R"("channels":18446744073709551615})",
       "channels: found 18446744073709551615, expected an integer in 1 .. 64"},
  };
  for (const auto& [line, expected] : table) CHECK(introduction_problem(line) == expected);
}

TEST_CASE("a refusal is one line of JSON, and read back") {
  CHECK(refusal_line("source: found \"a\"") == "{\"error\":\"source: found \\\"a\\\"\"}\n");
  CHECK(refusal_of("{\"error\":\"source: found \\\"a\\\"\"}") == "source: found \"a\"");
  CHECK(refusal_of("{\"type\":\"hello\"}").empty());
  CHECK(refusal_of("what").empty());
}

}  // namespace earshot::test
