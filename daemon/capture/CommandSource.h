// CommandSource: raw PCM on the standard output of a program, which is started again whenever it ends.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "daemon/capture/CommandProcess.h"
#include "daemon/capture/CommandWords.h"
#include "daemon/capture/PcmReader.h"

namespace earshot {

/// Between two runs it waits for a second, twice as long each time, up to a minute; once it has delivered for
/// a while it begins with a second again.
class CommandSource final : public PcmReader {
 public:
  /// `keeper` as CommandProcess takes it.
  CommandSource(const SourceSettings& settings, const CommandSettings& command, const SourceContext& context,
                std::filesystem::path keeper = "/proc/self/exe");

 private:
  using Clock = std::chrono::steady_clock;
  struct Run {
    std::string end;  // why it is over
    Clock::time_point began;
    std::optional<Clock::time_point> first_byte;
    Clock::time_point last_byte;  // at first: its beginning
  };

  std::string waits_for() const override;
  void produce(std::stop_token stop) override;
  Run run_once(const std::stop_token& stop);
  std::string listen(CommandProcess& process, Run& run, const std::stop_token& stop);
  bool read_output(int output, Run& run);
  void read_errors(CommandProcess& process);
  std::string news(const Run& run);

  CommandSettings settings_;
  std::filesystem::path keeper_;
  std::string program_;  // as people call it
  CommandWords words_;
  std::string told_end_;  // the last one that the stream was told
  Clock::time_point told_at_;
};

}  // namespace earshot
