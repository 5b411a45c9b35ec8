#include "daemon/log/Logging.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>
#include <new>

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

// systemd.exec(5): JOURNAL_STREAM is "device:inode" of the stream that journald reads.
bool journald_reads_standard_error() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  if (!stream || ::fstat(STDERR_FILENO, &status) != 0) return false;
  return std::to_string(status.st_dev) + ':' + std::to_string(status.st_ino) == stream;
}

// sd-daemon(3).
std::string_view priority_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::critical:
      return "<2>";
    case spdlog::level::err:
      return "<3>";
    case spdlog::level::warn:
      return "<4>";
    case spdlog::level::info:
      return "<6>";
    default:
      return "<7>";
  }
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      break;
  }
  return spdlog::level::err;
}

constexpr const char* kLogger = "earshot";

// A pipe's or terminal's open end that is ours alone: that it does not wait for a reader is nobody else's
// concern.
int open_without_waiting() {
  struct stat status {};
  if (::fstat(STDERR_FILENO, &status) != 0 || !(S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode)))
    return -1;
  return ::open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

// A line that would have to wait for whoever reads the log is lost: sources log with locks held.
class StandardErrorSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  StandardErrorSink() : descriptor_(open_without_waiting()), journald_(journald_reads_standard_error()) {
    if (descriptor_ < 0) descriptor_ = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    set_pattern_(journald_ ? "%v" : "%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  }
  ~StandardErrorSink() override {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  StandardErrorSink(const StandardErrorSink&) = delete;
  StandardErrorSink& operator=(const StandardErrorSink&) = delete;

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (lost_ > 0) {
      const spdlog::details::log_msg lost({}, spdlog::level::warn, {});
      if (send(line_of(lost, fmt::format("{} lines lost here: nobody was reading the log", lost_))))
        lost_ = 0;
    }
    if (lost_ > 0 || !send(line_of(message, {message.payload.data(), message.payload.size()}))) ++lost_;
  }
  void flush_() override {}

  std::string line_of(spdlog::details::log_msg message, std::string_view text) {
    spdlog::memory_buf_t line;
    if (journald_) {
      const std::string_view priority = priority_of(message.level);
      line.append(priority.begin(), priority.end());
    }
    // Names and reasons come from elsewhere: none of them begins a line of its own.
    const std::string one_line = printable(text);
    message.payload = one_line;
    formatter_->format(message, line);
    return {line.data(), line.size()};
  }

  // Whether the line goes out. Where only its beginning does, its rest goes before the next one.
  bool send(std::string_view line) {
    rest_.erase(0, put(rest_));
    if (!rest_.empty()) return false;
    const std::size_t done = put(line);
    rest_ = done > 0 ? line.substr(done) : std::string_view();
    return done > 0;
  }

  // How much of it went out: lines that are not very long as a whole.
  std::size_t put(std::string_view text) const {
    std::size_t done = 0;
    while (done < text.size() && is_ready()) {
      const ssize_t count =
          ::write(descriptor_, text.data() + done, std::min<std::size_t>(text.size() - done, PIPE_BUF));
      if (count >= 0) {
        done += static_cast<std::size_t>(count);
      } else if (errno == EAGAIN) {
        break;
      } else if (errno != EINTR) {  // standard error is gone: there is nobody to tell
        return text.size();
      }
    }
    return done;
  }

  // Matters where there is none but the open end that others have: of a pipe that is ready PIPE_BUF is taken
  // at once.
  bool is_ready() const {
    pollfd ready{.fd = descriptor_, .events = POLLOUT, .revents = 0};
    return journald_ || ::poll(&ready, 1, 0) != 0;
  }

  int descriptor_;
  bool journald_;
  std::string rest_;        // of a line that has begun
  std::uint64_t lost_ = 0;  // lines
};

}  // namespace

void start_logging(const std::string& level) {
  auto logger = std::make_shared<spdlog::logger>(kLogger, std::make_shared<StandardErrorSink>());
  logger->set_level(spdlog::level::from_str(level));
  spdlog::set_default_logger(std::move(logger));
}

void set_log_level(const std::string& level) {
  spdlog::default_logger_raw()->set_level(spdlog::level::from_str(level));
}

void log_text(LogLevel level, fmt::string_view format, fmt::format_args arguments) noexcept {
  spdlog::logger& logger = *spdlog::default_logger_raw();
  const spdlog::level::level_enum its_level = spdlog_level(level);
  if (!logger.should_log(its_level)) return;
  try {
    fmt::memory_buffer text;
    fmt::vformat_to(fmt::appender(text), format, arguments);
    logger.log(its_level, spdlog::string_view_t(text.data(), text.size()));
  } catch (const std::bad_alloc&) {  // without memory a line is lost, not the daemon
  }
}

void log_fatal(std::string_view line) {
  const bool started = spdlog::default_logger()->name() == kLogger;
  if (!started && !journald_reads_standard_error()) {
    std::cerr << "earshotd: " << printable(line) << '\n';
    return;
  }
  if (!started) start_logging("error");
  spdlog::set_level(std::min(spdlog::get_level(), spdlog::level::err));
  log_error("{}", line);
}

}  // namespace earshot
