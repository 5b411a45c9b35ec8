#include "daemon/capture/Source.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <utility>

#include "daemon/log/Logging.h"

namespace earshot {
namespace {

EarSettings ear_settings(const SourceSettings& source, const Hearing& hearing) {
  return {.gain_db = source.gain_db, .gate_dbfs = source.level_dbfs ? source.level_dbfs : hearing.gate_dbfs};
}

}  // namespace

Source::Source(const SourceSettings& settings, const SourceContext& context)
    : name_(settings.name),
      sink_(context.sink),
      pipeline_({.source = settings.name,
                 .ear = ear_settings(settings, *context.hearing),
                 .instance = context.instance},
                context.hearing, context.utc, BootClock::now(), context.sink, context.counters),
      pulse_(context.pulses, "source '" + settings.name + '\'') {
  pulse_.rest();
}

void Source::run(std::stop_token stop) noexcept {
  pulse_.beat();
  std::string why;
  pipeline_.heed(stop);
  try {
    why = hear(stop);
  } catch (const std::exception& error) {
    why = error.what();
    has_failed_ = true;
    log_error("source '{}': {}", name_, why);
    pipeline_.close();
  }
  pulse_.rest();
  switch (stop.stop_requested() ? leaving_.load(std::memory_order_relaxed) : Leaving::ended) {
    case Leaving::ended:
      return tell(SourceState::ended, why, comes_and_goes());
    case Leaving::removed:
      return pipeline_.tell_skipped();
    case Leaving::replaced:
      return tell(SourceState::down, "its configuration has changed", false);
  }
}

void Source::change(const SourceSettings& settings, std::shared_ptr<const Hearing> hearing) {
  const EarSettings ear = ear_settings(settings, *hearing);
  pipeline_.change(ear, std::move(hearing));
}

Timelines Source::timelines() const {
  return {{name_, pipeline_.timeline()}};
}

void Source::follow(const Timelines& before) {
  if (const auto found = before.find(name_); found != before.end()) pipeline_.follow(found->second);
}

std::string_view Source::holdup() const noexcept {
  return pipeline_.is_classifying() ? "it still classifies a window" : "what it reads from does not answer";
}

void Source::tell(SourceState state, const std::string& detail, bool forgotten) noexcept {
  SourceChange change{name_, state, detail, std::nullopt, forgotten};
  if (state == SourceState::down || state == SourceState::ended) {
    pipeline_.tell_skipped();  // what comes before that position is told before it
    change.end_sample = pipeline_.position();
  }
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
