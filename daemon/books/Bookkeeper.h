// Bookkeeper: what was heard and what was not, kept where it outlives the daemon.
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "daemon/books/Accounts.h"
#include "daemon/books/Ledger.h"
#include "daemon/hearing/Message.h"
#include "daemon/hearing/UtcClock.h"
#include "daemon/pulse/Pulse.h"

namespace earshot {

struct BookkeeperSettings {
  std::filesystem::path directory;  ///< of the ledger
  std::string instance;
  int rate_hz = 0;  ///< the model's
  std::vector<BookedSource> sources;
  std::chrono::milliseconds look = std::chrono::seconds(1);   ///< how soon what has changed is written
  std::chrono::milliseconds alive = std::chrono::seconds(5);  ///< how often it is written that nothing has
};

/// Passes all on to another sink, which outlives it. A thread of its own writes: no disk holds up who
/// publishes. What cannot be written is tried again, and told once.
class Bookkeeper final : public MessageSink {
 public:
  /// `utc` and `pulses` outlive it.
  Bookkeeper(MessageSink& next, BookkeeperSettings settings, UtcClock& utc, Pulses* pulses = nullptr);
  /// Without close() as if the daemon had been killed. Waits for the disk, however long that takes.
  ~Bookkeeper() override;

  void publish(Message message) noexcept override;

  /// Other sources are configured.
  void change(const std::vector<BookedSource>& sources);

  /// Before sources are stopped: that they end is not their doing but the daemon's.
  void stop(const std::string& why);
  /// After they have ended: writes the last page; false if that takes longer than `limit`.
  bool close(std::chrono::milliseconds limit);

 private:
  void keep();  // its thread
  void write_page(bool last);
  std::string start_line();
  UtcTime boot_utc() noexcept { return utc_.at(BootClock::time_point()); }

  MessageSink& next_;
  const BookkeeperSettings settings_;
  UtcClock& utc_;
  Pulse pulse_;
  const BootClock::time_point started_ = BootClock::now();

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  Accounts accounts_;
  enum class Stage { open, closing, closed } stage_ = Stage::open;

  // The thread's own:
  Ledger ledger_;
  bool begun_ = false;  // the ledger knows of this instance
  bool failing_ = false;
  std::jthread thread_;
};

}  // namespace earshot
