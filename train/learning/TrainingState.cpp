#include "train/learning/TrainingState.h"

#include <charconv>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <string_view>

#include <spdlog/fmt/fmt.h>

#include "dsp/base/AtomicFile.h"
#include "dsp/base/Error.h"
#include "dsp/base/ReadFile.h"
#include "nn/model/Safetensors.h"

namespace earshot {
namespace {

constexpr std::uintmax_t kMaxStateBytes = std::uintmax_t{4} << 30U;  // weights, average, kept, two slots each

constexpr std::string_view kFormat = "earshot training state 4";
constexpr std::string_view kNetwork = "network/";
constexpr std::string_view kKept = "kept/";
constexpr std::string_view kSetting = "setting/";
constexpr std::string_view kAverage = "average/";
constexpr std::string_view kOptimizer = "optimizer/";
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// One list of fields for both directions: `field(name, value)` writes or reads a number as text, to the bit.
template <typename State, typename Field>
void visit_numbers(State& state, Field field) {
  field("optimizer.steps", state.optimizer.steps);
  field("learning_rate", state.learning_rate);
  field("progress.clips", state.progress.clips);
  field("progress.loss_sum", state.progress.loss_sum);
  field("progress.judged", state.progress.judged);
  field("progress.correct", state.progress.correct);
  field("progress.seconds", state.progress.seconds);
  field("plateau.best", state.plateau.best);
  field("plateau.wait", state.plateau.wait);
  field("early_stopping.best", state.early_stopping.best);
  field("early_stopping.best_epoch", state.early_stopping.best_epoch);
  field("early_stopping.wait", state.early_stopping.wait);
}

template <typename Record, typename Field>
void visit_record(Record& record, Field field) {
  field("epoch", record.epoch);
  field("loss", record.loss);
  field("accuracy", record.accuracy);
  field("val_loss", record.val_loss);
  field("val_accuracy", record.val_accuracy);
  field("learning_rate", record.learning_rate);
  field("seconds", record.seconds);
}

struct Writer {
  std::map<std::string, std::string>& metadata;
  std::string prefix;

  template <typename Number>
  void operator()(const char* name, const Number& value) const {
    metadata[prefix + name] = fmt::format("{}", value);
  }
  void operator()(const char* name, const std::optional<double>& value) const {
    (*this)(name, value.value_or(kNone));
  }
};

struct Reader {
  const std::map<std::string, std::string>& metadata;
  std::string prefix;

  template <typename Number>
  void operator()(const char* name, Number& value) const {
    const auto found = metadata.find(prefix + name);
    if (found == metadata.end())
      throw Error(ExitCode::bad_data, "found no '" + prefix + name + "', expected a number");
    const std::string& text = found->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
      throw Error(ExitCode::bad_data, prefix + name + ": found '" + text + "', expected a number");
    }
  }
  void operator()(const char* name, std::optional<double>& value) const {
    double number = 0.0;
    (*this)(name, number);
    value = number == number ? std::optional(number) : std::nullopt;  // NaN stands for none
  }
};

std::string history_prefix(std::size_t i) {
  return fmt::format("history/{}/", i);
}

Tensor flat(const std::vector<float>& values) {
  return {{static_cast<std::int64_t>(values.size())}, values};
}

TrainingState parse(std::string_view bytes) {
  Safetensors file = parse_safetensors(bytes);
  if (file.metadata["format"] != kFormat) {
    throw Error(ExitCode::bad_data,
                fmt::format("found format '{}', expected '{}'", file.metadata["format"], kFormat));
  }
  TrainingState state;
  visit_numbers(state, Reader{file.metadata, ""});
  double best = 0.0;
  int stopped = 0;
  std::size_t epochs = 0;
  Reader{file.metadata, ""}("checkpoint.best", best);
  Reader{file.metadata, ""}("stopped_early", stopped);
  Reader{file.metadata, ""}("history", epochs);
  state.checkpoint = ModelCheckpoint(best);
  state.stopped_early = stopped != 0;
  for (std::size_t i = 0; i < epochs; ++i) {
    visit_record(state.history.emplace_back(), Reader{file.metadata, history_prefix(i)});
  }
  for (const auto& [key, value] : file.metadata) {
    if (key.starts_with(kSetting)) state.settings[key.substr(kSetting.size())] = value;
  }
  for (auto& [name, tensor] : file.tensors) {
    if (name.starts_with(kNetwork)) {
      state.weights[name.substr(kNetwork.size())] = std::move(tensor);
    } else if (name.starts_with(kKept)) {
      state.kept[name.substr(kKept.size())] = std::move(tensor);
    } else if (name.starts_with(kAverage)) {
      state.average[name.substr(kAverage.size())] = std::move(tensor);
    } else if (name.starts_with(kOptimizer)) {
      state.optimizer.slots[name.substr(kOptimizer.size())] = std::move(tensor.values);
    } else {
      throw Error(ExitCode::bad_data, "found an unknown tensor '" + name + "'");
    }
  }
  return state;
}

}  // namespace

void save_training_state(const TrainingState& state, const std::filesystem::path& path) {
  Safetensors file;
  file.metadata["format"] = kFormat;
  const Writer writer{file.metadata, ""};
  visit_numbers(state, writer);
  writer("checkpoint.best", state.checkpoint.best());
  writer("stopped_early", state.stopped_early ? 1 : 0);
  writer("history", state.history.size());
  for (std::size_t i = 0; i < state.history.size(); ++i) {
    visit_record(state.history[i], Writer{file.metadata, history_prefix(i)});
  }
  for (const auto& [key, value] : state.settings) file.metadata[std::string(kSetting) + key] = value;
  for (const auto& [name, tensor] : state.weights) file.tensors[std::string(kNetwork) + name] = tensor;
  for (const auto& [name, tensor] : state.kept) file.tensors[std::string(kKept) + name] = tensor;
  for (const auto& [name, tensor] : state.average) file.tensors[std::string(kAverage) + name] = tensor;
  for (const auto& [name, slot] : state.optimizer.slots) {
    file.tensors[std::string(kOptimizer) + name] = flat(slot);
  }
  write_file_atomically(path, std::string_view(format_safetensors(file)));
}

TrainingState load_training_state(const std::filesystem::path& path) {
  const std::string bytes = read_file(path, kMaxStateBytes, "a training state");
  try {
    return parse(bytes);
  } catch (const Error& error) {
    throw Error(error.code(), path.string() + ": " + error.what());
  }
}

}  // namespace earshot
