#include "daemon/doctor/ClockCheck.h"

#include <sys/timex.h>

#include <chrono>

namespace earshot {
namespace {

constexpr int kYearOfThisProgram = 2025;  // a machine without a clock of its own begins long before

}  // namespace

Finding clock_finding(int year, bool synchronised) {
  const std::string text = "the year is " + std::to_string(year);
  if (year < kYearOfThisProgram)
    return found_wrong(text + ": the clock was never set",
                       "sudo timedatectl set-ntp true, or sudo date -s TIME");
  if (!synchronised) {
    return found_doubtful(text + "; nothing keeps the clock right, as far as the kernel knows",
                          "sudo timedatectl set-ntp true; in a container it is its host's business");
  }
  return found_ok(text + ", synchronised");
}

Findings check_clock(const Patient&) {
  timex query{};
  const int state = ::adjtimex(&query);
  const std::chrono::year_month_day today(
      std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()));
  return {clock_finding(static_cast<int>(today.year()), state >= 0 && state != TIME_ERROR)};
}

}  // namespace earshot
