#include "train/commands/TrainCommand.h"

#include <iostream>
#include <memory>

#include "dsp/base/StopSignal.h"
#include "dsp/base/Utf8.h"
#include "train/commands/CommandLine.h"
#include "train/commands/Lessons.h"
#include "train/commands/LoadClips.h"
#include "train/commands/TeachRun.h"
#include "train/commands/TrainRun.h"

namespace earshot {

int run_train(const TrainOptions& options) {
  if (teaches_base(options)) return run_teach(options);
  const TrainConfig config = configure(options);
  const DataSet data = open_data_set(options.data, options.strict);
  const StopSignal stop;
  const int code = train_into(options, config, data, stop, command_line(options, "train") + " --resume");
  if (code == 0) std::cout << printable((options.out / "model.safetensors").string()) << '\n';
  return code;
}

void add_train(CommandLine& line) {
  const auto options = std::make_shared<TrainOptions>();
  Command command =
      line.add("train", "Train a model on a data set", [options] { return run_train(*options); });
  add_training_options(command, *options);
  command.option("--fold", &options->fold, "Hold this fold out: its clips are not even read");
  command.option("--resume", &options->resume, "Go on with the run in --out");
  command.footer(
      "Ctrl-C finishes the step, saves, says how to go on and exits with 128 + the signal's number.");
}

}  // namespace earshot
