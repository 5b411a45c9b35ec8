// ActionsOutlet: tells programs and servers of events, as [[action]] says.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/actions/Actions.h"
#include "daemon/log/LogSummary.h"
#include "daemon/pulse/Pulse.h"
#include "daemon/stream/Outlet.h"

namespace earshot {

/// Has no thread, and knows nothing of HTTP, until a configuration has an action.
class ActionsOutlet final : public Outlet {
 public:
  /// `pulses`, if any, outlive it; `keeper` as CommandProcess takes it.
  explicit ActionsOutlet(Pulses* pulses, std::filesystem::path keeper = "/proc/self/exe");
  ~ActionsOutlet() override;

  void hear(const Message& message) noexcept override;
  /// What runs goes on as it was begun. Throws Error for a token's file that cannot be read, and as it says.
  void change(const Config& config, const StreamFacts& facts) override;
  void stop(std::chrono::milliseconds limit) noexcept override;

 private:
  using List = std::shared_ptr<const ActionList>;

  void run();
  void work_off();

  Pulses* pulses_;
  std::filesystem::path keeper_;
  std::unique_ptr<Actions> actions_;  // of the thread, but for wake()
  std::unique_ptr<Pulse> pulse_;
  std::thread thread_;
  std::atomic<bool> is_wanted_{false};  // release by who makes what is above, acquire in hear()

  std::mutex mutex_;
  List list_ = std::make_shared<const ActionList>();
  std::vector<std::pair<List, Event>> heard_;
  std::uint64_t dropped_ = 0;
  std::optional<std::chrono::steady_clock::time_point> end_;  // it has to have ended by then

  LogSummary drops_{LogLevel::warning};  // of the thread
};

/// For --check-config: that there is what each action runs, and reads. Throws Error.
void check_actions(const std::vector<ActionSettings>& actions);

}  // namespace earshot
