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
    : rate_hz_(rate_hz), started_(now), boot_utc_(boot_utc), page_boot_utc_(boot_utc) {
  change(sources, now);
}

void Accounts::change(const std::vector<BookedSource>& sources, Time now) {
  leaving_ = known_;
  for (const BookedSource& source : sources) {
    known_.insert(source.name);
    leaving_.erase(source.name);
    account_of(source.name, now)->recorded = source.recorded;
  }
  for (auto& [name, account] : accounts_) {  // some have nothing more to say
    if (account.state == SourceState::ended && leaving_.contains(name)) end(name, account, now);
  }
}

void Accounts::take(const Message& message, Time now, UtcTime boot_utc) {
  if (const auto* prediction = std::get_if<Prediction>(&message)) {
    const Time end = Time(prediction->time - boot_utc);
    Account* account = account_of(prediction->source, now);
    if (account && !account->over) hear(prediction->source, *account, *prediction, end);
  } else if (const auto* gap = std::get_if<Gap>(&message)) {
    Account* account = account_of(gap->source, now);
    if (!account) return;
    if (gap->reason == GapReason::overload) {
      account->skipped = true;
    } else {
      account->lost[gap->reason] += gap->samples;
    }
  } else if (const auto* state = std::get_if<SourceChange>(&message)) {
    const bool is_unheard_of = state->state == SourceState::ended && !accounts_.contains(state->source);
    Account* account = is_unheard_of ? nullptr : account_of(state->source, now);
    if (account) change(*account, *state, now);
    if (state->forgotten && leaving_.erase(state->source) > 0) known_.erase(state->source);
  }
}

// Nothing for one too many.
Accounts::Account* Accounts::account_of(const std::string& source, Time now) {
  const bool is_known = known_.contains(source);
  if (!is_known && accounts_.size() >= kMostSources && !accounts_.contains(source)) return nullptr;
  const auto [found, is_new] = accounts_.try_emplace(source);
  Account& account = found->second;
  if (is_new) {
    account.since = account.heard_to = now;
    account.added = is_known && now > started_;
    account.trouble = to_string(SourceState::starting);
    news_ = true;
  }
  return &account;
}

void Accounts::change(Account& account, const SourceChange& change, Time now) {
  if (!stopped_.empty()) return;
  news_ = true;
  if (account.over && change.state == SourceState::ended) return;
  if (account.over) begin_again(change.source, account, now);
  if (change.forgotten) account.heard_samples.reset();  // of a sender that comes back they begin anew
  // No sender that may come back; or its name is a listener's now, or one's that keeps no time.
  const bool is_gone = change.forgotten
                           ? known_.contains(change.source)
                           : change.state == SourceState::down && leaving_.contains(change.source);
  if (is_gone) return end(change.source, account, now);
  account.state = change.state;
  if (change.state == SourceState::ended && account.recorded) account.over = true;
  // The first trouble is the cause, but that it was still starting.
  const bool is_starting = account.trouble == to_string(SourceState::starting);
  if (change.state == SourceState::up || (!account.trouble.empty() && !is_starting)) return;
  account.trouble = to_string(change.state);
  account.detail = cut(change.detail);
}

// It is configured again, or another sound.
void Accounts::begin_again(const std::string& source, Account& account, Time now) {
  settle(source, account);
  settle(source, Absence{account.heard_to, now});
  Account again;
  again.since = account.since;
  again.added = account.added;
  again.recorded = account.recorded;
  again.heard_to = now;
  again.trouble = to_string(SourceState::starting);
  account = std::move(again);
}

// It is not asked for any more: what it missed up to now is told, nothing that comes is.
void Accounts::end(const std::string& source, Account& account, Time now) {
  if (std::exchange(account.over, true)) return;
  if (reason_of(account).empty()) return;
  miss(source, account, account.heard_to, now, 0);
  account.heard_to = now;
}

void Accounts::hear(const std::string& source, Account& account, const Prediction& prediction, Time end) {
  if (account.state == SourceState::stalled && prediction.level_dbfs <= kSilenceDbfs) return;
  const Time begin = end - duration_of(prediction.end_sample - prediction.start_sample, rate_hz_);
  if (!account.heard_samples) {
    if (begin > account.heard_to) miss(source, account, account.heard_to, begin, 0);
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

// Why nothing is heard since the last window; empty: no reason is known.
std::string Accounts::reason_of(const Account& account) {
  return account.trouble.empty() && !account.lost.empty() ? main_loss(account, 0) : account.trouble;
}

void Accounts::settle(const std::string& source, Account& account) {
  if (account.last) settle(source, *std::exchange(account.last, std::nullopt));
}

void Accounts::settle(const std::string& source, Settled what) {
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
    present.sources.push_back({.name = name,
                               .since = utc(account.since, boot_utc),
                               .heard_to = utc(account.heard_to, boot_utc),
                               .reason = reason_of(account),
                               .detail = account.detail,
                               .over = account.over,
                               .added = account.added});
  }
  for (const auto& [source, settled] : settled_) {
    if (const auto* miss = std::get_if<Miss>(&settled)) page.settled += line_of(source, *miss);
    if (const auto* absence = std::get_if<Absence>(&settled)) {
      page.settled += book_line(BookAbsence{
          .source = source, .from = utc(absence->from, boot_utc), .to = utc(absence->to, boot_utc)});
    }
  }
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
