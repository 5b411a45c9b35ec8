// TrainingProgress: the live line at every width, the plain lines of a pipe.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <sstream>
#include <string>

#include "train/learning/TrainingProgress.h"

using namespace earshot;
using Catch::Matchers::Contains;

namespace {

ProgressLine some_line() {
  ProgressLine line;
  line.epoch = 3;
  line.epochs = 100;
  line.clips = 64;
  line.epoch_clips = 128;
  line.step = 12;
  line.steps = 89;
  line.clips_per_second = 41.2;
  line.epoch_seconds_left = 72.0;
  line.run_seconds_left = 3754.0;
  line.loss = 1.23456;
  line.accuracy = 0.453;
  return line;
}

// What the terminal shows of it: no escape sequences, a character for each glyph.
std::size_t shown_columns(const std::string& text) {
  std::size_t columns = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      i = text.find('m', i);
    } else if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) {
      ++columns;
    }
  }
  return columns;
}

}  // namespace

TEST_CASE("the progress line of a wide terminal tells everything") {
  CHECK(progress_line(some_line(), 120, false, false) ==
        "epoch 3/100 ###############--------------- 12/89  41 clips/s  left 1:12/1:02:34  loss 1.2346  acc "
        "45.3 %");
}

TEST_CASE("the progress line fits every terminal and leaves out what matters least") {
  for (int columns = 5; columns <= 200; ++columns) {
    for (const bool colour : {false, true}) {
      CAPTURE(columns, colour);
      const std::string line = progress_line(some_line(), columns, colour, colour);
      CHECK(shown_columns(line) <= static_cast<std::size_t>(columns));
      CHECK((line.find('\x1b') != std::string::npos) <= colour);
      if (columns >= 79) CHECK_THAT(line, Contains("loss 1.2346") && Contains("12/89"));
    }
  }
  CHECK(progress_line(some_line(), 26, false, false) == "epoch 3/100  loss 1.2346");
}

TEST_CASE("into a pipe goes one plain line an epoch and nothing else") {
  std::ostringstream out;
  TrainingProgress progress(out, Terminal{}, 2, 10, 4);
  progress.epoch_started(1, 0);
  progress.step_done(4, 1.0, 0.5);
  progress.step_done(10, 1.0, 0.5);
  progress.validating();
  CHECK(out.str().empty());
  EpochRecord record;
  record.epoch = 1;
  record.loss = 1.0;
  record.accuracy = 0.5;
  record.val_loss = 2.0;
  record.val_accuracy = 0.25;
  record.learning_rate = 0.001;
  record.seconds = 7.0;
  progress.epoch_done(record);
  CHECK_THAT(out.str(),
             Contains("epoch 1/2: loss 1.0000, accuracy 50.0 %, val_loss 2.0000, val_accuracy 25.0 %, "
                      "learning rate 0.001"));
  CHECK_THAT(out.str(), Contains("0:07 left\n"));  // one epoch more, as long as this one with its validation
  CHECK_THAT(out.str(), !Contains("\x1b") && !Contains("\r"));
}

TEST_CASE("on a terminal each step writes over the line before") {
  std::ostringstream out;
  TrainingProgress progress(out, Terminal{-1, true, false, false}, 1, 8, 4);
  progress.epoch_started(1, 0);
  progress.step_done(4, 1.0, 0.5);
  progress.step_done(8, 1.0, 0.5);
  CHECK_THAT(out.str(), Contains("\r\x1b[Kepoch 1/1 ") && Contains(" 2/2 "));
  CHECK_THAT(out.str(), !Contains("\n"));
  progress.leave_line();
  progress.leave_line();
  CHECK_THAT(out.str(), Catch::Matchers::EndsWith("%\n"));
}
