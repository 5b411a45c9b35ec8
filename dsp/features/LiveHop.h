// LiveHop: how far a live window steps on.
#pragma once

#include <cstdint>
#include <string_view>

#include "dsp/base/Error.h"
#include "dsp/features/FeatureRecipe.h"

namespace earshot {

inline constexpr double kUsualHopS = 0.5;

/// `hop_s` as whole STFT hops of the recipe, at least one. Throws Error(code) if that is longer than the
/// window, naming it by `place`.
std::uint64_t effective_hop_samples(const FeatureRecipe& recipe, double hop_s, std::string_view place,
                                    ExitCode code = ExitCode::config);

}  // namespace earshot
