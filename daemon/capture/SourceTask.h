// SourceTask: what one [[source]] of the configuration does on a thread of its own.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>

namespace earshot {

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
};

}  // namespace earshot
