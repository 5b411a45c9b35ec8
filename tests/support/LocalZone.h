// LocalZone: another time zone for as long as it lives, in this process.
#pragma once

#include <stdlib.h>
#include <time.h>

#include <optional>
#include <string>

namespace earshot::test {

/// As POSIX writes zones, which takes no file of the machine's: "CET-1CEST,M3.5.0,M10.5.0/3".
class LocalZone {
 public:
  explicit LocalZone(const char* zone) {
    if (const char* before = ::getenv("TZ")) before_ = before;
    ::setenv("TZ", zone, 1);
    ::tzset();
  }
  ~LocalZone() {
    before_ ? ::setenv("TZ", before_->c_str(), 1) : ::unsetenv("TZ");
    ::tzset();
  }
  LocalZone(const LocalZone&) = delete;
  LocalZone& operator=(const LocalZone&) = delete;

 private:
  std::optional<std::string> before_;
};

}  // namespace earshot::test
