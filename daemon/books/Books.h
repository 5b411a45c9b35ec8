// Books: what the ledger says of a time: of each source how much was heard, and what was not.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/books/BookRecord.h"

namespace earshot {

/// Why sound was not heard, besides the reasons of BookMiss.
/// The daemon; `detail` says what stopped it, nothing if it was killed.
inline constexpr std::string_view kNotRunning = "not_running";
/// The same, and the machine was started anew since.
inline constexpr std::string_view kMachineDown = "machine_down";
/// Up, and yet nothing was classified.
inline constexpr std::string_view kUnknown = "unknown";

/// Of one reason.
struct UnheardPart {
  UtcTime from;
  UtcTime to;
  std::chrono::microseconds unheard{0};
  std::uint64_t stretches = 1;  ///< of `unheard` between the two
  std::string reason;
  std::string detail;
};

/// Parts that follow each other: what was heard before ends where they begin.
struct UnheardGap {
  std::vector<UnheardPart> parts;  ///< at least one
  bool goes_on = false;            ///< at the end of what the books tell

  UtcTime from() const { return parts.front().from; }
  UtcTime to() const { return parts.back().to; }
  std::chrono::microseconds unheard() const;
  std::uint64_t stretches() const;  ///< those of a part beyond its first are gaps of their own
};

struct SourceBooks {
  std::string name;
  UtcTime from;  ///< of what is told of it
  UtcTime to;
  std::chrono::microseconds expected{0};  ///< it was there, or the daemon was not that should have heard it
  std::vector<UnheardGap> gaps;           ///< in order

  std::chrono::microseconds unheard() const;
  std::uint64_t stretches() const;
};

struct Books {
  UtcTime from;                      ///< that was asked for
  UtcTime asked_to;                  ///< now
  UtcTime to;                        ///< up to there it is known
  std::optional<UtcTime> began;      ///< the first record that is left; nothing: there is none
  std::optional<UtcTime> running;    ///< since when, if a daemon runs
  UtcTime written;                   ///< the last sign of life
  std::vector<SourceBooks> sources;  ///< by name; of the time asked for
};

/// What records come to. `running`: whether the last one's daemon runs, of which nothing is known behind
/// that; `boot` is of this machine now.
Books books_of(const std::vector<BookRecord>& records, UtcTime from, UtcTime to, bool running,
               const std::string& boot);

}  // namespace earshot
