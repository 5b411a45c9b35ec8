#include "tests/support/RealTimeWatch.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/prctl.h>
#include <ucontext.h>

#include <cstdlib>

namespace {

using earshot::test::RealTimeWatch;

thread_local RealTimeWatch::Seen seen_now;
// Read by the kernel at each system call of the thread, and here.
thread_local volatile char selector = SYSCALL_DISPATCH_FILTER_ALLOW;

bool watches() noexcept {
  return selector == SYSCALL_DISPATCH_FILTER_BLOCK;
}
void note_allocation() noexcept {
  if (watches()) ++seen_now.allocations;
}
void note_lock() noexcept {
  if (watches()) ++seen_now.locks;
}

// Instead of the call; noted, it is made after all.
void note_system_call(int, siginfo_t* call, void* context) noexcept {
  selector = SYSCALL_DISPATCH_FILTER_ALLOW;
  seen_now.system_call = call->si_syscall;
#ifdef __x86_64__
  constexpr int kInstructionBytes = 2;
  static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP] -= kInstructionBytes;
#endif
}

bool dispatch_here(unsigned long mode) noexcept {
  const char* const where = mode == PR_SYS_DISPATCH_ON ? const_cast<const char*>(&selector) : nullptr;
  return ::prctl(PR_SET_SYSCALL_USER_DISPATCH, mode, 0UL, 0UL, where) == 0;
}

// The library's own, behind ours.
template <class Function>
Function* library_function(const char* name) noexcept {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

namespace earshot::test {

bool RealTimeWatch::is_possible() noexcept {
#ifdef __x86_64__
  return dispatch_here(PR_SYS_DISPATCH_ON) && dispatch_here(PR_SYS_DISPATCH_OFF);
#else
  return false;
#endif
}

RealTimeWatch::RealTimeWatch() noexcept {
  struct sigaction action {};
  action.sa_sigaction = note_system_call;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGSYS, &action, nullptr);
  dispatch_here(PR_SYS_DISPATCH_ON);
  seen_now = {};
  selector = SYSCALL_DISPATCH_FILTER_BLOCK;
}

RealTimeWatch::~RealTimeWatch() {
  end();
}

RealTimeWatch::Seen RealTimeWatch::end() noexcept {
  selector = SYSCALL_DISPATCH_FILTER_ALLOW;
  dispatch_here(PR_SYS_DISPATCH_OFF);
  return seen_now;
}

}  // namespace earshot::test

// glibc's own names for what the following replace.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

void* malloc(std::size_t size) noexcept {
  note_allocation();
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
  note_allocation();
  return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) noexcept {
  note_allocation();
  return __libc_realloc(memory, size);
}
void* memalign(std::size_t alignment, std::size_t size) noexcept {
  note_allocation();
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return memalign(alignment, size);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) noexcept {
  *memory = memalign(alignment, size);
  return *memory ? 0 : ENOMEM;
}
void free(void* memory) noexcept {
  note_allocation();
  __libc_free(memory);
}
}

#define EARSHOT_WATCHED_LOCK(name, type, exception)                   \
  extern "C" int name(type* object) exception {                       \
    note_lock();                                                      \
    static auto* const library = library_function<int(type*)>(#name); \
    return library(object);                                           \
  }
EARSHOT_WATCHED_LOCK(pthread_mutex_lock, pthread_mutex_t, noexcept)
EARSHOT_WATCHED_LOCK(pthread_mutex_trylock, pthread_mutex_t, noexcept)
EARSHOT_WATCHED_LOCK(pthread_mutex_unlock, pthread_mutex_t, noexcept)
EARSHOT_WATCHED_LOCK(pthread_rwlock_rdlock, pthread_rwlock_t, noexcept)
EARSHOT_WATCHED_LOCK(pthread_rwlock_wrlock, pthread_rwlock_t, noexcept)
EARSHOT_WATCHED_LOCK(pthread_spin_lock, pthread_spinlock_t, noexcept)
EARSHOT_WATCHED_LOCK(pthread_cond_signal, pthread_cond_t, noexcept)
EARSHOT_WATCHED_LOCK(pthread_cond_broadcast, pthread_cond_t, noexcept)
EARSHOT_WATCHED_LOCK(sem_post, sem_t, noexcept)
EARSHOT_WATCHED_LOCK(sem_wait, sem_t, )
#undef EARSHOT_WATCHED_LOCK
