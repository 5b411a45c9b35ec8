#include "daemon/doctor/ModelCheck.h"

#include <spdlog/fmt/fmt.h>

#include "dsp/base/Error.h"
#include "dsp/features/LiveHop.h"
#include "nn/events/EventRules.h"
#include "nn/model/Model.h"

namespace earshot {

Findings check_model(const Patient& patient) {
  const Config& config = *patient.config;
  const std::string place = patient.path->string();
  try {
    const Model model = load_model(config.model.path);
    std::string hop = "auto";
    if (!config.hop_auto) {
      const auto samples = effective_hop_samples(model.recipe, config.hop_s, config.hop_place);
      hop = fmt::format("{:.3g} s", static_cast<double>(samples) / model.recipe.rate_hz);
    }
    if (config.events) event_rules(*config.events, model);
    return {found_ok(fmt::format("{}, {} labels, hop {}, {}", model.name, model.labels.size(), hop,
                                 config.events ? "with events" : "no events without a table [events]"))};
  } catch (const Error& error) {
    const bool file = error.code() != ExitCode::config;
    return {found_wrong(error.what(), file ? "let [model] path in " + place +
                                                 " name a model; without it, it is the bundled one"
                                           : "change it in " + place + "; `earshot labels` shows the names")};
  }
}

}  // namespace earshot
