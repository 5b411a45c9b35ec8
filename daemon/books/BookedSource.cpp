#include "daemon/books/BookedSource.h"

#include <variant>

namespace earshot {
namespace {

template <typename Kind>
bool is_timeless(const Kind& kind) {
  if constexpr (requires { kind.pace; }) return kind.pace == Pace::fast;
  return false;
}

}  // namespace

std::vector<BookedSource> booked_sources(const std::vector<SourceSettings>& sources) {
  std::vector<BookedSource> booked;
  for (const SourceSettings& source : sources) {
    if (is_for_many(source)) continue;  // its senders are sources, and name themselves
    booked.push_back(
        {.name = source.name,
         .recorded = std::holds_alternative<FileSettings>(source.kind) ||
                     std::holds_alternative<StdinSettings>(source.kind),
         .timeless = std::visit([](const auto& kind) { return is_timeless(kind); }, source.kind)});
  }
  return booked;
}

}  // namespace earshot
