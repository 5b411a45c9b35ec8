#include "daemon/doctor/Doctor.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>

#include <spdlog/fmt/fmt.h>

#include "daemon/doctor/Bundle.h"
#include "daemon/doctor/Checks.h"
#include "daemon/doctor/LimitedProcess.h"
#include "dsp/base/StandardOutput.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kOfAll = 15s;
constexpr std::chrono::milliseconds kOfOne = 6s;
constexpr std::chrono::milliseconds kAtLeast = 1s;

void write_findings(const Check& check, const Patient& patient, int output) {
  const bool other = ::geteuid() == 0 && !patient.account.is_root();
  Findings findings;
  if (check.as_account && other && !become(patient.account)) {
    findings = {found_doubtful("not looked at: this process cannot be " + patient.account.name,
                               "run it as that user")};
  } else {
    try {
      findings = check.run(patient);
    } catch (const std::exception& error) {
      findings = {found_wrong(error.what(), "see the checks above")};
    }
  }
  const std::string text = encoded(findings);
  [[maybe_unused]] const ssize_t written =
      ::write(output, text.data(), text.size());  // its end is missed if it is not there
}

Findings run_check(const Check& check, const Patient& patient, std::chrono::milliseconds limit) {
  const Told told = run_within(limit, [&](int output) { write_findings(check, patient, output); });
  if (const auto findings = told.in_time ? decoded(told.text) : std::nullopt) return *findings;
  if (!told.in_time) {
    const double seconds = std::chrono::duration<double>(limit).count();
    return {found_wrong(fmt::format("no answer within {:.1f} s", seconds), std::string(check.when_late))};
  }
  const std::string how =
      WIFSIGNALED(told.status) ? fmt::format("signal {}", WTERMSIG(told.status)) : "half a word";
  return {found_wrong("the check itself ended with " + how,
                      "a library or Earshot has a bug: report it with --bundle")};
}

}  // namespace

ExitCode examine_and_tell(const DoctorSettings& settings, std::ostream& out) {
  if (settings.bundle) check_new_file(*settings.bundle);
  const auto began = std::chrono::steady_clock::now();
  const Patient patient = examine(settings.config);
  std::string lines;
  ExitCode code = ExitCode::ok;
  int left_out = 0;
  for (const Check& check : all_checks()) {
    if (check.needs_config && !patient.config) {
      ++left_out;
      continue;
    }
    const auto left =
        std::chrono::floor<std::chrono::milliseconds>(began + kOfAll - std::chrono::steady_clock::now());
    for (const Finding& each : run_check(check, patient, std::clamp(left, kAtLeast, kOfOne))) {
      out << finding_lines(check.name, each, settings.terminal.colour);
      lines += finding_lines(check.name, each, false);
      if (each.verdict == Verdict::fail && code == ExitCode::ok) code = check.code;
    }
    flush_output(out);
  }
  if (left_out > 0) out << left_out << " checks more once the configuration is good\n";
  if (settings.bundle) {
    write_bundle(*settings.bundle, bundle_text(patient, lines));
    out << printable(settings.bundle->string()) << ": a report; read it before you send it\n";
  }
  flush_output(out);
  return code;
}

}  // namespace earshot
