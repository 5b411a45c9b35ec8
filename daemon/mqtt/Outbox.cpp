#include "daemon/mqtt/Outbox.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <exception>
#include <system_error>
#include <utility>
#include <vector>

#include "daemon/log/Logging.h"
#include "dsp/base/AtomicFile.h"
#include "dsp/base/Error.h"
#include "dsp/base/ReadFile.h"

namespace earshot {
namespace {

// The file is a diary: what happened to the outbox, a line each.
constexpr std::string_view kAdded = "add";     // topic, time, payload, messages
constexpr std::string_view kSent = "sent";     // the oldest
constexpr std::string_view kDropped = "drop";  // the oldest, and it is lost
constexpr std::string_view kPassed = "pass";   // the oldest but one, and it is lost
constexpr std::string_view kLost = "lost";     // so many before the oldest: messages, first time, last time
constexpr std::string_view kTold = "told";     // so many of the lost: messages, first time of the others

constexpr mode_t kOutboxMode = 0600;
constexpr std::uintmax_t kMostFileBytes = 256U << 20U;
constexpr std::chrono::seconds kTryAgain{10};

std::string fields_line(std::initializer_list<std::string_view> fields) {
  std::string line;
  for (const std::string_view field : fields) {
    if (!line.empty()) line += '\t';
    line += field;
  }
  return line + '\n';
}

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (;;) {
    const std::size_t tab = line.find('\t');
    fields.push_back(line.substr(0, tab));
    if (tab == std::string_view::npos) return fields;
    line.remove_prefix(tab + 1);
  }
}

std::uint64_t number_in(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string added_line(const Outbox::Entry& entry) {
  return fields_line({kAdded, entry.topic, entry.time, entry.payload, std::to_string(entry.messages)});
}

std::size_t size_of(const Outbox::Entry& entry) {
  return entry.topic.size() + entry.payload.size();
}

std::string system_reason() {
  return std::generic_category().message(errno);
}

}  // namespace

Outbox::Outbox(std::filesystem::path directory, OutboxLimits limits)
    : directory_(std::move(directory)), limits_(limits) {
  if (directory_.empty()) {
    fail("found no folder in the environment, expected STATE_DIRECTORY, XDG_STATE_HOME or HOME");
  } else {
    open();
  }
}

Outbox::~Outbox() {
  close();
  if (lock_ >= 0) ::close(lock_);
}

// The first time reads what is there; later on all is written anew.
void Outbox::open() {
  try {
    std::error_code error;
    std::filesystem::create_directories(directory_, error);
    if (error) throw Error(ExitCode::io, directory_.string() + ": cannot make it: " + error.message());
    if (lock_ < 0) {
      const std::string lock_path = (directory_ / "outbox.lock").string();
      const int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOutboxMode);
      if (lock < 0) throw Error(ExitCode::io, lock_path + ": cannot write: " + system_reason());
      if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        ::close(lock);
        throw Error(ExitCode::unavailable, directory_.string() + ": another earshotd has its outbox there");
      }
      lock_ = lock;
      remove_unfinished(path());
    }
    if (!loaded_ && std::filesystem::exists(path())) load(read_file(path(), kMostFileBytes, "an outbox"));
    loaded_ = true;
    write_all();
  } catch (const std::exception& error) {
    fail(error.what());
  }
}

// Before those that this run has in memory already.
void Outbox::load(const std::string& text) {
  std::deque<Entry> ours = std::exchange(entries_, {});
  const Loss our_loss = std::exchange(loss_, {});
  let_go();
  std::string_view rest = text;
  for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    take_line(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  if (our_loss.messages > 0) {
    loss_.add(our_loss.first_time, our_loss.messages);
    loss_.last_time = our_loss.last_time;
  }
  if (!ours.empty()) ++front_number_;  // what of ours is on its way is not front() any more
  for (Entry& entry : ours) entries_.push_back(std::move(entry));
  while (entries_.size() > 1 && (entries_.size() > limits_.messages || bytes_ > limits_.bytes)) drop_oldest();
}

// One that is none is passed over.
void Outbox::take_line(std::string_view line) {
  const std::vector<std::string_view> fields = fields_of(line);
  const std::string_view what = fields.front();
  if (what == kAdded && fields.size() == 5) {
    Entry entry{.topic = std::string(fields[1]),
                .time = std::string(fields[2]),
                .payload = std::string(fields[3]),
                .messages = number_in(fields[4])};
    bytes_ += size_of(entry);
    entries_.push_back(std::move(entry));
  } else if (what == kSent && !entries_.empty()) {
    pop_front();
  } else if (what == kDropped && !entries_.empty()) {
    drop_oldest();
  } else if (what == kPassed && entries_.size() > 1) {
    is_front_held_ = true;
    drop_oldest();
    is_front_held_ = false;
  } else if (what == kLost && fields.size() == 4) {
    loss_ = {number_in(fields[1]), std::string(fields[2]), std::string(fields[3])};
  } else if (what == kTold && fields.size() == 3) {
    loss_.messages -= std::min(loss_.messages, number_in(fields[1]));
    loss_.first_time = fields[2];
  }
}

void Outbox::add(Entry entry) {
  retry_when_due();
  note(added_line(entry));
  bytes_ += size_of(entry);
  entries_.push_back(std::move(entry));
  while (entries_.size() > 1 && (entries_.size() > limits_.messages || bytes_ > limits_.bytes)) {
    note(fields_line({is_front_held_ ? kPassed : kDropped}));
    drop_oldest();
  }
}

// Of those that are not on their way.
void Outbox::drop_oldest() {
  const auto oldest = entries_.begin() + (is_front_held_ ? 1 : 0);
  if (held_ == loss_.messages) next_first_time_ = oldest->time;
  loss_.add(oldest->time, oldest->messages);
  if (!is_front_held_) return pop_front();
  bytes_ -= size_of(*oldest);
  entries_.erase(oldest);
}

void Outbox::pop_front() {
  bytes_ -= size_of(entries_.front());
  entries_.pop_front();
  ++front_number_;
}

void Outbox::forget_loss() {
  retry_when_due();
  if (!held_) return;
  note(fields_line({kTold, std::to_string(*held_), next_first_time_}));
  loss_.messages -= std::min(loss_.messages, *held_);
  loss_.first_time = next_first_time_;
  let_go();
}

void Outbox::let_go() noexcept {
  held_.reset();
  next_first_time_.clear();
  is_front_held_ = false;
}

void Outbox::remove(std::uint64_t number) {
  retry_when_due();
  if (entries_.empty() || number != front_number_) return;
  note(fields_line({kSent}));
  pop_front();
  is_front_held_ = false;
}

void Outbox::retry() {
  if (file_ < 0 && !directory_.empty()) open();
}

// Before anything is noted: what the disk has from an earlier run may come in between.
void Outbox::retry_when_due() {
  if (file_ < 0 && BootClock::now() >= try_again_) retry();
}

// Before it happens, and so that the file never grows without end.
void Outbox::note(const std::string& line) {
  if (file_ < 0) return;
  try {
    if (static_cast<std::size_t>(end_) + line.size() > 2 * limits_.bytes + (1U << 20U)) write_all();
    append(line);
  } catch (const std::exception& error) {
    fail(error.what());
  }
}

// As it is now, in the place of the diary.
void Outbox::write_all() {
  close();
  std::string text;
  if (loss_.messages > 0)
    text += fields_line({kLost, std::to_string(loss_.messages), loss_.first_time, loss_.last_time});
  for (const Entry& entry : entries_) text += added_line(entry);
  write_file_unsynced(path(), text);
  file_ = ::open(path().c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (file_ < 0) throw Error(ExitCode::io, path().string() + ": cannot write: " + system_reason());
  end_ = static_cast<off_t>(text.size());
  if (std::exchange(failing_, false))
    log_info("MQTT: what the broker has not taken yet is kept on disk again, in {}", path().string());
}

void Outbox::append(std::string_view text) {
  off_t end = end_;
  while (!text.empty()) {
    const ssize_t written = ::write(file_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const Error error(ExitCode::io, path().string() + ": cannot write: " + system_reason());
      if (::ftruncate(file_, end_) != 0) close();
      throw error;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
    end += written;
  }
  end_ = end;
}

void Outbox::fail(const std::string& why) {
  close();
  try_again_ = BootClock::now() + kTryAgain;
  if (!std::exchange(failing_, true))
    log_warning("MQTT: what the broker has not taken yet is kept in memory alone: {}", why);
}

void Outbox::close() noexcept {
  if (file_ >= 0) ::close(std::exchange(file_, -1));
}

}  // namespace earshot
