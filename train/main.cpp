// trainer: makes, measures and explains models, offline.
#include <exception>
#include <iostream>
#include <string>

#include "dsp/base/Failure.h"
#include "dsp/base/StandardOutput.h"
#include "dsp/base/Uncaught.h"
#include "train/commands/BankCommand.h"
#include "train/commands/CalibrateCommand.h"
#include "train/commands/CommandLine.h"
#include "train/commands/CrossvalCommand.h"
#include "train/commands/DataCommand.h"
#include "train/commands/EvaluateCommand.h"
#include "train/commands/ExportCommand.h"
#include "train/commands/FalseAlarmsCommand.h"
#include "train/commands/FeaturesCommand.h"
#include "train/commands/ImportCommand.h"
#include "train/commands/InfoCommand.h"
#include "train/commands/LabelsCommand.h"
#include "train/commands/OutliersCommand.h"
#include "train/commands/Tell.h"
#include "train/commands/TrainCommand.h"

namespace {

using namespace earshot;

int run_and_flush(int argc, char** argv) {
  CommandLine line("Makes, measures and explains Earshot's models.", "trainer", "trainer " EARSHOT_VERSION);
  add_train(line);
  add_crossval(line);
  add_bank(line);
  add_calibrate(line);
  add_data(line);
  add_evaluate(line);
  add_false_alarms(line);
  add_features(line);
  add_import(line);
  add_export(line);
  add_info(line);
  add_labels(line);
  add_outliers(line);
  const int code = line.run(argc, argv);
  flush_output(std::cout);
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  end_uncaught_as_bug("trainer");
  try {
    return run_and_flush(argc, argv);
  } catch (const std::exception& error) {
    const Failure failure = failure_of(error);
    tell("trainer: " + failure.line);
    return static_cast<int>(failure.code);
  }
}
