#include "daemon/capture/Source.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <utility>

#include "daemon/log/Logging.h"

namespace earshot {
namespace {

PipelineSettings pipeline_settings(const SourceSettings& source, const SourceContext& context) {
  return {.source = source.name,
          .hop_samples = context.hop_samples,
          .gain_db = source.gain_db,
          .gate_dbfs = source.level_dbfs ? source.level_dbfs : context.gate_dbfs,
          .events = context.events,
          .instance = context.instance};
}

}  // namespace

Source::Source(const SourceSettings& settings, const SourceContext& context)
    : name_(settings.name),
      sink_(context.sink),
      pipeline_(pipeline_settings(settings, context), context.model, context.classifiers, context.utc, BootClock::now(),
                context.sink, context.counters),
      pulse_(context.pulses, "source '" + settings.name + '\'') {
  pulse_.rest();
}

void Source::run(std::stop_token stop) noexcept {
  pulse_.beat();
  std::string why;
  pipeline_.heed(stop);
  try {
    why = hear(std::move(stop));
  } catch (const std::exception& error) {
    why = error.what();
    log_error("source '{}': {}", name_, why);
    pipeline_.close();
  }
  pulse_.rest();
  change_state(SourceState::ended, why);
}

std::string_view Source::holdup() const noexcept {
  return pipeline_.is_classifying() ? "it still classifies a window" : "what it reads from does not answer";
}

void Source::change_state(SourceState state, const std::string& detail) noexcept {
  SourceChange change{name_, state, detail, std::nullopt, state == SourceState::ended && comes_and_goes()};
  if (state == SourceState::down || state == SourceState::ended) change.end_sample = pipeline_.position();
  sink_.publish(std::move(change));
}

bool sleep_until(std::stop_token stop, std::chrono::steady_clock::time_point moment) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_until(lock, stop, moment, [] { return false; });
  return !stop.stop_requested();
}

bool sleep_for(std::stop_token stop, std::chrono::nanoseconds time) {
  return sleep_until(std::move(stop), std::chrono::steady_clock::now() + time);
}

}  // namespace earshot
