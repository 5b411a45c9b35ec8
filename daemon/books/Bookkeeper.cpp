#include "daemon/books/Bookkeeper.h"

#include <exception>
#include <utility>

#include "daemon/books/BootId.h"
#include "daemon/log/Logging.h"

namespace earshot {

Bookkeeper::Bookkeeper(MessageSink& next, BookkeeperSettings settings, UtcClock& utc, Pulses* pulses)
    : next_(next),
      settings_(std::move(settings)),
      utc_(utc),
      pulse_(pulses, "the bookkeeper"),
      accounts_(settings_.rate_hz, settings_.sources, started_, boot_utc()),
      ledger_(settings_.directory),
      thread_([this] { keep(); }) {}

Bookkeeper::~Bookkeeper() {
  const std::lock_guard lock(mutex_);
  if (stage_ == Stage::open) stage_ = Stage::closed;
  changed_.notify_all();
}

void Bookkeeper::publish(Message message) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    accounts_.take(message, BootClock::now(), boot_utc());
  } catch (const std::exception&) {  // no memory for a note: the stream still tells
  }
  next_.publish(std::move(message));
}

void Bookkeeper::change(const std::vector<BookedSource>& sources) {
  const std::lock_guard lock(mutex_);
  accounts_.change(sources, BootClock::now());
}

void Bookkeeper::stop(const std::string& why) {
  const std::lock_guard lock(mutex_);
  accounts_.stop(why);
}

bool Bookkeeper::close(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  if (stage_ == Stage::open) stage_ = Stage::closing;
  changed_.notify_all();
  return changed_.wait_for(lock, limit, [this] { return stage_ == Stage::closed; });
}

void Bookkeeper::keep() {
  std::unique_lock lock(mutex_);
  BootClock::time_point written = started_;
  while (stage_ == Stage::open) {
    pulse_.beat();
    changed_.wait_for(lock, settings_.look, [this] { return stage_ != Stage::open; });
    const bool due = accounts_.has_news(boot_utc()) || BootClock::now() - written >= settings_.alive;
    if (stage_ != Stage::open || !due) continue;
    written = BootClock::now();
    lock.unlock();
    write_page(false);
    lock.lock();
  }
  if (stage_ == Stage::closed) return;
  lock.unlock();
  write_page(true);
  lock.lock();
  stage_ = Stage::closed;
  changed_.notify_all();
}

// Not under the mutex.
void Bookkeeper::write_page(bool last) {
  pulse_.rest();
  try {
    if (!ledger_.is_open()) {
      ledger_.open(start_line());
      begun_ = true;
    }
    const bool full = ledger_.is_full();
    Accounts::Page page;
    {
      const std::lock_guard lock(mutex_);
      page = accounts_.page(BootClock::now(), boot_utc(), last || full);
    }
    ledger_.write(page.settled, page.present);
    {
      const std::lock_guard lock(mutex_);
      accounts_.written();
    }
    if (full) ledger_.turn_page();
    if (std::exchange(failing_, false))
      log_info("the books are kept again, in {}", settings_.directory.string());
  } catch (const std::exception& error) {
    if (!std::exchange(failing_, true))
      log_warning("what is heard and what is not cannot be kept in the books: {}", error.what());
  }
}

std::string Bookkeeper::start_line() {
  const BootClock::time_point since = begun_ ? BootClock::now() : started_;
  const std::lock_guard lock(mutex_);
  return book_line(BookStart{.time = accounts_.written_boot_utc() +
                                     std::chrono::floor<std::chrono::microseconds>(since.time_since_epoch()),
                             .instance = settings_.instance,
                             .boot = boot_id(),
                             .continued = begun_});
}

}  // namespace earshot
