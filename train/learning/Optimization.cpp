#include "train/learning/Optimization.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

namespace earshot {
namespace {

using Kind = Optimizer::Kind;
using Schedule = LearningRatePlan::Schedule;

constexpr std::pair<const char*, Kind> kKinds[] = {
    {"adam", Kind::adam}, {"adamw", Kind::adamw}, {"sgd", Kind::sgd}};
constexpr std::pair<const char*, Schedule> kSchedules[] = {{"constant", Schedule::constant},
                                                           {"cosine", Schedule::cosine},
                                                           {"step", Schedule::step},
                                                           {"one_cycle", Schedule::one_cycle}};

template <typename Names>
auto value_of(const Names& names, const std::string& name) {
  for (const auto& [known, value] : names) {
    if (name == known) return value;
  }
  return names[0].second;
}

template <typename Names, typename Value>
const char* name_of(const Names& names, Value value) {
  for (const auto& [name, known] : names) {
    if (known == value) return name;
  }
  return "";
}

void read_optimizer(StrictToml& train, Optimizer::Settings& settings) {
  settings.kind = value_of(kKinds, train.one_of("optimizer", "adam", {"adam", "adamw", "sgd"}));
  settings.weight_decay = train.real("weight_decay", settings.weight_decay, 0.0, 10.0);
  settings.momentum = train.real("momentum", settings.momentum, 0.0, 0.9999);
  settings.clip_norm = train.real("clip_norm", settings.clip_norm, 0.0, 1e6);
  if (settings.kind == Kind::adam && settings.weight_decay > 0.0) {
    train.refuse("weight_decay", fmt::format("{} beside optimizer \"adam\"", settings.weight_decay),
                 "optimizer \"adamw\" or \"sgd\"");
  }
}

void read_plan(StrictToml& train, int epochs, LearningRatePlan& plan) {
  plan.schedule =
      value_of(kSchedules, train.one_of("schedule", "constant", {"constant", "cosine", "step", "one_cycle"}));
  plan.warmup_epochs = static_cast<int>(train.integer("warmup_epochs", plan.warmup_epochs, 0, epochs));
  if (plan.schedule == Schedule::one_cycle && plan.warmup_epochs > 0) {
    train.refuse("warmup_epochs", "a warm-up beside schedule \"one_cycle\"", "cycle_rise, its own");
  }
  if (train.has("drop_at")) plan.drop_at = train.reals("drop_at", 0.0, 1.0);
  plan.drop_factor = train.real("drop_factor", plan.drop_factor, 1e-6, 1.0);
  plan.rise = train.real("cycle_rise", plan.rise, 0.0, 1.0);
}

}  // namespace

void read_optimization(StrictToml& train, int epochs, Optimization& optimization) {
  read_optimizer(train, optimization.optimizer);
  read_plan(train, epochs, optimization.plan);
  optimization.ema_decay = train.real("ema_decay", optimization.ema_decay, 0.0, 0.99999);
}

void add_settings(const Optimization& optimization, std::map<std::string, std::string>& settings) {
  const auto add = [&](const char* key, const auto& value) { settings[key] = fmt::format("{}", value); };
  const Optimizer::Settings& optimizer = optimization.optimizer;
  add("train.optimizer", name_of(kKinds, optimizer.kind));
  if (optimizer.kind == Kind::sgd) add("train.momentum", optimizer.momentum);
  if (optimizer.kind != Kind::adam) add("train.weight_decay", optimizer.weight_decay);
  add("train.clip_norm", optimizer.clip_norm);
  const LearningRatePlan& plan = optimization.plan;
  add("train.schedule", name_of(kSchedules, plan.schedule));
  if (plan.schedule != Schedule::one_cycle) add("train.warmup_epochs", plan.warmup_epochs);
  if (plan.schedule == Schedule::step) {
    add("train.drop_at", fmt::format("{}", fmt::join(plan.drop_at, ", ")));
    add("train.drop_factor", plan.drop_factor);
  }
  if (plan.schedule == Schedule::one_cycle) add("train.cycle_rise", plan.rise);
  add("train.ema_decay", optimization.ema_decay);
}

}  // namespace earshot
