// EARSHOT_CLONES: compile a hot loop for several x86-64 levels and pick one when the program starts.
// EARSHOT_INLINE: what such loops are made of; inlined, it is compiled for each of them.
// kRegisterLanes: how wide they are where they choose.
#pragma once

#include <cstddef>

// GCC emits one clone a level and an ifunc resolver. Sanitizers start after resolvers run, so their builds
// define EARSHOT_NO_CLONES.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(EARSHOT_NO_CLONES)
#define EARSHOT_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#define EARSHOT_HAS_CLONES 1
#else
#define EARSHOT_CLONES
#define EARSHOT_HAS_CLONES 0
#endif

#define EARSHOT_INLINE inline __attribute__((always_inline))
/// The same for a lambda, after its parameters.
#define EARSHOT_INLINE_LAMBDA __attribute__((always_inline))

namespace earshot {

/// Floats of a vector that fills a register: of AVX2, or of NEON, which has twice as many of half the width.
/// GCC takes a wider vector apart, lane by lane where it knows no better.
#ifdef __aarch64__
inline constexpr std::size_t kRegisterLanes = 4;
#else
inline constexpr std::size_t kRegisterLanes = 8;
#endif

}  // namespace earshot
