// trainer: makes, measures and explains models, offline.
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>

#include "dsp/base/Error.h"
#include "dsp/base/StandardOutput.h"
#include "dsp/base/Uncaught.h"
#include "train/commands/CalibrateCommand.h"
#include "train/commands/CommandLine.h"
#include "train/commands/CrossvalCommand.h"
#include "train/commands/DataCommand.h"
#include "train/commands/EvaluateCommand.h"
#include "train/commands/ExportCommand.h"
#include "train/commands/FeaturesCommand.h"
#include "train/commands/ImportCommand.h"
#include "train/commands/InfoCommand.h"
#include "train/commands/Tell.h"
#include "train/commands/TrainCommand.h"

namespace {

using namespace earshot;

int run_and_flush(int argc, char** argv) {
  CommandLine line("Makes, measures and explains Earshot's models.", "trainer", "trainer " EARSHOT_VERSION);
  add_train(line);
  add_crossval(line);
  add_calibrate(line);
  add_data(line);
  add_evaluate(line);
  add_features(line);
  add_import(line);
  add_export(line);
  add_info(line);
  const int code = line.run(argc, argv);
  flush_output(std::cout);
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  end_uncaught_as_bug("trainer");
  try {
    return run_and_flush(argc, argv);
  } catch (const earshot::Error& error) {
    earshot::tell(std::string("trainer: ") + error.what());
    return static_cast<int>(error.code());
  } catch (const std::filesystem::filesystem_error& error) {
    earshot::tell("trainer: " + error.path1().string() + ": cannot be used: " + error.code().message());
    return static_cast<int>(earshot::ExitCode::io);
  } catch (const std::exception& error) {
    earshot::tell(std::string("trainer: ") + error.what() + " (this is a bug)");
    return static_cast<int>(earshot::ExitCode::software);
  }
}
