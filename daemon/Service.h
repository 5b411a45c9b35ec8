// Service: the daemon from its start to its end, whatever configuration it has meanwhile.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>

#include "daemon/Housekeeping.h"
#include "daemon/Listening.h"
#include "daemon/MakeHearing.h"
#include "daemon/Outlets.h"
#include "daemon/Reloader.h"
#include "daemon/ServiceStatus.h"
#include "daemon/Signals.h"
#include "daemon/Watchdog.h"
#include "daemon/capture/CaptureProcess.h"
#include "daemon/hearing/AutoHop.h"
#include "daemon/log/LogSummary.h"
#include "daemon/stream/StreamServer.h"
#include "dsp/base/Error.h"

namespace earshot {

/// All of it on the thread that constructs and runs it, the first one of the process.
class Service {
 public:
  /// Listens to clients and senders, opens files; sources begin in run(). `config` is what config_path(asked)
  /// says, which is read again at SIGHUP. Throws Error.
  Service(std::optional<std::filesystem::path> asked, Config config);

  /// Until a signal, or until every source has ended. Throws Error(io) if an error has ended one of these,
  /// Error(unavailable) if a reload has left nothing to go on with. May end the process itself, if a disk
  /// holds up its end.
  void run();

 private:
  void listen(ConfiguredHearing configured);
  void follow_hop();
  void source_ended();
  void keep_house();
  void step_by(std::uint64_t hop_samples);
  void reload(ConfiguredHearing configured);
  std::string change(ConfiguredHearing configured);
  std::string begin_anew(ConfiguredHearing configured);
  std::string give_up(const std::string& why);

  boost::asio::io_context waiting_{1};
  Signals signals_;
  Watchdog watchdog_;
  Reloader reloader_;
  Housekeeping housekeeping_;
  Counters counters_;
  UtcClock utc_;
  ConfiguredHearing configured_;  // until it listens
  StreamFacts facts_;
  StreamServer server_;
  Outlets outlets_;
  ServiceStatus status_;
  CaptureProcess microphones_;
  std::unique_ptr<Listening> listening_;
  std::optional<AutoHop> auto_hop_;
  std::chrono::steady_clock::time_point looked_{};
  std::uint64_t skipped_ = 0;  // windows, by then
  LogSummary hop_problems_{LogLevel::warning};
  std::string why_ended_;
  ExitCode exit_code_ = ExitCode::ok;
};

}  // namespace earshot
