// AllocationGuard: the program's operator new, with a count for each thread.
#include "tests/support/AllocationGuard.h"

#include <link.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

thread_local std::size_t thread_allocations = 0;

// Where the ignored library lies in memory.
std::uintptr_t ignored_begin = 0;
std::uintptr_t ignored_end = 0;

void count(const void* caller) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(caller);
  if (address < ignored_begin || address >= ignored_end) ++thread_allocations;
}

void* allocate(std::size_t size) noexcept {
  return std::malloc(size > 0 ? size : 1);
}

void* allocate(std::size_t size, std::align_val_t alignment) noexcept {
  const auto bytes = static_cast<std::size_t>(alignment);
  return std::aligned_alloc(bytes, (size + bytes - 1) / bytes * bytes);
}

void* or_throw(void* memory) {
  if (!memory) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) {
  count(__builtin_return_address(0));
  return or_throw(allocate(size));
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  count(__builtin_return_address(0));
  return or_throw(allocate(size, alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  count(__builtin_return_address(0));
  return allocate(size);
}
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  count(__builtin_return_address(0));
  return allocate(size, alignment);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace earshot::test {

AllocationGuard::AllocationGuard() noexcept : before_(thread_allocations) {}

std::size_t AllocationGuard::allocations() const noexcept {
  return thread_allocations - before_;
}

bool AllocationGuard::ignore_library(const char* name) noexcept {
  const auto visit = [](dl_phdr_info* library, std::size_t, void* wanted) {
    if (!std::strstr(library->dlpi_name, static_cast<const char*>(wanted))) return 0;
    for (const ElfW(Phdr)* part = library->dlpi_phdr; part != library->dlpi_phdr + library->dlpi_phnum;
         ++part) {
      if (part->p_type != PT_LOAD || (part->p_flags & PF_X) == 0) continue;
      ignored_begin = library->dlpi_addr + part->p_vaddr;
      ignored_end = ignored_begin + part->p_memsz;
    }
    return 1;
  };
  return dl_iterate_phdr(visit, const_cast<char*>(name)) == 1;
}

}  // namespace earshot::test
