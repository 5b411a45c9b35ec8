#include "daemon/stream/History.h"

#include <algorithm>

namespace earshot {
namespace {

constexpr std::size_t kKindsKept = std::size_t{1} << 18;
constexpr std::uint64_t kBlockMessages = 4096;
constexpr std::size_t kBlocksKept = std::size_t{1} << 14;

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
  if ((seq - 1) % kBlockMessages == 0) {
    if (blocks_.size() == kBlocksKept) blocks_.pop_front();
    blocks_.emplace_back();
  }
  Block& block = blocks_.back();
  const auto counted = std::ranges::find(block, kind, &Block::value_type::first);
  if (counted == block.end()) {
    block.emplace_back(kind, 1U);
  } else {
    ++counted->second;
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

std::uint64_t History::passing_of(const Block& block, const MessageFilter& filter) noexcept {
  std::uint64_t passing = 0;
  for (const auto& [kind, count] : block) {
    if (filter.passes(kind)) passing += count;
  }
  return passing;
}

std::uint64_t History::count_held(std::uint64_t from, std::uint64_t to,
                                  const MessageFilter& filter) const noexcept {
  std::uint64_t passing = 0;
  for (const Entry* held = find_from(from, filter); held && held->seq < to;
       held = find_from(held->seq + 1, filter)) {
    ++passing;
  }
  return passing;
}

std::uint64_t History::count(std::uint64_t from, std::uint64_t to,
                             const MessageFilter& filter) const noexcept {
  const std::uint64_t oldest_kind = next_seq_ - kinds_.size();
  const std::uint64_t newest_block = (next_seq_ + kBlockMessages - 2) / kBlockMessages;  // counted from 1
  std::uint64_t passing = 0;
  for (std::uint64_t seq = from, end = 0; seq < to; seq = end) {
    const std::uint64_t block = (seq - 1) / kBlockMessages;
    const std::uint64_t block_begin = block * kBlockMessages + 1;
    end = std::min(to, block_begin + kBlockMessages);
    const std::uint64_t messages = end - seq;
    if (block + blocks_.size() < newest_block) {
      passing += messages;
    } else if (messages < kBlockMessages && seq >= oldest_kind) {
      for (; seq < end; ++seq) passing += filter.passes(kinds_[(seq - 1) % kKindsKept]) ? 1 : 0;
    } else {
      // Those still held are known one by one, the others at most by their number.
      const Block& counts = blocks_[blocks_.size() - (newest_block - block)];
      const std::uint64_t held = count_held(seq, end, filter);
      const std::uint64_t held_around = count_held(block_begin, block_begin + kBlockMessages, filter);
      passing += held + std::min(messages - held, passing_of(counts, filter) - held_around);
    }
  }
  return passing;
}

}  // namespace earshot
