#include "daemon/log/Logging.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
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

class StandardErrorSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  StandardErrorSink()
      : descriptor_(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)), journald_(journald_reads_standard_error()) {
    set_pattern_(journald_ ? "%v" : "%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  }
  ~StandardErrorSink() override {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  StandardErrorSink(const StandardErrorSink&) = delete;
  StandardErrorSink& operator=(const StandardErrorSink&) = delete;

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    if (journald_) {
      const std::string_view priority = priority_of(message.level);
      line.append(priority.begin(), priority.end());
    }
    // Names and reasons come from elsewhere: none of them begins a line of its own.
    const std::string text = printable({message.payload.data(), message.payload.size()});
    spdlog::details::log_msg one_line = message;
    one_line.payload = text;
    formatter_->format(one_line, line);
    // Whole lines in one call; if standard error is gone there is nobody to tell.
    while (::write(descriptor_, line.data(), line.size()) < 0 && errno == EINTR) {
    }
  }
  void flush_() override {}

  int descriptor_;
  bool journald_;
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
