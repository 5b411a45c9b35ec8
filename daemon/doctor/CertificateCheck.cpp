#include "daemon/doctor/CertificateCheck.h"

#include <unistd.h>

#include <string>

#include <spdlog/fmt/fmt.h>

#include "daemon/net/Certificate.h"
#include "daemon/net/TlsIdentity.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

constexpr std::chrono::days kLastDays{30};

// Why whoever asks, who is not earshotd's user, may not read one of the files; empty if he may.
std::string hidden_from_asker(const TlsSettings& tls, const Patient& patient) {
  const Account asker = this_account();
  if (asker.uid == patient.account.uid) return {};
  for (const std::filesystem::path& each : {tls.certificate, tls.key, tls.token_file}) {
    if (std::string why = refusal(asker, each, R_OK); !why.empty()) return why;
  }
  return {};
}

std::string date_of(std::chrono::sys_seconds time) {
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(time));
  return fmt::format("{}-{:02}-{:02}", int(date.year()), unsigned(date.month()), unsigned(date.day()));
}

}  // namespace

Finding expiry_finding(const std::filesystem::path& certificate, std::chrono::sys_seconds end,
                       std::chrono::sys_seconds now) {
  const bool is_over = end <= now;
  const std::string text = fmt::format("{} {} {}", certificate.string(),
                                       is_over ? "was good until" : "is good until", date_of(end));
  if (end - now > kLastDays) return found_ok(text);
  return found_doubtful(text + ": clients by --pin take it all the same, others do not",
                        "make another, and give its --pin to the clients: docs/network.md");
}

Findings check_certificate(const Patient& patient) {
  const auto& tls = patient.config->publish_tls;
  if (!tls) return {found_ok("no [publish.tls]")};
  if (const std::string why = hidden_from_asker(*tls, patient); !why.empty())
    return {found_doubtful("not looked at: " + why, "sudo earshot doctor")};
  try {
    const TlsIdentity identity(tls->certificate, tls->key, tls->token_file);
  } catch (const Error& error) {
    return {found_wrong(std::string("[publish.tls] ") + error.what(),
                        "see files above; earshot certificate and earshot token make new ones")};
  }
  return {expiry_finding(tls->certificate, expiry_of_file(tls->certificate),
                         std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()))};
}

}  // namespace earshot
