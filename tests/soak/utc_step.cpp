// utc_step: loaded into a program by LD_PRELOAD, it sets the machine's clock for that program alone: by as
// many nanoseconds as the file that $EARSHOT_UTC_STEP names holds (8 bytes, as this machine has them), at any
// moment.
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
const std::atomic<std::int64_t>* step_ns = nullptr;  // the file, mapped: a value by itself, relaxed

__attribute__((constructor)) void prepare() {
  next_gettime = reinterpret_cast<GetTime>(::dlsym(RTLD_NEXT, "clock_gettime"));
  const char* path = std::getenv("EARSHOT_UTC_STEP");
  const int file = path ? ::open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return;
  void* const mapped = ::mmap(nullptr, sizeof *step_ns, PROT_READ, MAP_SHARED, file, 0);
  ::close(file);
  if (mapped != MAP_FAILED) step_ns = static_cast<const std::atomic<std::int64_t>*>(mapped);
}

int get_time(clockid_t clock, timespec* time) noexcept {
  const int result = next_gettime ? next_gettime(clock, time)  // before the constructor there is none
                                  : static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
  if (result != 0 || !step_ns || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return result;
  const std::int64_t ns = time->tv_sec * kSecond + time->tv_nsec + step_ns->load(std::memory_order_relaxed);
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
