// Helper processes: earshotd once more, with a job that the daemon itself must not be held up or outlived by.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace earshot {

/// Starts `program` with its `arguments` and the environment. It has `descriptors` as 0, 1, 2, ..., which no
/// exec closes, and no other; -1 is /dev/null. No signal is blocked or ignored, no thread of this process
/// runs in it. Throws Error(unavailable) naming the program.
pid_t spawn_helper(const std::filesystem::path& program, std::vector<std::string> arguments,
                   const std::vector<int>& descriptors);

/// Its status as waitpid(2) tells it, once it has ended; never told again. Nothing if it has not within
/// `limit`.
std::optional<int> status_within(pid_t process, std::chrono::milliseconds limit) noexcept;

}  // namespace earshot
