#include "daemon/capture/FileSource.h"

#include <array>
#include <chrono>
#include <utility>

#include "daemon/log/Logging.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

constexpr std::size_t kChunkFrames = 1024;  // in real time, how late a sample may be

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
  using Clock = std::chrono::steady_clock;
  static const DamageListener told_before = [](const SoundDamage&) {};
  std::array<float, kChunkFrames> chunk;
  const Clock::time_point start = Clock::now();
  std::uint64_t frames = 0;
  bool first_pass = true;
  while (!stop.stop_requested()) {
    frames += pass_damages(first_pass ? damaged : told_before);
    const std::size_t got = read(chunk);
    if (got == 0) {
      if (settings_.at_end == AtEnd::stop) {
        pipeline().finish();
        if (stop.stop_requested()) return;  // what came before may not have been taken
        // Behind the end: what is lost there must not take the place of a first window that is padded.
        pipeline().pass(lost_at_end_ * static_cast<std::uint64_t>(pipeline().rate_hz()) /
                            static_cast<std::uint64_t>(file_.rate_hz()),
                        GapReason::device);
        return;
      }
      if (lost_at_end_ > 0) pipeline().lose(std::exchange(lost_at_end_, 0), GapReason::device);
      reopen();
      first_pass = false;
      continue;
    }
    frames += got;
    if (settings_.pace == Pace::realtime) {
      const std::chrono::duration<double> played(static_cast<double>(frames) / file_.rate_hz());
      if (!sleep_until(stop, start + std::chrono::duration_cast<Clock::duration>(played))) break;
    }
    pipeline().push(std::span(chunk).first(got));
    pipeline().add_bad_samples(file_.take_bad_samples());
  }
  pipeline().close();
}

std::uint64_t FileSource::pass_damages(const DamageListener& damaged) {
  std::uint64_t lost = 0;
  while (const auto damage = file_.next_damage()) {
    damaged(*damage);
    const std::uint64_t samples = damage->samples.value_or(0);
    lost += samples;
    if (file_.at_end()) {
      lost_at_end_ += samples;
    } else {
      // Where the file does not tell how much is missing, it is a sample at least.
      pipeline().lose(samples, GapReason::device);
    }
  }
  return lost;
}

void FileSource::reopen() {
  AudioFile again(settings_.path);
  if (again.rate_hz() != file_.rate_hz() || again.channels() != file_.channels()) {
    throw Error(ExitCode::bad_data, settings_.path.string() + ": found " + std::to_string(again.channels()) +
                                        " channels at " + std::to_string(again.rate_hz()) + " Hz, expected " +
                                        std::to_string(file_.channels()) + " at " +
                                        std::to_string(file_.rate_hz()) + " Hz as when it was opened first");
  }
  file_ = std::move(again);
}

std::size_t FileSource::read(std::span<float> out) {
  return channel_ ? file_.read_channel(*channel_ - 1, out) : file_.read_mono(out);
}

}  // namespace earshot
