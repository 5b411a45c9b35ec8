// Source: where sound comes from; each feeds a pipeline of its own on a thread of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "daemon/hearing/Message.h"
#include "daemon/hearing/Pipeline.h"
#include "daemon/hearing/UtcAnchor.h"
#include "daemon/settings/Config.h"

namespace earshot {

class CaptureOpener;

/// What all sources of a daemon share; it outlives them.
struct SourceContext {
  const Model& model;
  ClassifierPool& classifiers;  ///< of the model
  std::uint64_t hop_samples;
  std::optional<double> gate_dbfs;  ///< of a source without a gate of its own; nothing classifies all
  UtcAnchor anchor;
  MessageSink& sink;
  Counters& counters;
  CaptureOpener* microphones;  ///< for sources of that kind only
  std::shared_ptr<const EventRules> events = nullptr;  ///< nothing: no events
  std::string instance = {};                           ///< what the events' ids begin with
};

class Source {
 public:
  virtual ~Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  /// Its own thread: hears until the sound ends or a stop is requested, then publishes "ended". What goes
  /// wrong meanwhile ends the source with the reason as detail. Returns within 100 ms of a stop, or the time
  /// of one window, unless what it reads from holds it up.
  void run(std::stop_token stop) noexcept;

  /// Any thread: why it has not seen a stop, if it has not.
  std::string_view holdup() const noexcept;

  const std::string& name() const noexcept { return name_; }

 protected:
  /// Throws as Pipeline's constructor.
  Source(const SourceSettings& settings, const SourceContext& context);

  /// Hears until the end; returns why it ended. Throws Error if it cannot go on.
  virtual std::string hear(std::stop_token stop) = 0;

  /// While one lives, a stop may not be seen, for a reason that is a constant.
  class Holdup {
   public:
    Holdup(Source& source, const char* reason) noexcept : source_(source) { source_.holdup_ = reason; }
    ~Holdup() { source_.holdup_ = nullptr; }
    Holdup(const Holdup&) = delete;
    Holdup& operator=(const Holdup&) = delete;

   private:
    Source& source_;
  };

  /// Publishes the state; position and all if it is "down" or "ended".
  void change_state(SourceState state, const std::string& detail) noexcept;
  UtcTime utc(std::chrono::steady_clock::time_point moment) const { return anchor_.at(moment); }
  /// Samples of the timeline that go by in `time`.
  std::uint64_t samples_in(std::chrono::steady_clock::duration time) const noexcept;

  Pipeline& pipeline() noexcept { return pipeline_; }

 private:
  std::string name_;
  UtcAnchor anchor_;
  MessageSink& sink_;
  Pipeline pipeline_;
  std::atomic<const char*> holdup_{nullptr};
};

/// Sleeps; false if a stop was requested meanwhile.
bool sleep_until(std::stop_token stop, std::chrono::steady_clock::time_point moment);

}  // namespace earshot
