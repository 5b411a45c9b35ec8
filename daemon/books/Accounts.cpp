#include "daemon/books/Accounts.h"

#include <algorithm>
#include <utility>

#include "daemon/settings/Config.h"
#include "daemon/stream/JsonLine.h"

namespace earshot {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;

constexpr auto kSameTrouble = 60s;  // between two misses that are one record
constexpr auto kLongestRecord = 10min;
constexpr microseconds kClockSet = 50ms;
constexpr std::size_t kMostDetail = 200;       // bytes
constexpr std::size_t kMostSources = 1'000;    // names that senders give themselves are no end
constexpr std::size_t kMostUnwritten = 2'500;  // as many as a page holds: no reason to run out of memory

UtcTime utc(BootClock::time_point moment, UtcTime boot_utc) {
  return boot_utc + std::chrono::floor<microseconds>(moment.time_since_epoch());
}

std::string cut(std::string_view text) {
  if (text.size() <= kMostDetail) return std::string(text);
  std::size_t end = kMostDetail;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;  // inside a character
  return std::string(text.substr(0, end)) + " ...";
}

}  // namespace

Accounts::Accounts(int rate_hz, const std::vector<BookedSource>& sources, Time now, UtcTime boot_utc)
    : rate_hz_(rate_hz), boot_utc_(boot_utc), page_boot_utc_(boot_utc) {
  change(sources, now);
}

void Accounts::change(const std::vector<BookedSource>& sources, Time now) {
  for (const BookedSource& source : sources) known_[source.name] = source;
  for (const BookedSource& source : sources) account_of(source.name, now);
}

void Accounts::take(const Message& message, Time now, UtcTime boot_utc) {
  if (const auto* prediction = std::get_if<Prediction>(&message)) {
    const Time end = Time(prediction->time - boot_utc);
    if (Account* account = account_of(prediction->source, now))
      hear(prediction->source, *account, *prediction, end);
  } else if (const auto* gap = std::get_if<Gap>(&message)) {
    Account* account = account_of(gap->source, now);
    if (!account) return;
    if (gap->reason == GapReason::overload) {
      account->skipped = true;
    } else {
      account->lost[gap->reason] += gap->samples;
    }
  } else if (const auto* state = std::get_if<SourceChange>(&message)) {
    if (Account* account = account_of(state->source, now)) change(*account, *state, now);
  }
}

// Nothing for a source of which no books are kept, and for one too many.
Accounts::Account* Accounts::account_of(const std::string& source, Time now) {
  const auto known = known_.find(source);
  if (known != known_.end() && known->second.timeless) return nullptr;
  if (accounts_.size() >= kMostSources && !accounts_.contains(source)) return nullptr;
  const auto [found, is_new] = accounts_.try_emplace(source);
  Account& account = found->second;
  if (is_new) {
    account.since = account.heard_to = now;
    account.recorded = known != known_.end() && known->second.recorded;
    account.trouble = to_string(SourceState::starting);
    news_ = true;
  }
  return &account;
}

void Accounts::change(Account& account, const SourceChange& change, Time now) {
  if (!stopped_.empty()) return;
  news_ = true;
  if (change.state != SourceState::ended && account.over) {  // it is configured again
    account.over = false;
    account.since = account.heard_to = now;
    account.heard_samples.reset();
    account.trouble = to_string(SourceState::starting);
  }
  account.state = change.state;
  const bool is_removed = change.forgotten && known_.contains(change.source);  // no sender that may come back
  if (change.state == SourceState::ended && (account.recorded || is_removed)) account.over = true;
  // The first trouble is the cause, but that it was still starting.
  const bool is_starting = account.trouble == to_string(SourceState::starting);
  if (change.state == SourceState::up || (!account.trouble.empty() && !is_starting)) return;
  account.trouble = to_string(change.state);
  account.detail = cut(change.detail);
}

void Accounts::hear(const std::string& source, Account& account, const Prediction& prediction, Time end) {
  if (account.state == SourceState::stalled && prediction.level_dbfs <= kSilenceDbfs) return;
  const Time begin = end - duration_of(prediction.end_sample - prediction.start_sample, rate_hz_);
  if (!account.heard_samples) {
    if (begin > account.since) miss(source, account, account.since, begin, 0);
  } else if (prediction.start_sample > *account.heard_samples) {
    const std::uint64_t samples = prediction.start_sample - *account.heard_samples;
    miss(source, account, begin - duration_of(samples, rate_hz_), begin, samples);
  }
  account.heard_samples = prediction.end_sample - prediction.padded_samples;
  account.heard_to = end - duration_of(prediction.padded_samples, rate_hz_);
  account.trouble.clear();
  account.detail.clear();
  account.lost.clear();
  account.skipped = false;
}

void Accounts::miss(const std::string& source, Account& account, Time from, Time to, std::uint64_t samples) {
  news_ = true;
  Miss found{.from = from,
             .to = to,
             .unheard = to - from,
             .reason = account.trouble.empty() ? main_loss(account, samples) : account.trouble,
             .detail = account.detail};
  std::optional<Miss>& last = account.last;
  if (last && last->reason == found.reason && from - last->to <= kSameTrouble &&
      to - last->from <= kLongestRecord) {
    last->to = to;
    last->unheard += found.unheard;
    ++last->stretches;
    return;
  }
  settle(source, account);
  last = std::move(found);
}

// What most of it is: of `samples` what was not lost was skipped, if anything was, or lies beside a gap and
// is too short for a window.
std::string Accounts::main_loss(const Account& account, std::uint64_t samples) {
  std::uint64_t left = samples;
  std::uint64_t most = 0;
  GapReason reason = GapReason::overload;
  for (const auto& [loss, lost] : account.lost) {
    left -= std::min(left, lost);
    if (lost > most) reason = loss;
    most = std::max(most, lost);
  }
  return std::string(to_string(account.skipped && left > most ? GapReason::overload : reason));
}

void Accounts::settle(const std::string& source, Account& account) {
  if (account.last) settle(source, *std::exchange(account.last, std::nullopt));
}

void Accounts::settle(const std::string& source, Miss what) {
  settled_.emplace_back(source, std::move(what));
  if (settled_.size() <= kMostUnwritten) return;
  settled_.pop_front();
  if (on_page_ > 0) --on_page_;
}

bool Accounts::has_news(UtcTime boot_utc) const noexcept {
  return news_ || is_clock_set(boot_utc);
}

bool Accounts::is_clock_set(UtcTime boot_utc) const noexcept {
  return std::chrono::abs(boot_utc - boot_utc_) >= kClockSet;
}

Accounts::Page Accounts::page(Time now, UtcTime boot_utc, bool all) {
  const auto line_of = [boot_utc](const std::string& source, const Miss& miss) {
    return book_line(BookMiss{.source = source,
                              .from = utc(miss.from, boot_utc),
                              .to = utc(miss.to, boot_utc),
                              .unheard = std::chrono::round<microseconds>(miss.unheard),
                              .stretches = miss.stretches,
                              .reason = miss.reason,
                              .detail = miss.detail});
  };
  Page page;
  page_boot_utc_ = is_clock_set(boot_utc) ? boot_utc : boot_utc_;
  if (page_boot_utc_ != boot_utc_) page.settled += book_line(BookClock{page_boot_utc_ - boot_utc_});
  BookNow present{.time = utc(now, boot_utc), .stopped = stopped_, .sources = {}};
  for (auto& [name, account] : accounts_) {
    if (all || (account.last && now - account.last->to > kSameTrouble)) settle(name, account);
    if (account.last) page.present += line_of(name, *account.last);
    const bool is_lost = account.trouble.empty() && !account.lost.empty();
    present.sources.push_back({.name = name,
                               .since = utc(account.since, boot_utc),
                               .heard_to = utc(account.heard_to, boot_utc),
                               .reason = is_lost ? main_loss(account, 0) : account.trouble,
                               .detail = account.detail,
                               .over = account.over});
  }
  for (const auto& [source, miss] : settled_) page.settled += line_of(source, miss);
  on_page_ = settled_.size();
  page.present += book_line(present);
  news_ = false;
  return page;
}

void Accounts::written() {
  settled_.erase(settled_.begin(),
                 settled_.begin() + static_cast<std::ptrdiff_t>(std::exchange(on_page_, 0)));
  boot_utc_ = page_boot_utc_;
}

}  // namespace earshot
