// What a client asks for: one line of JSON, judged before anything is done about it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/stream/JsonLine.h"

namespace earshot {

/// The messages with a seq, as bits, so that a subscription can name several.
enum class Topic : std::uint8_t { prediction = 1, event = 2, gap = 4, source = 8, clock = 16 };
inline constexpr unsigned kEveryTopic = 31;

/// A subscribe request whose every field had the right type. Absent fields keep these defaults.
struct SubscribeRequest {
  unsigned topics = kEveryTopic;
  std::optional<std::vector<std::string>> sources;  ///< absent: all
  std::optional<std::size_t> most_scores;           ///< 0 for "none"; absent: the usual ones
  std::optional<std::uint64_t> from_seq;
  std::optional<std::string> instance;
};

/// Becomes an `error` message.
struct RequestError {
  std::string code;  ///< for programs: bad_json, bad_request, unknown_type, line_too_long, ...
  std::string message;
};

/// `line` without its newline, of any bytes. Unknown fields are ignored.
std::variant<SubscribeRequest, RequestError> parse_request(std::string_view line);

/// What a client wrote, as an error shows it: cut short.
std::string shortened(std::string text);

/// The names of the topics in `topics`, in the order of their bits.
std::vector<std::string_view> topic_names(unsigned topics);

}  // namespace earshot
