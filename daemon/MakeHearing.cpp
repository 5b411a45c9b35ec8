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
  for (const ActionSettings& action : config.actions) {
    if (action.labels) expect_events(*hearing.events, *action.labels);
  }
  if (const auto& mqtt = config.publish_mqtt; mqtt && !mqtt->labels.empty())
    expect_events(*hearing.events, {mqtt->labels, mqtt->labels_place});
  const Hearing* now = present ? present->hearing.get() : nullptr;
  if (now && (now->model->sha256 != model.sha256 || now->model->name != model.name)) now = nullptr;
  const auto network = now ? now->classifiers->network() : prepare_network(model);
  const int threads = config.model.threads;
  const std::size_t classifiers = std::min(ClassifierPool::enough(*network, threads), config.most_sources());
  if (now && present->config.model.threads == threads && now->classifiers->classifiers() == classifiers) {
    hearing.classifiers = now->classifiers;
  } else {
    hearing.classifiers = std::make_shared<ClassifierPool>(network, classifiers, threads);
  }
  if (now) {
    hearing.model = now->model;
    if (are_the_same_events(present->config, config)) hearing.events = now->events;
    return hearing == *now ? present->hearing : std::make_shared<const Hearing>(std::move(hearing));
  }
  model.weights.clear();  // they are laid out in the network
  hearing.model = std::make_shared<const Model>(std::move(model));
  return std::make_shared<const Hearing>(std::move(hearing));
}

}  // namespace earshot
