#include "train/learning/TrainingProgress.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <spdlog/fmt/fmt.h>

namespace earshot {
namespace {

constexpr std::size_t kWidestBar = 30;
constexpr std::size_t kNarrowestBar = 6;
constexpr std::chrono::milliseconds kBetweenDrawings{50};

std::string duration(double seconds) {
  if (!std::isfinite(seconds)) return "?";
  const auto whole = static_cast<long>(std::lround(std::max(0.0, seconds)));
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string rate(double clips_per_second) {
  return clips_per_second < 9.95 ? fmt::format("{:.1f} clips/s", clips_per_second)
                                 : fmt::format("{:.0f} clips/s", clips_per_second);
}

std::string repeated(std::string_view glyph, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += glyph;
  return text;
}

std::string bar(const ProgressLine& line, std::size_t width, bool colour, bool unicode) {
  const std::size_t full = std::min(width, width * line.clips / std::max<std::size_t>(1, line.epoch_clips));
  const std::string done = repeated(unicode ? "━" : "#", full);
  const std::string rest = repeated(unicode ? "─" : "-", width - full);
  return colour ? "\x1b[32m" + done + "\x1b[0;2m" + rest + "\x1b[0m" : done + rest;
}

}  // namespace

std::string progress_line(const ProgressLine& line, int columns, bool colour, bool unicode) {
  struct ShownPart {
    std::string text;  ///< one column a byte
    int rank;          ///< the higher, the sooner it is left out
  };
  std::vector<ShownPart> parts{
      {fmt::format("epoch {}/{}", line.epoch, line.epochs), 0},
      {fmt::format("{}/{}", line.step, line.steps), 3},
      {line.validating ? std::string("validating") : rate(line.clips_per_second), 5},
      {fmt::format("left {}/{}", duration(line.epoch_seconds_left), duration(line.run_seconds_left)), 4},
      {fmt::format("loss {:.4f}", line.loss), 1},
      {fmt::format("acc {:.1f} %", 100.0 * line.accuracy), 2}};
  const auto room = static_cast<std::size_t>(std::max(5, columns));
  const auto width = [&] {
    std::size_t sum = 2 * (parts.size() - 1);
    for (const ShownPart& part : parts) sum += part.text.size();
    return sum;
  };
  while (parts.size() > 1 && width() > room)
    parts.erase(std::ranges::max_element(parts, {}, &ShownPart::rank));
  std::string text = parts.front().text.substr(0, room);
  if (width() + 1 + kNarrowestBar <= room)
    text += ' ' + bar(line, std::min(kWidestBar, room - width() - 1), colour, unicode);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    // The steps belong to the bar before them.
    text += (parts[i].rank == 3 ? " " : "  ") + parts[i].text;
  }
  return text;
}

TrainingProgress::TrainingProgress(std::ostream& out, const Terminal& terminal, int epochs,
                                   std::size_t epoch_clips, std::size_t batch)
    : out_(out), terminal_(terminal), batch_(batch) {
  line_.epochs = epochs;
  line_.epoch_clips = epoch_clips;
  line_.steps = (epoch_clips + batch - 1) / batch;
}

void TrainingProgress::epoch_started(int epoch, std::size_t clips) {
  line_.epoch = epoch;
  line_.validating = false;
  first_clip_ = clips;
  epoch_start_ = Clock::now();
}

double TrainingProgress::clips_per_second(std::size_t clips) const {
  const std::chrono::duration<double> passed = Clock::now() - epoch_start_;
  return static_cast<double>(clips - first_clip_) / passed.count();
}

double TrainingProgress::epoch_seconds_left(std::size_t clips) const {
  return static_cast<double>(line_.epoch_clips - clips) / clips_per_second(clips);
}

// Epochs to come take as long as the last one, or as long as the steps of this one let expect.
double TrainingProgress::run_seconds_left(std::size_t clips) const {
  const double epoch =
      epoch_seconds_.value_or(static_cast<double>(line_.epoch_clips) / clips_per_second(clips));
  return epoch_seconds_left(clips) + static_cast<double>(line_.epochs - line_.epoch) * epoch;
}

void TrainingProgress::draw() {
  drawn_ = Clock::now();
  line_open_ = true;
  // One column stays free: a full line makes some terminals wrap.
  out_ << "\r\x1b[K" << progress_line(line_, terminal_.columns() - 1, terminal_.colour, terminal_.unicode)
       << std::flush;
}

void TrainingProgress::step_done(std::size_t clips, double loss, double accuracy) {
  line_.clips = clips;
  line_.step = (clips + batch_ - 1) / batch_;
  line_.loss = loss;
  line_.accuracy = accuracy;
  line_.clips_per_second = clips_per_second(clips);
  line_.epoch_seconds_left = epoch_seconds_left(clips);
  line_.run_seconds_left = run_seconds_left(clips);
  if (terminal_.live && (clips == line_.epoch_clips || Clock::now() - drawn_ >= kBetweenDrawings)) draw();
}

void TrainingProgress::validating() {
  line_.validating = true;
  if (terminal_.live) draw();
}

void TrainingProgress::epoch_done(const EpochRecord& record) {
  epoch_seconds_ = record.seconds;
  line_open_ = false;
  std::string line = fmt::format("epoch {}/{}: loss {:.4f}, accuracy {:.1f} %", record.epoch, line_.epochs,
                                 record.loss, 100.0 * record.accuracy);
  if (record.val_loss && record.val_accuracy) {
    line += fmt::format(", val_loss {:.4f}, val_accuracy {:.1f} %", *record.val_loss,
                        100.0 * *record.val_accuracy);
  }
  line += fmt::format(", learning rate {:.3g}, {:.1f} clips/s, {} left", record.learning_rate,
                      line_.clips_per_second, duration(run_seconds_left(line_.epoch_clips)));
  out_ << (terminal_.live ? "\r\x1b[K" : "") << line << std::endl;
}

void TrainingProgress::leave_line() {
  if (line_open_) out_ << std::endl;
  line_open_ = false;
}

}  // namespace earshot
