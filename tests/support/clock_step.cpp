// clock_step: loaded into a program by LD_PRELOAD, it sets the machine's clocks for that program alone, at
// any moment: by as many nanoseconds as the file that $EARSHOT_CLOCK_STEP names holds, 8 bytes as this
// machine has them, first of UTC, then of the time since the boot, which goes on while a machine sleeps.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <ctime>

#include <atomic>

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

using GetTime = int (*)(clockid_t, timespec*);
GetTime next_gettime = nullptr;
struct Steps {
  std::atomic<std::int64_t> utc_ns;
  std::atomic<std::int64_t> boot_ns;
};
const Steps* steps = nullptr;  // the file, mapped: values by themselves, relaxed

__attribute__((constructor)) void prepare() {
  next_gettime = reinterpret_cast<GetTime>(::dlsym(RTLD_NEXT, "clock_gettime"));
  const char* path = std::getenv("EARSHOT_CLOCK_STEP");
  const int file = path ? ::open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return;
  void* const mapped = ::mmap(nullptr, sizeof *steps, PROT_READ, MAP_SHARED, file, 0);
  ::close(file);
  // A helper that waits for a moment of the machine's clock waits for the kernel's, which is another one.
  ::unsetenv("LD_PRELOAD");
  if (mapped != MAP_FAILED) steps = static_cast<const Steps*>(mapped);
}

std::int64_t step_ns(clockid_t clock) noexcept {
  if (!steps) return 0;
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
    return steps->utc_ns.load(std::memory_order_relaxed);
  return clock == CLOCK_BOOTTIME ? steps->boot_ns.load(std::memory_order_relaxed) : 0;
}

int get_time(clockid_t clock, timespec* time) noexcept {
  const int result = next_gettime ? next_gettime(clock, time)  // before the constructor there is none
                                  : static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
  const std::int64_t step = step_ns(clock);
  if (result != 0 || step == 0) return result;
  const std::int64_t ns = time->tv_sec * kSecond + time->tv_nsec + step;
  time->tv_sec = ns / kSecond;
  time->tv_nsec = ns % kSecond;
  return 0;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  return get_time(clock, time);
}

int gettimeofday(timeval* time, void*) noexcept {
  timespec now{};
  get_time(CLOCK_REALTIME, &now);
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1'000;
  return 0;
}

std::time_t time(std::time_t* out) noexcept {
  timespec now{};
  get_time(CLOCK_REALTIME, &now);
  if (out) *out = now.tv_sec;
  return now.tv_sec;
}

}  // extern "C"
