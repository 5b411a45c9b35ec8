#include "daemon/MakeHearing.h"

#include <algorithm>
#include <utility>

#include "daemon/hearing/AutoHop.h"
#include "nn/events/EventRules.h"
#include "nn/model/Model.h"

namespace earshot {
namespace {

// Without the places in its file, which are no change.
bool are_the_same_events(const Config& a, const Config& b) {
  Config b_with_events_of_a = b;
  b_with_events_of_a.events = a.events;
  return to_toml(b_with_events_of_a) == to_toml(b);
}

}  // namespace

std::shared_ptr<const Hearing> make_hearing(const Config& config, const ConfiguredHearing* present) {
  Model model = load_model(config.model.path);
  Hearing hearing{.model = nullptr,
                  .classifiers = nullptr,
                  .hop_samples = config.hop_auto
                                     ? AutoHop(model.recipe).hop_samples()
                                     : effective_hop_samples(model.recipe, config.hop_s, config.hop_place),
                  .gate_dbfs = config.gate_level_dbfs};
  if (config.events) hearing.events = std::make_shared<const EventRules>(event_rules(*config.events, model));
  const std::shared_ptr<const PreparedNetwork> network = prepare_network(model);
  const std::size_t classifiers =
      std::min(ClassifierPool::enough(*network, config.model.threads), config.most_sources());
  const Hearing* now = present ? present->hearing.get() : nullptr;
  const bool is_the_same_model = now && now->model->sha256 == model.sha256 && now->model->name == model.name;
  if (is_the_same_model && present->config.model.threads == config.model.threads &&
      now->classifiers->classifiers() == classifiers) {
    const bool is_the_same = now->hop_samples == hearing.hop_samples && now->gate_dbfs == hearing.gate_dbfs;
    const bool are_the_same = are_the_same_events(present->config, config);
    if (is_the_same && are_the_same) return present->hearing;
    hearing.model = now->model;
    hearing.classifiers = now->classifiers;
    if (are_the_same) hearing.events = now->events;
    return std::make_shared<const Hearing>(std::move(hearing));
  }
  hearing.classifiers = std::make_shared<ClassifierPool>(network, classifiers, config.model.threads);
  model.weights.clear();  // they are laid out in the network
  hearing.model = std::make_shared<const Model>(std::move(model));
  return std::make_shared<const Hearing>(std::move(hearing));
}

}  // namespace earshot
