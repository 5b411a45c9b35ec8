// Workers: the same work for many clips, spread over threads.
#pragma once

#include <cstddef>
#include <functional>

namespace earshot {

/// One worker's work, for item i.
using WorkOnItem = std::function<void(std::size_t i)>;

/// Work on items 0 .. count - 1 by `threads` threads (0: as many as there are cores), each of which takes the
/// next item until none is left. `new_worker` is called on every worker's thread, so that each has tools of
/// its own. `progress`, if there is one, is called on the calling thread whenever items have been done, with
/// how many; once it returns false no further item is taken. Whether all items were done. Rethrows what a
/// worker threw.
bool work_on_items(std::size_t count, unsigned threads, const std::function<WorkOnItem()>& new_worker,
                   const std::function<bool(std::size_t done)>& progress = nullptr);

}  // namespace earshot
