#include "train/TrainingProgress.h"

#include <cmath>

#include <spdlog/fmt/fmt.h>

namespace earshot {
namespace {

std::string duration(double seconds) {
  if (!std::isfinite(seconds)) return "?";
  const auto whole = static_cast<long>(std::lround(seconds));
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace

TrainingProgress::TrainingProgress(std::ostream& out, bool live, int epochs, std::size_t epoch_clips)
    : out_(out), live_(live), epochs_(epochs), epoch_clips_(epoch_clips) {}

void TrainingProgress::epoch_started(int epoch, std::size_t clips) {
  epoch_ = epoch;
  first_clip_ = clips;
  epoch_start_ = Clock::now();
}

double TrainingProgress::clips_per_second(std::size_t clips) const {
  const std::chrono::duration<double> passed = Clock::now() - epoch_start_;
  return static_cast<double>(clips - first_clip_) / passed.count();
}

double TrainingProgress::seconds_left(std::size_t clips) const {
  const auto epochs_after = static_cast<std::size_t>(epochs_ - epoch_);
  return static_cast<double>(epochs_after * epoch_clips_ + epoch_clips_ - clips) / clips_per_second(clips);
}

void TrainingProgress::step_done(std::size_t clips, double loss, double accuracy) {
  if (!live_) return;
  out_ << fmt::format(
              "\r\x1b[Kepoch {}/{}  {}/{} clips  {:.1f} clips/s  {} left  loss {:.4f}  accuracy {:.1f} %",
              epoch_, epochs_, clips, epoch_clips_, clips_per_second(clips), duration(seconds_left(clips)),
              loss, 100.0 * accuracy)
       << std::flush;
}

void TrainingProgress::epoch_done(const EpochRecord& record) {
  std::string line = fmt::format("epoch {}/{}: loss {:.4f}, accuracy {:.1f} %", record.epoch, epochs_,
                                 record.loss, 100.0 * record.accuracy);
  if (record.val_loss && record.val_accuracy) {
    line += fmt::format(", val_loss {:.4f}, val_accuracy {:.1f} %", *record.val_loss,
                        100.0 * *record.val_accuracy);
  }
  line += fmt::format(", learning rate {:.3g}, {:.1f} clips/s, {} left", record.learning_rate,
                      clips_per_second(epoch_clips_), duration(seconds_left(epoch_clips_)));
  out_ << (live_ ? "\r\x1b[K" : "") << line << std::endl;
}

}  // namespace earshot
