#include "train/measuring/TrainedOn.h"

#include <spdlog/fmt/fmt.h>

namespace earshot {

std::string trained_on_warning(const Model& model, const DataSet& data, const ClipChoice& choice) {
  if (choice.test_split()) return {};
  const std::string name = data.name();
  for (const std::string whose : {"", "initial "}) {
    const auto told = model.provenance.find(whose + "data");
    if (told == model.provenance.end() || !told->second.starts_with(name + ": ")) continue;
    const auto held_out = model.provenance.find(whose + "held out");
    const bool keeps_one = held_out != model.provenance.end();
    if (choice.fold && keeps_one && held_out->second == fmt::format("fold {}", *choice.fold)) continue;
    return fmt::format("{} trained on {}{}: on clips that it knows it is better than on others, and surer",
                       whose.empty() ? "the model was" : "the weights that the model began with were",
                       told->second, keeps_one ? ", without " + held_out->second : "");
  }
  return {};
}

}  // namespace earshot
