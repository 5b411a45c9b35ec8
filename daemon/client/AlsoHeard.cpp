#include "daemon/client/AlsoHeard.h"

#include <spdlog/fmt/fmt.h>

namespace earshot {

std::string also_heard(std::span<const HeardLabel> heard) {
  std::string text;
  for (std::size_t i = 1; i < heard.size(); ++i) {
    text += fmt::format(", {}", heard[i].label);
    if (heard[i].score) text += fmt::format(" {:.1f} %", 100.0 * *heard[i].score);
  }
  return text;
}

}  // namespace earshot
