#include "nn/training/ForEachSample.h"

#include <atomic>
#include <exception>

#include "nn/kernels/Dnnl.h"

namespace earshot {

void for_each_sample(int threads, std::size_t n,
                     const std::function<void(std::size_t thread, std::size_t sample)>& work) {
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
