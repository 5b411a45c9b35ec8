#include "daemon/capture/CommandProcess.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <chrono>

#include "daemon/capture/CommandKeeper.h"
#include "daemon/capture/HelperProcess.h"

namespace earshot {
namespace {

constexpr std::chrono::milliseconds kKeeper{750};  // for all that it does at the end
constexpr std::chrono::milliseconds kKeeperKilled{50};

void let_nobody_wait(int descriptor) noexcept {
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

}  // namespace

CommandProcess::CommandProcess(const std::filesystem::path& keeper, const std::vector<std::string>& argv) {
  std::vector<std::string> arguments{std::string(kCommandKeeper)};
  arguments.insert(arguments.end(), argv.begin(), argv.end());
  process_ =
      spawn_helper(keeper, std::move(arguments), {lifeline_.reading(), output_.writing(), errors_.writing()});
  lifeline_.close_reading();
  output_.close_writing();
  errors_.close_writing();
  let_nobody_wait(output_.reading());
  let_nobody_wait(errors_.reading());
}

CommandProcess::~CommandProcess() {
  end();
}

std::optional<std::string> CommandProcess::how_it_ended(std::chrono::milliseconds limit) {
  if (!status_) status_ = status_within(process_, limit);
  if (!status_) return std::nullopt;
  if (WIFEXITED(*status_)) return "ended with code " + std::to_string(WEXITSTATUS(*status_));
  const int signal = WTERMSIG(*status_);
  const char* name = ::sigdescr_np(signal);
  return "was ended by signal " + std::to_string(signal) + (name ? " (" + std::string(name) + ")" : "");
}

void CommandProcess::end() noexcept {
  lifeline_.close_writing();
  if (status_ || (status_ = status_within(process_, kKeeper))) return;
  // It waits for what no signal ends, a driver deep in the kernel.
  ::kill(process_, SIGKILL);
  status_ = status_within(process_, kKeeperKilled);
}

}  // namespace earshot
