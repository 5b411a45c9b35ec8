// for_each_sample: the loop over a batch's samples on several threads, whose errors reach the caller.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>

#include "nn/kernels/Dnnl.h"

namespace earshot {

/// Calls `work(thread, sample)` for samples 0 .. n - 1, each thread a run of neighbours. Throws the first of
/// what they throw; samples that had not begun by then are left out.
template <class Work>
void for_each_sample(int threads, std::size_t n, Work work) {
  // What leaves a parallel region as an exception ends the program.
  std::atomic<bool> failed = false;
  std::exception_ptr error;
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::size_t sample = 0; sample < n; ++sample) {
    if (failed.load(std::memory_order_relaxed)) continue;
    try {
      work(onednn::thread_index(), sample);
    } catch (...) {
      if (!failed.exchange(true)) error = std::current_exception();
    }
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace earshot
