// Workspace: a thread's own memory, and the loop that gives each thread its own.
#pragma once

#include <cstddef>
#include <deque>

#include "nn/training/ForEachSample.h"
#include "nn/training/Operation.h"

namespace earshot {

/// Each buffer as large as the largest activation asks for.
struct Workspace {
  Worker worker;
  onednn::Buffer inputs[2];
  onednn::Buffer y;
  onednn::Buffer pooled;
  onednn::Buffer gradient;             ///< of an input that has one already
  std::deque<onednn::Buffer> outputs;  ///< by slot, where a sample goes through all stages at once
};

/// Calls `work(workspace, sample)` for samples 0 .. n - 1 on as many threads as there are workspaces, each
/// with its own and a run of neighbours. Throws the first of what they throw.
template <class Work>
void for_each_sample(std::deque<Workspace>& workspaces, std::size_t n, Work work) {
  for_each_sample(static_cast<int>(workspaces.size()), n, [&](std::size_t thread, std::size_t sample) {
    work(workspaces[thread], sample);
  });
}

}  // namespace earshot
