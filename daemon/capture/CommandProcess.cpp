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

// All of it lies in the pipe before anybody reads, who therefore holds up nobody.
void tell_command(Pipe& pipe, std::string_view text) {
  let_nobody_wait(pipe.writing());
  if (::write(pipe.writing(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    throw Error(ExitCode::unavailable, "cannot pass on " + std::to_string(text.size()) + " bytes");
  pipe.close_writing();
}

}  // namespace

CommandProcess::CommandProcess(const std::filesystem::path& keeper, const std::vector<std::string>& argv,
                               std::optional<std::string_view> input) {
  late_keepers.reap();
  std::vector<std::string> arguments{std::string(kCommandKeeper)};
  arguments.insert(arguments.end(), argv.begin(), argv.end());
  std::vector<int> descriptors{lifeline_.reading(), output_.writing(), errors_.writing()};
  std::optional<Pipe> told;
  if (input) {
    told.emplace();
    tell_command(*told, *input);
    descriptors.push_back(told->reading());
  }
  process_ = spawn_helper(keeper, std::move(arguments), descriptors);
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

void CommandProcess::end(std::chrono::milliseconds limit) noexcept {
  begin_end();
  if (status_ || is_late_) return;
  status_ = status_within(process_, limit);
  if (status_) return;
  is_late_ = true;
  late_keepers.add(process_);
}

}  // namespace earshot
