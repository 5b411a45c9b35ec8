#include "train/commands/ExportCommand.h"

#include <memory>
#include <string>
#include <string_view>

#include "dsp/base/AtomicFile.h"
#include "dsp/base/Error.h"
#include "nn/exchange/OnnxExport.h"
#include "nn/model/Model.h"
#include "train/commands/CommandLine.h"

namespace earshot {

void run_export(const std::filesystem::path& model, const std::filesystem::path& out) {
  if (out.extension() != ".onnx") {
    throw Error(ExitCode::usage, "--out: found '" + out.string() + "', expected a name that ends in .onnx");
  }
  const std::string bytes = onnx_model(load_model(model));
  write_file_atomically(out, std::string_view(bytes));
}

void add_export(CommandLine& line) {
  struct Options {
    std::filesystem::path model;
    std::filesystem::path out;
  };
  const auto options = std::make_shared<Options>();
  Command command = line.add("export", "Write a model's network as ONNX", [options] {
    run_export(options->model, options->out);
    return 0;
  });
  command.option("model", &options->model, "The model file").required();
  command.option("--out", &options->out, "FILE.onnx: features in, scores out, any batch").required();
}

}  // namespace earshot
