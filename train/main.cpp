// trainer: makes, measures and explains models, offline.
#include <exception>
#include <iostream>

#include "dsp/Error.h"
#include "train/CalibrateCommand.h"
#include "train/CommandLine.h"
#include "train/CrossvalCommand.h"
#include "train/DataCommand.h"
#include "train/EvaluateCommand.h"
#include "train/ExportCommand.h"
#include "train/FeaturesCommand.h"
#include "train/ImportCommand.h"
#include "train/InfoCommand.h"
#include "train/TrainCommand.h"

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
  if (!std::cout.flush()) throw Error(ExitCode::io, "standard output: cannot write");
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run_and_flush(argc, argv);
  } catch (const earshot::Error& error) {
    std::cerr << "trainer: " << error.what() << '\n';
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    std::cerr << "trainer: " << error.what() << " (this is a bug)\n";
    return static_cast<int>(earshot::ExitCode::software);
  }
}
