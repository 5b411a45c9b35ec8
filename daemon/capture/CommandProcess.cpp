#include "daemon/capture/CommandProcess.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

#include <chrono>
#include <mutex>

#include "daemon/capture/CommandKeeper.h"
#include "daemon/capture/HelperProcess.h"

namespace earshot {
namespace {

constexpr std::chrono::milliseconds kKeeper{750};  // for all that it does at the end

// Keepers that take longer, on a machine too busy to let them: they end what they keep and then themselves, as nobody
// else could, and are waited for when the next command starts.
class LateKeepers {
 public:
  void add(pid_t process) {
    const std::lock_guard lock(mutex_);
    processes_.push_back(process);
  }
  void reap() {
    const std::lock_guard lock(mutex_);
    std::erase_if(processes_, [](pid_t process) { return status_within(process, {}).has_value(); });
  }

 private:
  std::mutex mutex_;
  std::vector<pid_t> processes_;
};

LateKeepers late_keepers;

void let_nobody_wait(int descriptor) noexcept {
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

}  // namespace

CommandProcess::CommandProcess(const std::filesystem::path& keeper, const std::vector<std::string>& argv) {
  late_keepers.reap();
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
  if (status_ || is_late_) return;
  status_ = status_within(process_, kKeeper);
  if (status_) return;
  is_late_ = true;
  late_keepers.add(process_);
}

}  // namespace earshot
