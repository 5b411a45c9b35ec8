#include "daemon/doctor/Finding.h"

#include <spdlog/fmt/fmt.h>

#include "daemon/client/Paint.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

constexpr std::string_view kVerdictLetters = "owf";  // in the enumeration's order
constexpr std::string_view kEndOfFindings = ".\n";

std::string_view word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return "ok";
    case Verdict::warn:
      return "warn";
    case Verdict::fail:
      break;
  }
  return "FAIL";
}

const char* paint_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return kGreen;
    case Verdict::warn:
      return kYellow;
    case Verdict::fail:
      break;
  }
  return kRed;
}

// What comes before `end`, which is taken off the front of `text` with it; nothing if it is not there.
std::optional<std::string_view> cut_before(std::string_view& text, char end) {
  const std::size_t at = text.find(end);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view before = text.substr(0, at);
  text.remove_prefix(at + 1);
  return before;
}

}  // namespace

std::string finding_lines(std::string_view check, const Finding& finding, bool colour) {
  std::string word = fmt::format("{:<4}", word_of(finding.verdict));
  if (colour) word = fmt::format("\x1b[{}m{}\x1b[0m", paint_of(finding.verdict), word);
  std::string lines = fmt::format("{}  {:<9}  {}\n", word, check, printable(finding.text));
  if (!finding.mend.empty()) lines += fmt::format("                 mend: {}\n", printable(finding.mend));
  return lines;
}

std::string encoded(const Findings& findings) {
  std::string text;
  for (const Finding& each : findings) {
    text += kVerdictLetters[static_cast<std::size_t>(each.verdict)];
    text += printable(each.text) + '\t' + printable(each.mend) + '\n';
  }
  return text.append(kEndOfFindings);
}

std::optional<Findings> decoded(std::string_view text) {
  Findings findings;
  while (text != kEndOfFindings) {
    const std::size_t verdict = text.empty() ? std::string_view::npos : kVerdictLetters.find(text.front());
    if (verdict == std::string_view::npos) return std::nullopt;
    text.remove_prefix(1);
    const auto what = cut_before(text, '\t');
    const auto mend = what ? cut_before(text, '\n') : std::nullopt;
    if (!mend) return std::nullopt;
    findings.push_back({static_cast<Verdict>(verdict), std::string(*what), std::string(*mend)});
  }
  return findings;
}

}  // namespace earshot
