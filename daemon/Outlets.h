// Outlets: all that the daemon tells through besides the stream, as one.
#pragma once

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "daemon/hearing/Message.h"
#include "daemon/settings/Config.h"
#include "daemon/stream/Outlet.h"
#include "daemon/stream/StreamFacts.h"

namespace earshot {

/// Passes all on to another sink, which outlives it. All but publish() by one thread.
class Outlets final : public MessageSink {
 public:
  Outlets(MessageSink& next, std::vector<std::unique_ptr<Outlet>> outlets)
      : next_(next), outlets_(std::move(outlets)) {}

  void publish(Message message) noexcept override;

  /// Throws Error, and each is as before.
  void change(const Config& config, const StreamFacts& facts);
  /// All of them within `limit`, one after another.
  void stop(std::chrono::milliseconds limit) noexcept;

 private:
  MessageSink& next_;
  std::vector<std::unique_ptr<Outlet>> outlets_;
  std::unique_ptr<std::pair<Config, StreamFacts>> present_;
};

}  // namespace earshot
