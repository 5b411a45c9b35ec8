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

  /// Throws Error once it has taken it back.
  void change(const Config& config, const StreamFacts& facts);
  /// Each as if the last change had not been, as far as it can be again; logs what cannot. Once after a
  /// change.
  void take_back() noexcept;
  /// All of them within `limit`, one after another.
  void stop(std::chrono::milliseconds limit) noexcept;

 private:
  using Asked = std::pair<Config, StreamFacts>;

  MessageSink& next_;
  std::vector<std::unique_ptr<Outlet>> outlets_;
  std::unique_ptr<Asked> present_;
  std::unique_ptr<Asked> before_;
};

}  // namespace earshot
