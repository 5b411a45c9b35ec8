// AlsoHeard: what people read of a window in which several labels are there, beside the surest one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace earshot {

struct HeardLabel {
  std::string_view label;
  std::optional<double> score;  ///< where it is known
};

/// ", Music 81.0 %, Dog 55.2 %": all but the first; empty if there is none.
std::string also_heard(std::span<const HeardLabel> heard);

}  // namespace earshot
