// Messages as lines of JSON: what subscribers of the stream and readers of `earshot classify` see.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/hearing/Message.h"

namespace earshot {

inline constexpr std::size_t kAllScores = std::numeric_limits<std::size_t>::max();

/// The scores of a prediction that are printed unless somebody asks for others: all, or of models of more than 32 labels
/// the ten highest.
constexpr std::size_t usual_scores(std::size_t labels) noexcept {
  return labels > 32 ? 10 : kAllScores;
}

/// One JSON object and its newline. Of a prediction's scores, `most_scores` of the highest are printed, in
/// the order of its labels (one for each score); 0 leaves the field out. A score's digits read back as the
/// same float32. Text that is not UTF-8 is repaired with U+FFFD. Without `seq` it is no message of the
/// stream. Any thread.
std::string json_line(const Message& message, std::optional<std::uint64_t> seq,
                      std::size_t most_scores = kAllScores);

/// "2025-03-01T12:00:00.000001Z".
std::string rfc3339(UtcTime time);

std::string_view to_string(SourceState state) noexcept;
std::string_view to_string(EndRule rule) noexcept;
std::string_view to_string(GapReason reason) noexcept;

}  // namespace earshot
