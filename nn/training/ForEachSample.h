// for_each_sample: the loop over a batch's samples on several threads, whose errors reach the caller.
#pragma once

#include <cstddef>
#include <functional>

namespace earshot {

/// Calls `work(thread, sample)` for samples 0 .. n - 1, each thread a run of neighbours. Throws the first of
/// what they throw; samples that had not begun by then are left out.
void for_each_sample(int threads, std::size_t n,
                     const std::function<void(std::size_t thread, std::size_t sample)>& work);

}  // namespace earshot
