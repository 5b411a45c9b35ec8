// SourceIds: what topics know sources by, whatever they are called today.
#include <string>

#include <catch2/catch.hpp>

#include "daemon/mqtt/SourceIds.h"

namespace earshot::test {
namespace {

SourceSettings named_source(const std::string& name, const std::string& id) {
  SourceSettings source;
  source.name = name;
  source.id = id;
  return source;
}

}  // namespace

TEST_CASE("a source that is renamed has its id under its new name, and the old one's end under it, too") {
  SourceIds ids;
  ids.configure({named_source("mic", "mic")});
  ids.configure({named_source("Front door", "mic")});
  CHECK(ids.of("Front door") == "mic");
  CHECK(ids.of("mic") == "mic");
  CHECK_FALSE(ids.is_present("mic"));
  ids.forget("mic");
  CHECK(ids.is_present("mic"));
  CHECK(ids.of("mic") != "mic");
}

TEST_CASE("senders whose names make one slug do not share an id, nor does one with a configured source") {
  SourceIds ids;
  ids.configure({named_source("mic", "mic")});
  CHECK(ids.of("barn-7") == "barn_7");
  const std::string other = ids.of("Barn 7");
  CHECK(other.substr(0, 7) == "barn_7_");
  CHECK(other.size() == 13);
  CHECK(ids.of("MIC").substr(0, 4) == "mic_");
  CHECK(ids.of("Barn 7") == other);
  SourceIds later;
  later.remember("barn-7", "barn_7");
  CHECK(later.of("Barn 7") == other);
}

}  // namespace earshot::test
