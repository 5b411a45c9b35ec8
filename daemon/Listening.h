// Listening: the sources of a configuration, from the first message of an instance to its last.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "daemon/Journal.h"
#include "daemon/MakeHearing.h"
#include "daemon/books/Bookkeeper.h"
#include "daemon/capture/CaptureStream.h"
#include "daemon/capture/SourceNames.h"
#include "daemon/capture/SourceThreads.h"
#include "daemon/hearing/Message.h"
#include "daemon/hearing/UtcClock.h"
#include "daemon/pulse/Pulse.h"
#include "daemon/stream/StreamFacts.h"
#include "daemon/stream/StreamServer.h"

namespace earshot {

/// What all instances of a start share; it outlives them.
struct ListeningContext {
  StreamServer& server;
  MessageSink& sink;  ///< on the way to the server
  UtcClock& utc;
  Counters& counters;
  CaptureOpener& microphones;
  Pulses& pulses;
  std::function<void()> source_ended;  ///< any thread: Listening::reap() is due
};

/// What `hello` tells of it.
StreamFacts facts_of(const ConfiguredHearing& configured);

/// All calls by one thread.
class Listening {
 public:
  /// `instance` is what the server's facts say. Throws Error naming the source's trouble.
  Listening(const ListeningContext& context, ConfiguredHearing configured, std::string instance);

  /// The sources begin.
  void start() noexcept;

  const ConfiguredHearing& configured() const noexcept { return configured_; }
  /// Whether `hearing` is for the same rate and window: else it takes another instance.
  bool fits(const Hearing& hearing) const noexcept;

  /// Another configuration, whose hearing fits: sources that it has not any more end, others begin, those
  /// that are the same sound hear on, by other hearing from their next window on. `facts` are for hello, of the same instance.
  /// Returns in words what has changed. Throws Error, and nothing has.
  std::string change(ConfiguredHearing configured, StreamFacts facts);

  /// Now and then: tells when UTC was corrected, has the journal say what it kept, and tries sources again
  /// that could not start after a reload.
  void tick() noexcept;
  /// Sources that were asked to leave and have ended are gone, and what takes their places starts. Whether
  /// nothing is left to hear.
  bool reap() noexcept;

  /// Then: whether what went wrong ended a source.
  bool has_one_failed() const noexcept { return threads_.has_one_failed(); }

  /// What has not ended within `limit`, and what holds it up.
  std::vector<std::string> stop(const std::string& reason, std::chrono::milliseconds limit);

 private:
  /// A source that starts once what is in its way has ended: the one before it of its name, or one that
  /// listens on its port.
  struct Due {
    SourceSettings settings;
    bool goes_on = false;  ///< on the timeline of the one before it, which is one of
    Timelines timelines = {};
    std::string told = {};  ///< why it could not start
  };

  std::unique_ptr<SourceTask> make(const SourceSettings& settings);
  Due* due(const std::string& name) noexcept;
  bool is_in_the_way(const SourceSettings& settings) const;
  std::size_t make_new_sources();
  std::size_t remove_sources(const Config& before);
  std::size_t change_sources(const ConfiguredHearing& before);
  bool change_source(const SourceSettings& settings, const ConfiguredHearing& before);
  void remove(const std::string& name);
  void start(std::unique_ptr<SourceTask> source, const SourceSettings& settings);
  void start_due() noexcept;
  void take_leave_of_gone();
  void tell_ended(const Timelines& timelines, const std::string& why, bool forgotten);

  const ListeningContext context_;
  ConfiguredHearing configured_;
  const std::string instance_;
  Journal journal_;
  Bookkeeper books_;
  SourceNames names_;
  std::set<std::string> taken_;  // of those, by the configuration and what is left of the one before
  std::vector<std::unique_ptr<SourceTask>> not_started_;
  std::vector<Due> due_;
  std::map<std::string, SourceSettings> started_;  ///< what they were made by, of those that are not gone
  SourceThreads threads_;
};

}  // namespace earshot
