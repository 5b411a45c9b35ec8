// Finding: what a check of `earshot doctor` found, how bad it is, and how to mend it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace earshot {

/// warn: it may well be meant so, or will be wrong some day.
enum class Verdict { ok, warn, fail };

struct Finding {
  Verdict verdict = Verdict::ok;
  std::string text;
  std::string mend = {};  ///< what to do, in the imperative; not of what is ok

  bool operator==(const Finding&) const = default;
};
using Findings = std::vector<Finding>;

inline Finding found_ok(std::string text) {
  return {Verdict::ok, std::move(text)};
}
inline Finding found_doubtful(std::string text, std::string mend) {
  return {Verdict::warn, std::move(text), std::move(mend)};
}
inline Finding found_wrong(std::string text, std::string mend) {
  return {Verdict::fail, std::move(text), std::move(mend)};
}

/// "ok    model      earshot, 521 labels\n", and below it, indented, how to mend it. `colour` as ECMA-48 has
/// it.
std::string finding_lines(std::string_view check, const Finding& finding, bool colour);

/// Findings on their way out of a process of their own.
std::string encoded(const Findings& findings);
/// Nothing if `text` was not written by encoded(), or its end is missing.
std::optional<Findings> decoded(std::string_view text);

}  // namespace earshot
