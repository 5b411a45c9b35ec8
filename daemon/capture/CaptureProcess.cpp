#include "daemon/capture/CaptureProcess.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <exception>
#include <utility>

#include "daemon/capture/CaptureHelper.h"
#include "daemon/capture/HelperLine.h"
#include "daemon/capture/HelperProcess.h"
#include "daemon/capture/Pipe.h"
#include "daemon/capture/SharedMemory.h"
#include "daemon/log/Logging.h"
#include "daemon/net/LineSplitter.h"
#include "dsp/base/Error.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

constexpr std::size_t kMostLineBytes = 4096;
constexpr int kMostReads = 16;  // at a look: what a pipe holds
constexpr std::chrono::milliseconds kGoodbye{100};  // for a helper to end by itself, and again once killed

// No thread of this process runs in it, and it shares nothing but what is given.
pid_t spawn_capture(const std::filesystem::path& program, const CaptureWish& wish, int input, int output,
                    int memory) {
  try {
    return spawn_helper(
        program,
        {std::string(kCaptureHelper), wish.device, wish.channel ? std::to_string(*wish.channel) : "mix",
         wish.hardware, std::to_string(::getpid())},
        {input, output, -1, memory});
  } catch (const Error& error) {
    throw Error(error.code(), std::string("capture helper: ") + error.what());
  }
}

bool ends_within(pid_t process, std::chrono::milliseconds limit) noexcept {
  return status_within(process, limit).has_value();
}

}  // namespace

class CaptureProcess::Stream final : public CaptureStream {
 public:
  Stream(CaptureProcess& owner, const CaptureWish& wish)
      : owner_(owner), wanted_(wish.device), ring_(memory_->indices, memory_->cells) {
    process_ = spawn_capture(owner.program_, wish, input_.reading(), output_.writing(), memory_.descriptor());
    input_.close_reading();
    output_.close_writing();
  }
  ~Stream() override {
    input_.close_writing();  // it goes by itself, unless its driver holds it
    owner_.end(process_, wanted_);
  }

  Stage look() noexcept override {
    try {
      for (int reads = 0; reads < kMostReads && read_lines(); ++reads) {
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
  Pipe output_{O_NONBLOCK};
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
    std::erase_if(undead_, [](const Undead& each) { return ends_within(each.process, {}); });
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
