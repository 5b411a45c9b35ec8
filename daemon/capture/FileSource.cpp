#include "daemon/capture/FileSource.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "daemon/log/Logging.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

constexpr std::size_t kChunkFrames = 1024;  // in real time, how late a sample may be
constexpr std::chrono::milliseconds kLastRetry{5'000};

}  // namespace

AudioFile open_file(const SourceSettings& settings, const FileSettings& file) {
  AudioFile opened(file.path);
  if (settings.channel && *settings.channel > opened.channels()) {
    throw Error(ExitCode::config, "source '" + settings.name + "': key 'channel': found " +
                                      std::to_string(*settings.channel) + ", expected at most the " +
                                      std::to_string(opened.channels()) + " channels of " +
                                      file.path.string());
  }
  return opened;
}

FileSource::FileSource(const SourceSettings& settings, const FileSettings& file, const SourceContext& context)
    : Source(settings, context),
      settings_(file),
      channel_(settings.channel),
      file_(open_file(settings, file)) {
  pipeline().open(file_.rate_hz());
}

std::string FileSource::hear(std::stop_token stop) {
  change_state(SourceState::up, settings_.path.string());
  play(stop, [this](const SoundDamage& damage) { log_warning("source '{}': {}", name(), damage.line); });
  return stop.stop_requested() ? "stopped" : "end of file";
}

void FileSource::play(std::stop_token stop, const DamageListener& damaged) {
  static const DamageListener told_before = [](const SoundDamage&) {};
  std::array<float, kChunkFrames> chunk;
  pulse().rest();  // a disk may take its time
  const std::string unread = attempt([this] { file_.look_up(); });
  if (!unread.empty() && !reopen(stop, unread)) return pipeline().close();
  const BootClock::time_point start = BootClock::now();
  if (const std::uint64_t position = pipeline().position();
      position > 0) {  // another source's timeline goes on
    pipeline().pass(pipeline().clock().position_at(start, position + 1) - position, GapReason::device);
    pipeline().open(file_.rate_hz());
  }
  pipeline().clock().begin(pipeline().position(), start);
  std::uint64_t frames = 0;
  bool first_pass = true;
  while (!stop.stop_requested()) {
    pulse().rest();
    std::size_t got = 0;
    const std::string trouble = attempt([&] {
      frames += pass_damages(first_pass ? damaged : told_before);
      got = read(chunk);
    });
    pulse().beat();
    if (got == 0) {
      if (settings_.at_end == AtEnd::stop) {
        pipeline().finish();
        if (stop.stop_requested()) return;  // what came before may not have been taken
        // Behind the end: what is lost there must not take the place of a first window that is padded.
        pipeline().pass(lost_at_end_.value_or(0) * static_cast<std::uint64_t>(pipeline().rate_hz()) /
                            static_cast<std::uint64_t>(file_.rate_hz()),
                        GapReason::device);
        return;
      }
      // What is missing at the end is not waited for: the file begins anew, and no window spans that.
      const bool cut = std::exchange(lost_at_end_, std::nullopt).has_value() || !trouble.empty();
      const BootClock::time_point ended = BootClock::now();
      if (!reopen(stop, trouble)) break;
      first_pass = false;
      // Not what it was behind before: that comes too late, and is skipped.
      std::uint64_t away = settings_.pace == Pace::realtime ? samples_by(BootClock::now() - ended) : 0;
      if (cut) away = std::max<std::uint64_t>(away, 1);
      if (cut || away > kChunkFrames) {
        pipeline().lose(away, GapReason::device);
        frames += away;
      }
      continue;
    }
    frames += got;
    const std::span<const float> samples = std::span(chunk).first(got);
    if (settings_.pace == Pace::realtime) {
      // As live sound it comes when it is due, and is skipped where it cannot be classified in time.
      const BootClock::time_point due = start + duration_of(frames, file_.rate_hz());
      pulse().rest();  // what is missing before it may be an hour
      if (!sleep_for(stop, due - BootClock::now())) break;
      pulse().beat();
      pipeline().push_live(samples, due);
    } else {
      pipeline().push(samples);
    }
    pipeline().add_bad_samples(file_.take_bad_samples());
  }
  pipeline().close();
}

std::uint64_t FileSource::pass_damages(const DamageListener& damaged) {
  std::uint64_t lost = 0;
  while (const auto damage = file_.next_damage()) {
    damaged(*damage);
    const std::uint64_t samples = damage->samples.value_or(0);
    if (file_.at_end()) {
      lost_at_end_ = lost_at_end_.value_or(0) + samples;
    } else {
      // Where the file does not tell how much is missing, it is a sample at least.
      pipeline().lose(samples, GapReason::device);
      lost += samples;
    }
  }
  return lost;
}

// Why it could not be done, if it may be tried again: in a loop.
template <typename Reading>
std::string FileSource::attempt(const Reading& reading) {
  try {
    reading();
    return {};
  } catch (const Error& error) {
    if (settings_.at_end == AtEnd::stop) throw;
    return error.what();
  }
}

// As long as it takes, unless a stop comes: false. `trouble` is why it was not read to its end, if so.
bool FileSource::reopen(const std::stop_token& stop, std::string trouble) {
  bool down = false;
  if (trouble.empty()) retry_ = kFirstRetry;
  for (;;) {
    pulse().rest();
    if (trouble.empty()) trouble = attempt([this] { open_again(); });
    if (trouble.empty()) break;
    if (!std::exchange(down, true)) change_state(SourceState::down, trouble);
    if (!sleep_for(stop, retry_)) return false;
    retry_ = std::min(2 * retry_, kLastRetry);
    trouble.clear();
  }
  if (down) change_state(SourceState::up, settings_.path.string());
  return true;
}

void FileSource::open_again() {
  AudioFile again(settings_.path);
  if (again.rate_hz() != file_.rate_hz() || again.channels() != file_.channels()) {
    throw Error(ExitCode::bad_data, settings_.path.string() + ": found " + std::to_string(again.channels()) +
                                        " channels at " + std::to_string(again.rate_hz()) + " Hz, expected " +
                                        std::to_string(file_.channels()) + " at " +
                                        std::to_string(file_.rate_hz()) + " Hz as when it was opened first");
  }
  again.look_up();
  file_ = std::move(again);
}

std::uint64_t FileSource::samples_by(BootClock::duration time) const noexcept {
  return static_cast<std::uint64_t>(std::chrono::duration<double>(time).count() * file_.rate_hz());
}

std::size_t FileSource::read(std::span<float> out) {
  return channel_ ? file_.read_channel(*channel_ - 1, out) : file_.read_mono(out);
}

}  // namespace earshot
