#include "daemon/stream/History.h"

#include <algorithm>

namespace earshot {
namespace {

constexpr std::uint64_t kRecentMessages = std::uint64_t{1} << 18;
constexpr std::uint64_t kBlockMessages = 4096;
constexpr std::size_t kBlocksKept = std::size_t{1} << 14;
constexpr std::size_t kTotalsKept = std::size_t{1} << 20;  // of all blocks: 8 MB

std::uint64_t block_of(std::uint64_t seq) noexcept {
  return (seq - 1) / kBlockMessages;
}

}  // namespace

bool MessageFilter::passes_source(std::uint16_t source) const noexcept {
  return !sources || source == kNoSource ||
         std::find(sources->begin(), sources->end(), source) != sources->end();
}

void History::keep(std::size_t depth) {
  depth_ = depth;
  for (Entries* entries : {&predictions_, &others_}) {
    while (entries->size() > depth) entries->pop_front();
  }
}

std::uint64_t History::add(MessageKind kind, const Message& message) {
  if ((next_seq_ - 1) % kBlockMessages == 0) begin_block();
  const std::uint64_t seq = next_seq_++;
  Track& track = tracks_[track_of(kind)];
  ++track.total;
  track.seqs.push_back(seq);
  Entries& entries = kind.topic == Topic::prediction ? predictions_ : others_;
  if (depth_ == 0) return seq;
  if (entries.size() == depth_) entries.pop_front();
  entries.push_back({seq, kind, message});
  return seq;
}

std::size_t History::track_of(MessageKind kind) {
  const auto found = std::ranges::find(tracks_, kind, &Track::kind);
  const auto index = static_cast<std::size_t>(found - tracks_.begin());
  if (found == tracks_.end()) tracks_.push_back({kind, 0, {}});
  return index;
}

void History::begin_block() {
  while (!blocks_.empty() && (blocks_.size() >= kBlocksKept || totals_kept_ + tracks_.size() > kTotalsKept)) {
    totals_kept_ -= blocks_.front().size();
    blocks_.pop_front();
  }
  totals_kept_ += tracks_.size();
  std::vector<std::uint64_t>& totals = blocks_.emplace_back();
  totals.reserve(tracks_.size());
  for (Track& track : tracks_) {
    totals.push_back(track.total);
    const Entries& entries = entries_of(track.kind);
    const std::uint64_t first_held = entries.empty() ? next_seq_ : entries.front().seq;
    while (!track.seqs.empty() && track.seqs.front() + kRecentMessages < next_seq_ &&
           track.seqs.front() < first_held) {
      track.seqs.pop_front();
    }
  }
}

const History::Entries& History::entries_of(MessageKind kind) const noexcept {
  return kind.topic == Topic::prediction ? predictions_ : others_;
}

std::uint64_t History::first_seq() const noexcept {
  std::uint64_t first = next_seq_;
  if (!predictions_.empty()) first = std::min(first, predictions_.front().seq);
  if (!others_.empty()) first = std::min(first, others_.front().seq);
  return first;
}

const History::Entry* History::find_in(const Entries& entries, std::uint64_t seq,
                                       const MessageFilter& filter) const noexcept {
  const auto entry_at = [&](std::uint64_t wanted) {
    return std::ranges::lower_bound(entries, wanted, {}, &Entry::seq);
  };
  const auto next = entry_at(seq);
  if (next == entries.end()) return nullptr;
  if (filter.passes(next->kind)) return &*next;  // most often, in a replay
  std::uint64_t first = next_seq_;
  for (const Track& track : tracks_) {
    if (&entries_of(track.kind) != &entries || !filter.passes(track.kind)) continue;
    const auto held = std::ranges::lower_bound(track.seqs, next->seq);
    if (held != track.seqs.end()) first = std::min(first, *held);
  }
  return first == next_seq_ ? nullptr : &*entry_at(first);
}

const History::Entry* History::find_from(std::uint64_t seq, const MessageFilter& filter) const noexcept {
  const Entry* prediction = find_in(predictions_, seq, filter);
  const Entry* other = find_in(others_, seq, filter);
  if (!prediction || !other) return prediction ? prediction : other;
  return prediction->seq < other->seq ? prediction : other;
}

std::uint64_t History::total_at_block(std::size_t track, std::uint64_t block) const noexcept {
  const std::uint64_t first_kept = block_of(next_seq_ - 1) + 1 - blocks_.size();
  if (block < first_kept) return 0;
  const std::vector<std::uint64_t>& totals = blocks_[block - first_kept];
  return track < totals.size() ? totals[track] : 0;
}

History::Bounds History::count_before(std::size_t track, std::uint64_t seq) const noexcept {
  const auto& [kind, total, seqs] = tracks_[track];
  const auto from_here = std::ranges::lower_bound(seqs, seq);
  const std::uint64_t before = total - static_cast<std::uint64_t>(seqs.end() - from_here);
  const bool known = from_here != seqs.begin() || seq + kRecentMessages >= next_seq_;
  if (known || (from_here != seqs.end() && *from_here == seq)) return {before, before};
  // Those of its own block may have come before it or after.
  const std::uint64_t next_block = (seq + kBlockMessages - 2) / kBlockMessages;
  return {total_at_block(track, block_of(seq)), std::min(before, total_at_block(track, next_block))};
}

std::uint64_t History::count(std::uint64_t from, std::uint64_t to,
                             const MessageFilter& filter) const noexcept {
  if (from >= to) return 0;
  std::uint64_t passing = 0;
  for (std::size_t track = 0; track < tracks_.size(); ++track) {
    if (!filter.passes(tracks_[track].kind)) continue;
    passing += count_before(track, to).most - count_before(track, from).least;
  }
  return std::min(passing, to - from);
}

}  // namespace earshot
