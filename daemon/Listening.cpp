#include "daemon/Listening.h"

#include <algorithm>
#include <exception>
#include <utility>
#include <variant>

#include <spdlog/fmt/fmt.h>

#include "daemon/books/StateDirectory.h"
#include "daemon/capture/MakeSource.h"
#include "daemon/log/Logging.h"
#include "daemon/net/Address.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

constexpr std::chrono::milliseconds kBooksShutdown{200};
constexpr const char* kEndedByReload = "ended by a reload";

const SourceSettings* settings_of(const Config& config, const std::string& name) {
  const auto found = std::ranges::find(config.sources, name, &SourceSettings::name);
  return found == config.sources.end() ? nullptr : &*found;
}

std::string counted(std::size_t count, std::string_view what) {
  return count == 0 ? std::string() : fmt::format(", {} {}", count, what);
}

}  // namespace

StreamFacts facts_of(const ConfiguredHearing& configured) {
  const Model& model = *configured.hearing->model;
  StreamFacts facts{.model_name = model.name,
                    .model_sha256 = model.sha256,
                    .labels = model.labels,
                    .several_labels = model.architecture.scores == Scores::sigmoid,
                    .window_samples = model.recipe.window_samples,
                    .hop_samples = configured.hearing->hop_samples,
                    .rate_hz = model.recipe.rate_hz,
                    .sources = {}};
  for (const SourceSettings& source : configured.config.sources) {
    if (is_for_many(source)) continue;  // its senders name themselves
    facts.sources.push_back({source.name, std::string(kind_name(source))});
  }
  return facts;
}

Listening::Listening(const ListeningContext& context, ConfiguredHearing configured, std::string instance)
    : context_(context),
      configured_(std::move(configured)),
      instance_(std::move(instance)),
      journal_(context.sink, configured_.hearing->model->recipe.rate_hz),
      books_(journal_,
             {.directory = state_directory(),
              .instance = instance_,
              .rate_hz = configured_.hearing->model->recipe.rate_hz,
              .sources = booked_sources(configured_.config.sources)},
             context.utc, &context.pulses),
      threads_(context.source_ended) {
  for (const SourceSettings& settings : configured_.config.sources) {
    names_.take(settings.name);
    taken_.insert(settings.name);
  }
  for (const SourceSettings& settings : configured_.config.sources) not_started_.push_back(make(settings));
}

std::unique_ptr<SourceTask> Listening::make(const SourceSettings& settings) {
  return make_source(settings, {.hearing = configured_.hearing,
                                .utc = context_.utc,
                                .sink = keeps_time(settings) ? static_cast<MessageSink&>(books_) : journal_,
                                .counters = context_.counters,
                                .microphones = &context_.microphones,
                                .pulses = &context_.pulses,
                                .instance = instance_,
                                .names = &names_});
}

void Listening::start() noexcept {
  for (std::unique_ptr<SourceTask>& source : std::exchange(not_started_, {})) {
    const SourceSettings& settings = *settings_of(configured_.config, source->name());
    start(std::move(source), settings);
  }
}

void Listening::start(std::unique_ptr<SourceTask> source, const SourceSettings& settings) {
  started_.insert_or_assign(settings.name, settings);
  threads_.start(std::move(source));
}

bool Listening::fits(const Hearing& hearing) const noexcept {
  const FeatureRecipe& present = configured_.hearing->model->recipe;
  const FeatureRecipe& other = hearing.model->recipe;
  return other.rate_hz == present.rate_hz && other.window_samples == present.window_samples;
}

std::string Listening::change(ConfiguredHearing configured, StreamFacts facts) {
  const ConfiguredHearing before = std::exchange(configured_, std::move(configured));
  const std::set<std::string> taken_before = taken_;
  const std::vector<Due> due_before = due_;
  std::size_t added = 0;
  try {  // What may fail comes first.
    added = make_new_sources();
    context_.server.change(configured_.config.publish_tcp, std::move(facts));
  } catch (...) {
    not_started_.clear();
    for (const std::string& name : taken_) {
      if (!taken_before.contains(name)) names_.give_back(name);
    }
    taken_ = taken_before;
    due_ = due_before;
    configured_ = before;
    throw;
  }
  books_.change(booked_sources(configured_.config.sources));
  const std::size_t removed = remove_sources(before.config);
  const std::size_t replaced = change_sources(before);
  start();
  reap();
  return (configured_.hearing != before.hearing ? "heard otherwise" : "heard as before") +
         counted(added, "sources more") + counted(replaced, "changed") + counted(removed, "gone");
}

Listening::Due* Listening::due(const std::string& name) noexcept {
  const auto found = std::ranges::find(due_, name, [](const Due& each) { return each.settings.name; });
  return found == due_.end() ? nullptr : &*found;
}

bool Listening::is_in_the_way(const SourceSettings& settings) const {
  if (threads_.has(settings.name)) return true;
  const auto* tcp = std::get_if<TcpSettings>(&settings.kind);
  return tcp && std::ranges::any_of(started_, [&](const auto& each) {
           const auto* other = std::get_if<TcpSettings>(&each.second.kind);
           return other && collide(other->listen, tcp->listen);
         });
}

// How many; of those in whose way others are, only once these are gone.
std::size_t Listening::make_new_sources() {
  std::size_t added = 0;
  for (const SourceSettings& settings : configured_.config.sources) {
    if (threads_.has(settings.name) || due(settings.name)) continue;
    if (!taken_.contains(settings.name)) {
      if (!names_.take(settings.name)) {
        throw Error(ExitCode::config,
                    "source '" + settings.name +
                        "': found a sender that calls itself so, expected a name that no other has");
      }
      taken_.insert(settings.name);
    }
    if (is_in_the_way(settings)) {
      due_.push_back({settings});
    } else {
      not_started_.push_back(make(settings));
    }
    ++added;
  }
  return added;
}

// How many are no longer configured.
std::size_t Listening::remove_sources(const Config& before) {
  std::size_t removed = 0;
  for (const SourceSettings& was : before.sources) {
    if (settings_of(configured_.config, was.name)) continue;
    remove(was.name);
    ++removed;
  }
  return removed;
}

void Listening::remove(const std::string& name) {
  const std::size_t was_due =
      std::erase_if(due_, [&](const Due& each) { return each.settings.name == name; });
  if (threads_.has(name)) {
    threads_.leave(name, Leaving::removed);
  } else if (was_due > 0) {
    books_.publish(SourceChange{name, SourceState::ended, kEndedByReload, {}, true});
  }
}

// How many are another sound now; the others hear on.
std::size_t Listening::change_sources(const ConfiguredHearing& before) {
  std::size_t replaced = 0;
  for (const SourceSettings& settings : configured_.config.sources) {
    if (change_source(settings, before)) ++replaced;
  }
  return replaced;
}

// Whether it is another sound now.
bool Listening::change_source(const SourceSettings& settings, const ConfiguredHearing& before) {
  const SourceSettings* was = settings_of(before.config, settings.name);
  const bool is_the_same = was && are_the_same_sound(*was, settings);
  if (Due* waiting = due(settings.name)) {
    waiting->settings = settings;
    return was && !is_the_same;
  }
  if (!threads_.has(settings.name)) return false;  // it is new
  SourceTask* source = threads_.find(settings.name);
  if (source && is_the_same) {
    const bool differs = was->gain_db != settings.gain_db || was->level_dbfs != settings.level_dbfs;
    if (differs || configured_.hearing != before.hearing) source->change(settings, configured_.hearing);
    return false;
  }
  // What was about to be removed, or has become a listener for many or ceases to be one, begins anew.
  const bool goes_on = was && is_for_many(*was) == is_for_many(settings);
  threads_.leave(settings.name, goes_on ? Leaving::replaced : Leaving::removed);
  due_.push_back({settings, goes_on});
  return true;
}

void Listening::start_due() noexcept {
  for (auto each = due_.begin(); each != due_.end();) {
    if (is_in_the_way(each->settings)) {
      ++each;
      continue;
    }
    try {
      std::unique_ptr<SourceTask> source = make(each->settings);
      source->follow(each->timelines);
      start(std::move(source), each->settings);
      each = due_.erase(each);
    } catch (const std::exception& error) {
      const std::string& name = each->settings.name;
      if (std::exchange(each->told, error.what()) != error.what()) {
        log_error("source '{}': {}", name, error.what());
        books_.publish(SourceChange{name, SourceState::down, error.what(), {}, false});
      }
      ++each;
    }
  }
}

void Listening::tick() noexcept {
  if (const double step_s = context_.utc.take_step_s(); step_s != 0.0) journal_.publish(ClockStep{step_s});
  journal_.tick();
  start_due();
}

void Listening::take_leave_of_gone() {
  for (SourceThreads::Gone& gone : threads_.reap()) {
    started_.erase(gone.name);
    if (Due* next = due(gone.name); next && next->goes_on) {
      next->timelines = std::move(gone.timelines);
    } else {
      tell_ended(gone.timelines, kEndedByReload, true);
    }
  }
}

void Listening::tell_ended(const Timelines& timelines, const std::string& why, bool forgotten) {
  for (const auto& [name, timeline] : timelines)
    books_.publish(SourceChange{name, SourceState::ended, why, timeline.position, forgotten});
}

bool Listening::reap() noexcept {
  take_leave_of_gone();
  start_due();
  std::erase_if(taken_, [this](const std::string& name) {
    if (threads_.has(name) || settings_of(configured_.config, name)) return false;
    names_.give_back(name);
    return true;
  });
  return due_.empty() && threads_.all_ended();
}

std::vector<std::string> Listening::stop(const std::string& reason, std::chrono::milliseconds limit) {
  books_.stop(reason);
  std::vector<std::string> held_up = threads_.stop(limit);
  take_leave_of_gone();
  for (const Due& each : due_) {
    tell_ended(each.timelines, "stopped", false);
    if (each.timelines.empty() && !is_for_many(each.settings))
      books_.publish(SourceChange{each.settings.name, SourceState::ended, "stopped", {}, false});
  }
  if (!books_.close(kBooksShutdown))
    held_up.emplace_back("the books are not closed: the disk does not answer");
  return held_up;
}

}  // namespace earshot
