#include "daemon/Listening.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "daemon/books/StateDirectory.h"
#include "daemon/capture/MakeSource.h"
#include "daemon/log/Logging.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

constexpr std::chrono::milliseconds kSourcesShutdown{1'000};
constexpr std::chrono::milliseconds kBooksShutdown{200};

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
                                .sink = books_,
                                .counters = context_.counters,
                                .microphones = &context_.microphones,
                                .pulses = &context_.pulses,
                                .instance = instance_,
                                .names = &names_});
}

void Listening::start() noexcept {
  for (std::unique_ptr<SourceTask>& source : std::exchange(not_started_, {}))
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
  try {  // What may fail comes first.
    make_new_sources();
    context_.server.change(configured_.config.publish_tcp, std::move(facts));
  } catch (...) {
    not_started_.clear();
    for (const std::string& name : taken_) {
      if (!taken_before.contains(name)) names_.give_back(name);
    }
    taken_ = taken_before;
    configured_ = before;
    throw;
  }
  books_.change(booked_sources(configured_.config.sources));
  const std::size_t removed = remove_sources(before.config);
  const std::size_t replaced = change_sources(before);
  const std::size_t added = not_started_.size();
  start();
  reap();
  return (configured_.hearing != before.hearing ? "heard otherwise" : "heard as before") +
         counted(added, "sources more") + counted(replaced, "changed") + counted(removed, "gone");
}

void Listening::make_new_sources() {
  for (const SourceSettings& settings : configured_.config.sources) {
    if (threads_.has(settings.name)) continue;
    if (!taken_.contains(settings.name)) {
      if (!names_.take(settings.name)) {
        throw Error(ExitCode::config,
                    "source '" + settings.name +
                        "': found a sender that calls itself so, expected a name that no other has");
      }
      taken_.insert(settings.name);
    }
    not_started_.push_back(make(settings));
  }
}

// How many are no longer configured.
std::size_t Listening::remove_sources(const Config& before) {
  std::size_t removed = 0;
  for (const SourceSettings& was : before.sources) {
    if (settings_of(configured_.config, was.name) || !threads_.find(was.name)) continue;
    remove(was.name);
    ++removed;
  }
  return removed;
}

// How many are another sound now; the others hear on.
std::size_t Listening::change_sources(const ConfiguredHearing& before) {
  std::size_t replaced = 0;
  for (const SourceSettings& settings : configured_.config.sources) {
    if (!threads_.has(settings.name)) continue;
    const SourceSettings* was = settings_of(before.config, settings.name);
    SourceTask* source = threads_.find(settings.name);
    if (source && was && are_the_same_sound(*was, settings)) {
      const bool differs = was->gain_db != settings.gain_db || was->level_dbfs != settings.level_dbfs;
      if (differs || configured_.hearing != before.hearing) source->change(settings, configured_.hearing);
      continue;
    }
    threads_.replace(settings.name, [this, settings] { return make_successor(settings); });
    ++replaced;
  }
  return replaced;
}

void Listening::remove(const std::string& name) {
  const bool has_ended = threads_.has_ended(*threads_.find(name));
  threads_.remove(name);
  // One that had ended before cannot say so any more.
  if (has_ended) books_.publish(SourceChange{name, SourceState::ended, "ended by a reload", {}, true});
}

std::unique_ptr<SourceTask> Listening::make_successor(const SourceSettings& settings) noexcept {
  try {
    return make(settings);
  } catch (const std::exception& error) {
    log_error("source '{}': {}", settings.name, error.what());
    books_.publish(SourceChange{settings.name, SourceState::ended, error.what(), {}, false});
    return nullptr;
  }
}

void Listening::tick() noexcept {
  if (const double step_s = context_.utc.take_step_s(); step_s != 0.0) journal_.publish(ClockStep{step_s});
  journal_.tick();
}

bool Listening::reap() noexcept {
  threads_.reap();
  std::erase_if(taken_, [this](const std::string& name) {
    if (threads_.has(name) || settings_of(configured_.config, name)) return false;
    names_.give_back(name);
    return true;
  });
  return threads_.all_ended();
}

std::vector<std::string> Listening::stop(const std::string& reason) {
  books_.stop(reason);
  std::vector<std::string> held_up = threads_.stop(kSourcesShutdown);
  if (!books_.close(kBooksShutdown))
    held_up.emplace_back("the books are not closed: the disk does not answer");
  return held_up;
}

}  // namespace earshot
