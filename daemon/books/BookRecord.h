// BookRecord: what earshotd's books are written in: a JSON object a line.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "nn/events/StreamClock.h"

namespace earshot {

/// The daemon has started, or goes on in a new file. What follows is of this instance, up to the next of
/// another one.
struct BookStart {
  UtcTime time;
  std::string instance;
  std::string boot;        ///< of the machine: the kernel's boot_id
  bool continued = false;  ///< what came before may be lost

  bool operator==(const BookStart&) const = default;
};

/// Sound of a source that no classified window covers.
struct BookMiss {
  std::string source;
  UtcTime from;
  UtcTime to;
  std::chrono::microseconds unheard{0};  ///< in between; all of it, if it is one stretch
  std::uint64_t stretches = 1;           ///< that follow each other closely, for the same reason
  std::string reason;                    ///< a gap's, or the source's state: "network", "overload", "down"
  std::string detail;                    ///< the state's, as on the stream

  bool operator==(const BookMiss&) const = default;
};

/// Nobody asked for a source: what it missed in between counts for nothing.
struct BookAbsence {
  std::string source;
  UtcTime from;
  UtcTime to;

  bool operator==(const BookAbsence&) const = default;
};

/// The clock was set: times of this instance before are to be moved by so much.
struct BookClock {
  std::chrono::microseconds step{0};

  bool operator==(const BookClock&) const = default;
};

/// A source as it is now.
struct BookSource {
  std::string name;
  UtcTime since;       ///< it is there
  UtcTime heard_to;    ///< the end of its last classified window; `since` if there was none
  std::string reason;  ///< why it is not heard since then; empty: no reason is known
  std::string detail;
  bool over = false;   ///< nothing more is to be heard of it: a recording at its end, one that a reload took
  bool added = false;  ///< by a reload: nobody asked for it before `since`

  bool operator==(const BookSource&) const = default;
};

/// A sign of life. The last of an instance counts.
struct BookNow {
  UtcTime time;
  std::string stopped;  ///< why the daemon ends; empty: it goes on
  std::vector<BookSource> sources;

  bool operator==(const BookNow&) const = default;
};

using BookRecord = std::variant<BookStart, BookMiss, BookAbsence, BookClock, BookNow>;

/// With its newline. Any thread.
std::string book_line(const BookRecord& record);

/// Nothing if it is no whole record, or one of a type that is not known. Any thread.
std::optional<BookRecord> parse_book_line(std::string_view line);

}  // namespace earshot
