// Journal: what happens to the sources, in the log as well as on the stream.
#pragma once

#include <utility>

#include "daemon/hearing/Message.h"
#include "daemon/log/Logging.h"
#include "daemon/stream/JsonLine.h"

namespace earshot {

/// Logs changes of state and losses on their way to another sink, which outlives it. Predictions are not
/// logged.
class Journal final : public MessageSink {
 public:
  explicit Journal(MessageSink& next) : next_(next) {}

  void publish(Message message) noexcept override {
    if (const auto* change = std::get_if<SourceChange>(&message)) log(*change);
    if (const auto* gap = std::get_if<Gap>(&message)) log(*gap);
    next_.publish(std::move(message));
  }

 private:
  static void log(const SourceChange& change) noexcept {
    const auto level = change.state == SourceState::down ? LogLevel::warning : LogLevel::info;
    log_line(level, "source '{}' {}: {}", change.source, to_string(change.state), change.detail);
  }
  static void log(const Gap& gap) noexcept {
    if (gap.reason == GapReason::overload) {
      log_warning("source '{}': {} windows skipped from sample {} on: classification is too slow",
                  gap.source, gap.windows, gap.start_sample);
    } else {
      log_warning("source '{}': {} samples lost at sample {} ({})", gap.source, gap.samples,
                  gap.start_sample, to_string(gap.reason));
    }
  }

  MessageSink& next_;
};

}  // namespace earshot
