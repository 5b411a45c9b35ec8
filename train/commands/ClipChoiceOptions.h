// ClipChoiceOptions: --fold and --split of the commands that measure.
#pragma once

#include "train/commands/CommandLine.h"
#include "train/data/ClipChoice.h"

namespace earshot {

struct ClipChoiceOptions {
  CommandOption fold;
  CommandOption split;
};

/// `choice` must outlive the parsing.
inline ClipChoiceOptions add_clip_choice(Command& command, ClipChoice& choice) {
  ClipChoiceOptions options{
      command.option("--fold", &choice.fold, "Only this fold"),
      command.option("--split", &choice.split, "Only the clips of the test list: test")};
  options.split.one_of({"test"}).excludes(options.fold);
  return options;
}

}  // namespace earshot
