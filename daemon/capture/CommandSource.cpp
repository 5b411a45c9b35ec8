#include "daemon/capture/CommandSource.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "daemon/log/Logging.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kFirstBackOff = 1s;
constexpr std::chrono::milliseconds kLastBackOff = 60s;
constexpr std::chrono::milliseconds kWell = 10s;  // of delivering: then the next failure is a first one
constexpr std::chrono::milliseconds kTellAgain = 10s;  // another reason for the same absence
constexpr std::chrono::milliseconds kEnding = 500ms;   // between the end of its output and its own
constexpr int kCommandPollMs = 50;                     // how soon a stop is seen
constexpr std::size_t kMostArguments = 200;            // bytes, for people
constexpr std::size_t kMostReason = 200;

std::string line_of(const std::vector<std::string>& argv) {
  std::string line;
  for (const std::string& argument : argv) {
    const bool plain = !argument.empty() && argument.find_first_of(" \t\"'") == std::string::npos;
    line += (line.empty() ? "" : " ") + (plain ? argument : '\'' + argument + '\'');
  }
  return shown_line(line, kMostArguments);
}

}  // namespace

CommandSource::CommandSource(const SourceSettings& settings, const CommandSettings& command,
                             const SourceContext& context, std::filesystem::path keeper)
    : PcmReader(settings, command.pcm, command.pace, command.idle, context),
      settings_(command),
      keeper_(std::move(keeper)),
      program_(shown_line(std::filesystem::path(command.argv.front()).filename().string(), kMostArguments)),
      words_("source '" + settings.name + "': " + program_) {}

std::string CommandSource::waits_for() const {
  return line_of(settings_.argv);
}

void CommandSource::produce(std::stop_token stop) {
  std::chrono::milliseconds pause = kFirstBackOff;
  while (!stop.stop_requested()) {
    const Run over = run_once(stop);
    if (stop.stop_requested()) return;
    arrivals().push(PcmArrival::Kind::end, news(over));
    if (over.first_byte && over.last_byte - *over.first_byte >= kWell) pause = kFirstBackOff;
    for (auto left = pause; left > 0ms; left -= 1s) {
      reading().beat();
      if (!sleep_for(stop, std::min(left, kFirstBackOff))) return;
      words_.tick(Clock::now());
    }
    pause = std::min(2 * pause, kLastBackOff);
  }
}

CommandSource::Run CommandSource::run_once(const std::stop_token& stop) {
  const Clock::time_point now = Clock::now();
  Run run{.end = {}, .began = now, .first_byte = {}, .last_byte = now};
  try {
    log_debug("source '{}': starts {}", name(), waits_for());
    reading().rest();  // while the system looks for the program
    CommandProcess process(keeper_, settings_.argv);
    reading().beat();
    arrivals().push(PcmArrival::Kind::begin, program_);
    words_.take_last();
    run.end = program_ + ' ' + listen(process, run, stop);
    process.end();
    read_errors(process);
    words_.finish(Clock::now());
    if (const std::string last = words_.take_last(); !last.empty())
      run.end += ": " + shown_line(last, kMostReason);
  } catch (const Error& error) {
    run.end = error.what();
  }
  return run;
}

// Until its output ends, or it has been silent for too long, or a stop; how.
std::string CommandSource::listen(CommandProcess& process, Run& run, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    reading().beat();
    if (arrivals().is_full()) {
      if (!await_room(stop)) break;
      run.last_byte = Clock::now();  // it is we who do not listen
    }
    pollfd ready[]{{process.output(), POLLIN, 0}, {process.errors(), POLLIN, 0}};
    const int count = ::poll(ready, 2, kCommandPollMs);
    if (count > 0 && ready[1].revents != 0) read_errors(process);
    const bool ended = count > 0 && ready[0].revents != 0
                           ? !read_output(process.output(), run)
                           : count == 0 && process.how_it_ended(0ms).has_value();
    if (ended) return process.how_it_ended(kEnding).value_or("closed its standard output");
    const Clock::time_point now = Clock::now();
    words_.tick(now);
    if (now - run.last_byte < settings_.idle + settings_.patience) continue;
    return fmt::format("sent nothing for {} s and was ended",
                       std::chrono::duration<double>(settings_.idle + settings_.patience).count());
  }
  return "was stopped";
}

// Whether there may be more.
bool CommandSource::read_output(int output, Run& run) {
  std::array<std::byte, 16 * 1024> bytes;
  const ssize_t got = ::read(output, bytes.data(), bytes.size());
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  run.last_byte = Clock::now();
  if (!run.first_byte) {
    run.first_byte = run.last_byte;
    words_.renew();
  }
  arrivals().push(std::span(bytes).first(static_cast<std::size_t>(got)));
  return true;
}

// What is there, in the measure that a log can bear.
void CommandSource::read_errors(CommandProcess& process) {
  std::array<char, 16 * 1024> bytes;
  if (process.errors() < 0) return;
  const ssize_t got = ::read(process.errors(), bytes.data(), bytes.size());
  if (got > 0)
    return words_.take(std::string_view(bytes.data(), static_cast<std::size_t>(got)), Clock::now());
  if (got == 0) process.close_errors();
}

// One line a change: of the state, and of the reason, though not each time that reasons take turns.
std::string CommandSource::news(const Run& run) {
  const Clock::time_point now = Clock::now();
  const bool changes_state = run.first_byte || now - run.began >= settings_.idle;  // was up, or stalled
  if (!changes_state && !told_end_.empty() && (run.end == told_end_ || now - told_at_ < kTellAgain))
    return {};
  told_at_ = now;
  return told_end_ = run.end;
}

}  // namespace earshot
