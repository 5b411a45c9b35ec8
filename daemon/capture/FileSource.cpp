#include "daemon/capture/FileSource.h"

#include <array>
#include <chrono>
#include <utility>

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
  play(stop);
  return stop.stop_requested() ? "stopped" : "end of file";
}

void FileSource::play(std::stop_token stop) {
  using Clock = std::chrono::steady_clock;
  std::array<float, kChunkFrames> chunk;
  const Clock::time_point start = Clock::now();
  std::uint64_t frames = 0;
  std::uint64_t frames_of_pass = 0;
  while (!stop.stop_requested()) {
    const std::size_t got = read(chunk);
    if (got == 0) {
      if (settings_.at_end == AtEnd::stop || frames == frames_of_pass) return pipeline().finish();
      reopen();
      frames_of_pass = frames;
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
