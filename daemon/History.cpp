#include "daemon/History.h"

#include <algorithm>

namespace earshot {
namespace {

constexpr std::size_t kKindsKept = std::size_t{1} << 18;

}  // namespace

bool MessageFilter::passes_source(std::uint16_t source) const noexcept {
  return !sources || std::find(sources->begin(), sources->end(), source) != sources->end();
}

std::uint64_t History::add(MessageKind kind, const Message& message) {
  const std::uint64_t seq = next_seq_++;
  if (kinds_.size() < kKindsKept) {
    kinds_.push_back(kind);
  } else {
    kinds_[(seq - 1) % kKindsKept] = kind;
  }
  Entries& entries = kind.topic == Topic::prediction ? predictions_ : others_;
  if (depth_ == 0) return seq;
  if (entries.size() == depth_) entries.pop_front();
  entries.push_back({seq, kind, message});
  return seq;
}

std::uint64_t History::first_seq() const noexcept {
  std::uint64_t first = next_seq_;
  if (!predictions_.empty()) first = std::min(first, predictions_.front().seq);
  if (!others_.empty()) first = std::min(first, others_.front().seq);
  return first;
}

const History::Entry* History::find_in(const Entries& entries, std::uint64_t seq,
                                       const MessageFilter& filter) noexcept {
  auto entry = std::lower_bound(entries.begin(), entries.end(), seq,
                                [](const Entry& held, std::uint64_t wanted) { return held.seq < wanted; });
  entry = std::find_if(entry, entries.end(), [&](const Entry& held) { return filter.passes(held.kind); });
  return entry == entries.end() ? nullptr : &*entry;
}

const History::Entry* History::find_from(std::uint64_t seq, const MessageFilter& filter) const noexcept {
  const Entry* prediction = find_in(predictions_, seq, filter);
  const Entry* other = find_in(others_, seq, filter);
  if (!prediction || !other) return prediction ? prediction : other;
  return prediction->seq < other->seq ? prediction : other;
}

std::uint64_t History::count(std::uint64_t from, std::uint64_t to,
                             const MessageFilter& filter) const noexcept {
  const std::uint64_t oldest_known = next_seq_ - kinds_.size();
  std::uint64_t passing = from < oldest_known ? std::min(oldest_known, to) - from : 0;
  for (std::uint64_t seq = std::max(from, oldest_known); seq < to; ++seq) {
    if (filter.passes(kinds_[(seq - 1) % kKindsKept])) ++passing;
  }
  return passing;
}

}  // namespace earshot
