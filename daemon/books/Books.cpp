#include "daemon/books/Books.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <ranges>
#include <set>
#include <utility>

namespace earshot {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;

constexpr auto kUndecided = 30s;  // a window may come as late as it is long
constexpr auto kSameMoment = 1ms;

/// A start of the daemon and what followed.
struct Instance {
  BookStart start;
  std::vector<BookRecord> told;  // misses and absences
  BookNow now;                   // the last

  const BookSource* source(const std::string& name) const {
    const auto found = std::ranges::find(now.sources, name, &BookSource::name);
    return found == now.sources.end() ? nullptr : &*found;
  }
  void move(microseconds step) {
    start.time += step;
    now.time += step;
    for (BookRecord& record : told) {
      if (auto* miss = std::get_if<BookMiss>(&record)) move(*miss, step);
      if (auto* absence = std::get_if<BookAbsence>(&record)) move(*absence, step);
    }
    for (BookSource& each : now.sources) {
      each.since += step;
      each.heard_to += step;
    }
  }

 private:
  template <typename Told>
  static void move(Told& told, microseconds step) {
    told.from += step;
    told.to += step;
  }
};

std::vector<Instance> instances_of(const std::vector<BookRecord>& records) {
  std::vector<Instance> instances;
  for (const BookRecord& record : records) {
    if (const auto* start = std::get_if<BookStart>(&record)) {
      if (!instances.empty() && instances.back().start.instance == start->instance) continue;
      instances.push_back(
          {.start = *start, .told = {}, .now = {.time = start->time, .stopped = {}, .sources = {}}});
    }
    if (instances.empty()) continue;  // the start is lost
    Instance& instance = instances.back();
    if (std::holds_alternative<BookMiss>(record) || std::holds_alternative<BookAbsence>(record))
      instance.told.push_back(record);
    if (const auto* clock = std::get_if<BookClock>(&record)) instance.move(clock->step);
    if (const auto* now = std::get_if<BookNow>(&record)) instance.now = *now;
  }
  return instances;
}

// Boots lie one behind the other as they were written, whatever a clock without a battery said. Where it
// began anew in the past, and was right again later, that boot is told from the end of the one before it on.
// Else it counts as it is now: boots before it that end after it began are told up to there.
void put_in_order(std::vector<Instance>& instances, UtcTime now, const std::string& boot) {
  const auto is_passed_later = [&](UtcTime moment, std::size_t behind) {
    if (instances.back().start.boot != boot && now >= moment) return true;
    return std::any_of(instances.begin() + static_cast<std::ptrdiff_t>(behind) + 1, instances.end(),
                       [&](const Instance& each) { return each.start.time >= moment; });
  };
  microseconds shift = 0us;  // of all instances of a boot, but those from when on its clock was set
  for (std::size_t i = 1; i < instances.size(); ++i) {
    const Instance& before = instances[i - 1];
    Instance& instance = instances[i];
    const microseconds behind = before.now.time - instance.start.time;
    if (instance.start.boot != before.start.boot)
      shift = behind > 0us && is_passed_later(instance.now.time + behind, i) ? behind : 0us;
    if (behind > 0us) instance.move(shift);
  }
  BookStart next{.time = now, .instance = {}, .boot = boot};
  shift = 0us;
  for (Instance& instance : std::views::reverse(instances)) {
    const bool is_ahead = instance.now.time > next.time;
    if (instance.start.boot != next.boot) shift = is_ahead ? next.time - instance.now.time : 0us;
    if (is_ahead) instance.move(shift);
    next = instance.start;
  }
}

/// Tells one source's time from the first to the last, and keeps of it what lies in between two moments.
class Account {
 public:
  Account(const std::string& name, UtcTime from, UtcTime to) : from_(from), to_(to) { books_.name = name; }

  void open(UtcTime at) {
    if (!std::exchange(is_open_, true)) begun_ = cursor_ = std::max(cursor_, at);
  }
  bool is_open() const noexcept { return is_open_; }

  void hear_to(UtcTime moment) { cursor_ = std::max(cursor_, moment); }

  void miss(const UnheardPart& part) {
    const UtcTime begin = std::max({cursor_, part.from, from_});
    const UtcTime end = std::min(part.to, to_);
    hear_to(part.to);
    if (end <= begin) return;
    UnheardPart kept = part;
    kept.from = begin;
    kept.to = end;
    const double share =
        static_cast<double>((end - begin).count()) / static_cast<double>((part.to - part.from).count());
    kept.unheard =
        std::min(end - begin, microseconds(std::llround(static_cast<double>(part.unheard.count()) * share)));
    const bool follows = !books_.gaps.empty() && kept.from - books_.gaps.back().to() <= kSameMoment;
    if (!follows) books_.gaps.emplace_back();
    books_.gaps.back().parts.push_back(std::move(kept));
  }
  void miss(UtcTime to, std::string_view reason, const std::string& detail) {
    miss({.from = cursor_,
          .to = to,
          .unheard = std::max(to - cursor_, microseconds(0)),
          .reason = std::string(reason),
          .detail = detail});
  }

  void close() {
    if (!std::exchange(is_open_, false)) return;
    const UtcTime begin = std::max(begun_, from_);
    const UtcTime end = std::min(cursor_, to_);
    if (end <= begin) return;
    if (books_.expected == microseconds(0)) books_.from = begin;
    books_.to = end;
    books_.expected += end - begin;
  }

  SourceBooks finish() {
    const bool goes_on =
        is_open_ && !books_.gaps.empty() && books_.gaps.back().to() == std::min(cursor_, to_);
    close();
    if (goes_on) books_.gaps.back().goes_on = true;
    return std::move(books_);
  }

 private:
  SourceBooks books_;
  UtcTime from_;
  UtcTime to_;
  UtcTime begun_;
  UtcTime cursor_ = UtcTime::min();  // told up to there
  bool is_open_ = false;
};

// From one instance to the next, or to now.
void tell_downtime(Account& account, const Instance& before, const std::string& boot, UtcTime to) {
  account.miss(to, before.start.boot == boot ? kNotRunning : kMachineDown, before.now.stopped);
}

void tell_instance(Account& account, const Instance& instance, const BookSource& source) {
  const bool beginning_lost = instance.start.continued && !account.is_open();
  account.open(beginning_lost ? std::max(instance.start.time, source.since) : source.since);
  // One that gave itself its name has not come back yet.
  if (!source.added && source.since - instance.start.time > kSameMoment)
    account.miss(source.since, "starting", {});
  for (const BookRecord& record : instance.told) {
    if (const auto* miss = std::get_if<BookMiss>(&record); miss && miss->source == source.name)
      account.miss({.from = miss->from,
                    .to = miss->to,
                    .unheard = miss->unheard,
                    .stretches = miss->stretches,
                    .reason = miss->reason,
                    .detail = miss->detail});
    if (const auto* absence = std::get_if<BookAbsence>(&record); absence && absence->source == source.name) {
      account.hear_to(absence->from);
      account.close();
      account.open(absence->to);
    }
  }
  account.hear_to(source.heard_to);
  if (source.over) return account.close();
  if (!source.reason.empty()) {
    account.miss(instance.now.time, source.reason, source.detail);
  } else if (instance.now.time - source.heard_to > kUndecided) {
    account.miss(instance.now.time, kUnknown, {});
  }
}

}  // namespace

microseconds UnheardGap::unheard() const {
  microseconds sum{0};
  for (const UnheardPart& part : parts) sum += part.unheard;
  return sum;
}

std::uint64_t UnheardGap::stretches() const {
  std::uint64_t count = 1;
  for (const UnheardPart& part : parts) count += part.stretches - 1;
  return count;
}

microseconds SourceBooks::unheard() const {
  microseconds sum{0};
  for (const UnheardGap& gap : gaps) sum += gap.unheard();
  return sum;
}

std::uint64_t SourceBooks::stretches() const {
  std::uint64_t count = 0;
  for (const UnheardGap& gap : gaps) count += gap.stretches();
  return count;
}

Books books_of(const std::vector<BookRecord>& records, UtcTime from, UtcTime to, bool running,
               const std::string& boot) {
  std::vector<Instance> instances = instances_of(records);
  Books books{
      .from = from, .asked_to = to, .to = to, .began = {}, .running = {}, .written = {}, .sources = {}};
  if (instances.empty()) return books;
  put_in_order(instances, to, boot);
  books.began = instances.front().start.time;
  books.written = instances.back().now.time;
  if (running) {
    books.running = instances.back().start.time;
    books.to = std::min(to, books.written);
  }
  std::set<std::string> names;
  for (const Instance& instance : instances) {
    for (const BookSource& source : instance.now.sources) names.insert(source.name);
  }
  for (const std::string& name : names) {
    Account account(name, from, books.to);
    const Instance* before = nullptr;
    for (const Instance& instance : instances) {
      if (instance.now.sources.empty()) continue;  // killed at once: nobody ran
      const BookSource* source = instance.source(name);
      if (!source || source->added) account.close();  // it is not asked for any more
      if (account.is_open()) tell_downtime(account, *before, instance.start.boot, instance.start.time);
      if (source) tell_instance(account, instance, *source);
      before = &instance;
    }
    if (!running && account.is_open()) tell_downtime(account, *before, boot, books.to);
    SourceBooks told = account.finish();
    if (told.expected > microseconds(0)) books.sources.push_back(std::move(told));
  }
  return books;
}

}  // namespace earshot
