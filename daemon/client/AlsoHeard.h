// AlsoHeard: of a model with several labels at once, what people read beside the highest one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace earshot {

struct ScoredLabel {
  std::string_view label;
  double score = 0.0;
};

/// ", Music 81.0 %, Dog 55.2 %": those from 0.5 on but for the highest (the earlier of equals), from the
/// highest down; empty if there is none.
std::string also_heard(std::span<const ScoredLabel> scores);

}  // namespace earshot
