// AllocationGuard: the program's operator new, with a count for each thread.
#include "tests/support/AllocationGuard.h"

#include <cstdlib>
#include <new>

namespace {

thread_local std::size_t thread_allocations = 0;

void* allocate(std::size_t size) noexcept {
  ++thread_allocations;
  return std::malloc(size > 0 ? size : 1);
}

void* allocate(std::size_t size, std::align_val_t alignment) noexcept {
  ++thread_allocations;
  const auto bytes = static_cast<std::size_t>(alignment);
  return std::aligned_alloc(bytes, (size + bytes - 1) / bytes * bytes);
}

void* or_throw(void* memory) {
  if (!memory) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) {
  return or_throw(allocate(size));
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return or_throw(allocate(size, alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size);
}
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
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

}  // namespace earshot::test
