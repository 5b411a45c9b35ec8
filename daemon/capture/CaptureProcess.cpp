#include "daemon/capture/CaptureProcess.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <exception>
#include <system_error>
#include <thread>
#include <utility>

#include "daemon/capture/CaptureHelper.h"
#include "daemon/capture/HelperLine.h"
#include "daemon/capture/SharedMemory.h"
#include "daemon/log/Logging.h"
#include "daemon/net/LineSplitter.h"
#include "dsp/base/Error.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

constexpr std::size_t kMostLineBytes = 4096;
constexpr std::chrono::milliseconds kGoodbye{100};  // for a helper to end by itself, and again once killed

class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0)
      throw Error(ExitCode::unavailable, "capture helper: cannot make a pipe: " + std::generic_category().message(errno));
  }
  ~Pipe() {
    close_reading();
    close_writing();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  /// Reading never waits.
  void read_at_once() const noexcept { ::fcntl(ends_[0], F_SETFL, O_NONBLOCK); }
  int reading() const noexcept { return ends_[0]; }
  int writing() const noexcept { return ends_[1]; }
  void close_reading() noexcept { close(ends_[0]); }
  void close_writing() noexcept { close(ends_[1]); }

 private:
  static void close(int& end) noexcept {
    if (const int descriptor = std::exchange(end, -1); descriptor >= 0) ::close(descriptor);
  }
  std::array<int, 2> ends_{-1, -1};
};

// No thread of this process runs in the child, and it shares nothing but what is given: sockets, which Asio opens
// without FD_CLOEXEC, are closed, and no signal is blocked or ignored.
pid_t spawn_helper(const std::filesystem::path& program, const CaptureWish& wish, int input, int output, int memory) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, memory, kCaptureMemory);
  posix_spawn_file_actions_addclosefrom_np(&actions, kCaptureMemory + 1);
  sigset_t signals;
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  std::string path = program.string();
  std::string option(kCaptureHelper);
  std::string device = wish.device;
  std::string channel = wish.channel ? std::to_string(*wish.channel) : "mix";
  std::string hardware = wish.hardware;
  std::string daemon = std::to_string(::getpid());
  const std::array arguments{path.data(),     option.data(), device.data(), channel.data(),
                             hardware.data(), daemon.data(), static_cast<char*>(nullptr)};
  pid_t process = 0;
  const int error = posix_spawn(&process, path.c_str(), &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    throw Error(ExitCode::unavailable,
                "capture helper: cannot start " + path + ": " + std::generic_category().message(error));
  return process;
}

bool has_ended(pid_t process) noexcept {
  int status = 0;
  const pid_t got = ::waitpid(process, &status, WNOHANG);
  return got == process || (got < 0 && errno == ECHILD);
}

bool ends_within(pid_t process, std::chrono::milliseconds limit) noexcept {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!has_ended(process)) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace

class CaptureProcess::Stream final : public CaptureStream {
 public:
  Stream(CaptureProcess& owner, const CaptureWish& wish)
      : owner_(owner), wanted_(wish.device), ring_(memory_->indices, memory_->cells) {
    process_ =
        spawn_helper(owner.program_, wish, input_.reading(), output_.writing(), memory_.descriptor());
    input_.close_reading();
    output_.close_writing();
    output_.read_at_once();
  }
  ~Stream() override {
    input_.close_writing();  // it goes by itself, unless its driver holds it
    owner_.end(process_, wanted_);
  }

  Stage look() noexcept override {
    try {
      while (read_lines()) {
      }
    } catch (const std::exception& error) {
      fail(error.what());
    }
    if (ring_.broken()) fail("capture helper: what it says of its samples makes no sense");
    return stage_;
  }
  const std::string& failure() const noexcept override { return failure_; }
  SpscRing& ring() noexcept override { return ring_; }
  int rate_hz() const noexcept override { return rate_hz_; }
  const std::string& device() const noexcept override { return device_; }
  const std::string& hardware() const noexcept override { return hardware_; }
  std::uint64_t take_bad_samples() noexcept override {
    const std::uint64_t all = memory_->bad_samples.load(std::memory_order_relaxed);
    return all - std::exchange(bad_samples_, all);
  }
  BootClock::time_point last_delivery() const noexcept override {
    return BootClock::time_point(std::chrono::nanoseconds(memory_->last_taken_ns.load(std::memory_order_relaxed)));
  }

 private:
  // What is there; whether there may be more.
  bool read_lines() {
    std::array<char, kMostLineBytes> bytes;
    const ssize_t got = ::read(output_.reading(), bytes.data(), bytes.size());
    if (got < 0) return errno == EINTR;
    if (got == 0) {
      fail("capture helper: it ended without a word");
      return false;
    }
    std::string_view rest(bytes.data(), static_cast<std::size_t>(got));
    while (const auto line = lines_.next(rest)) take(line->too_long ? std::nullopt : HelperLine::parse(line->text));
    return true;
  }

  void take(const std::optional<HelperLine>& line) {
    if (!line) return fail("capture helper: it said what makes no sense");
    switch (line->kind) {
      case HelperLine::Kind::says:
        return log_debug("a library says: {}", printable(line->text));
      case HelperLine::Kind::failed:
        return fail(printable(line->text));
      case HelperLine::Kind::recording:
        if (stage_ != Stage::opening) return fail("capture helper: it began to record twice");
        rate_hz_ = line->rate_hz;
        device_ = printable(line->text);
        hardware_ = line->hardware;
        stage_ = Stage::recording;
    }
  }

  void fail(std::string_view why) noexcept {
    if (std::exchange(stage_, Stage::failed) != Stage::failed) failure_ = why;
  }

  CaptureProcess& owner_;
  const std::string wanted_;
  SharedMemory memory_;
  SpscRing ring_;
  Pipe input_;
  Pipe output_;
  pid_t process_ = 0;
  LineSplitter lines_{kMostLineBytes};
  Stage stage_ = Stage::opening;
  std::string failure_;
  int rate_hz_ = 0;
  std::string device_;
  std::string hardware_;
  std::uint64_t bad_samples_ = 0;
};

CaptureProcess::CaptureProcess(std::filesystem::path program) : program_(std::move(program)) {}

CaptureProcess::~CaptureProcess() = default;

std::unique_ptr<CaptureStream> CaptureProcess::open(const CaptureWish& wish) {
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(undead_, [](const Undead& each) { return has_ended(each.process); });
    for (const Undead& each : undead_) {
      if (each.device != wish.device) continue;
      throw Error(ExitCode::unavailable, "device \"" + printable(wish.device) + "\": process " + std::to_string(each.process) +
                                             ", which recorded it, cannot be ended: its driver holds it");
    }
  }
  return std::make_unique<Stream>(*this, wish);
}

void CaptureProcess::end(pid_t process, const std::string& device) noexcept {
  if (ends_within(process, kGoodbye)) return;
  ::kill(process, SIGKILL);
  if (ends_within(process, kGoodbye)) return;
  const std::lock_guard lock(mutex_);
  undead_.push_back({process, device});
}

}  // namespace earshot
