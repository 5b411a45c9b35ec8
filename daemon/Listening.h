// Listening: the sources of a configuration, from the first message of an instance to its last.
#pragma once

#include <chrono>
#include <functional>
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

  /// Now and then: tells when UTC was corrected, and has the journal say what it kept.
  void tick() noexcept;
  /// Sources that were asked to leave and have ended are gone, and what takes their places starts. Whether
  /// nothing is left to hear.
  bool reap() noexcept;

  /// What has not ended by then, and what holds it up.
  std::vector<std::string> stop(const std::string& reason);

 private:
  std::unique_ptr<SourceTask> make(const SourceSettings& settings);
  std::unique_ptr<SourceTask> make_successor(const SourceSettings& settings) noexcept;
  void make_new_sources();
  std::size_t remove_sources(const Config& before);
  std::size_t change_sources(const ConfiguredHearing& before);
  void remove(const std::string& name);

  const ListeningContext context_;
  ConfiguredHearing configured_;
  const std::string instance_;
  Journal journal_;
  Bookkeeper books_;
  SourceNames names_;
  std::set<std::string> taken_;  // of those, by the configuration and what is left of the one before
  std::vector<std::unique_ptr<SourceTask>> not_started_;
  SourceThreads threads_;
};

}  // namespace earshot
