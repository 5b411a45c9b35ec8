// JsonText: what it writes any parser reads, whatever texts hold.
#include "dsp/base/JsonText.h"

#include <limits>

#include <boost/json.hpp>

#include <catch2/catch.hpp>

namespace earshot::test {

TEST_CASE("a document of names that are not UTF-8 or hold control characters is read back by a parser") {
  const boost::json::value document{{"caf\xE9", "a\xFF\nb\x1b[31m"}, {"list", {"\xC3", "\xC3\xA9"}}};
  const boost::json::value read = boost::json::parse(json_text(document));
  CHECK(read == boost::json::value{{"caf\xEF\xBF\xBD", "a\xEF\xBF\xBD\nb\x1b[31m"},
                                   {"list", {"\xEF\xBF\xBD", "\xC3\xA9"}}});
}

TEST_CASE("a number that JSON has no word for is null") {
  const boost::json::value document{{"loss", std::numeric_limits<double>::infinity()}};
  CHECK(boost::json::parse(json_text(document)).at("loss").is_null());
}

}  // namespace earshot::test
