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

#include "daemon/capture/SourceNames.h"
#include "daemon/capture/SourceTask.h"
#include "daemon/hearing/Message.h"
#include "daemon/hearing/Pipeline.h"
#include "daemon/hearing/UtcClock.h"
#include "daemon/pulse/Pulse.h"
#include "daemon/settings/Config.h"

namespace earshot {

class CaptureOpener;

/// What all sources of a daemon share; it outlives them.
struct SourceContext {
  std::shared_ptr<const Hearing> hearing;
  UtcClock& utc;
  MessageSink& sink;
  Counters& counters;
  CaptureOpener* microphones;  ///< for sources of that kind only
  Pulses* pulses = nullptr;    ///< whoever watches the sources' threads
  std::string instance = {};   ///< what the events' ids begin with
  SourceNames* names = nullptr;  ///< of all sources; for listeners whose senders name themselves
};

class Source : public SourceTask {
 public:
  /// Hears until the sound ends or a stop is requested, then publishes "ended". What goes wrong meanwhile
  /// ends the source with the reason as detail.
  void run(std::stop_token stop) noexcept override;
  std::string_view holdup() const noexcept override;
  const std::string& name() const noexcept override { return name_; }
  void change(const SourceSettings& settings, std::shared_ptr<const Hearing> hearing) override;
  void leave(Leaving how) noexcept override { leaving_.store(how, std::memory_order_relaxed); }
  bool has_failed() const noexcept override { return has_failed_; }
  Timelines timelines() const override;
  void follow(const Timelines& before) override;

 protected:
  /// Throws as Pipeline's constructor.
  Source(const SourceSettings& settings, const SourceContext& context);

  /// Hears until the end; returns why it ended. Throws Error if it cannot go on.
  virtual std::string hear(std::stop_token stop) = 0;

  /// Whether it will never be told of again once it has ended.
  virtual bool comes_and_goes() const noexcept { return false; }

  /// Publishes the state; position and all if it is "down" or "ended".
  void change_state(SourceState state, const std::string& detail) noexcept { tell(state, detail, false); }

  Pipeline& pipeline() noexcept { return pipeline_; }
  /// Of its own thread, as often as it comes round and at least every 2 s, but while it waits for somebody else.
  Pulse& pulse() noexcept { return pulse_; }

 private:
  void tell(SourceState state, const std::string& detail, bool forgotten) noexcept;

  std::string name_;
  MessageSink& sink_;
  Pipeline pipeline_;
  Pulse pulse_;
  bool has_failed_ = false;
  std::atomic<Leaving> leaving_{Leaving::ended};  // relaxed: the stop that follows orders it
};

/// Sleeps; false if a stop was requested meanwhile.
bool sleep_until(std::stop_token stop, std::chrono::steady_clock::time_point moment);
bool sleep_for(std::stop_token stop, std::chrono::nanoseconds time);

}  // namespace earshot
