#include "daemon/books/BookedSource.h"

#include <variant>

namespace earshot {
namespace {

template <typename Kind>
bool is_fast(const Kind& kind) {
  if constexpr (requires { kind.pace; }) return kind.pace == Pace::fast;
  return false;
}

}  // namespace

bool keeps_time(const SourceSettings& source) {
  return !std::visit([](const auto& kind) { return is_fast(kind); }, source.kind);
}

std::vector<BookedSource> booked_sources(const std::vector<SourceSettings>& sources) {
  std::vector<BookedSource> booked;
  for (const SourceSettings& source : sources) {
    if (is_for_many(source) || !keeps_time(source)) continue;  // the senders of many name themselves
    booked.push_back({.name = source.name,
                      .recorded = std::holds_alternative<FileSettings>(source.kind) ||
                                  std::holds_alternative<StdinSettings>(source.kind)});
  }
  return booked;
}

}  // namespace earshot
