// SourceTask: what one [[source]] of the configuration does on a thread of its own.
#pragma once

#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "daemon/hearing/Hearing.h"
#include "daemon/hearing/Pipeline.h"
#include "daemon/settings/Config.h"

namespace earshot {

/// What a source that is asked to end leaves behind.
enum class Leaving {
  ended,    ///< the daemon ends: it says so
  removed,  ///< nothing: whoever asked tells of its end
  replaced  ///< its timeline, for another of its name: it is down
};

/// Of sources that have ended, by their names.
using Timelines = std::map<std::string, Timeline>;

class SourceTask {
 public:
  SourceTask() = default;
  virtual ~SourceTask() = default;
  SourceTask(const SourceTask&) = delete;
  SourceTask& operator=(const SourceTask&) = delete;

  /// Its own thread: until there is nothing more to do or a stop is requested. Returns within 100 ms of a
  /// stop, or the time of one window, unless what it reads from holds it up.
  virtual void run(std::stop_token stop) noexcept = 0;

  /// Any thread: why it has not seen a stop, if it has not.
  virtual std::string_view holdup() const noexcept = 0;

  virtual const std::string& name() const noexcept = 0;

  /// Any one thread at a time: hears by these from the next window on. Of the settings only gain and gate are
  /// other than its own. Throws Error, and nothing has changed.
  virtual void change(const SourceSettings& settings, std::shared_ptr<const Hearing> hearing) = 0;

  /// Before a stop is requested, if it is no end of the daemon's, and once more if it turns out otherwise.
  virtual void leave(Leaving how) noexcept = 0;

  /// After run(): whether what went wrong ended it.
  virtual bool has_failed() const noexcept { return false; }
  /// After run(): its own, of a listener those of its senders.
  virtual Timelines timelines() const = 0;
  /// Before run(): what is called as one of `before` goes on where that has ended.
  virtual void follow(const Timelines& before) = 0;
};

}  // namespace earshot
