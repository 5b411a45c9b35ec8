#include "nn/kernels/Bfloat16.h"

namespace earshot {
namespace {

EARSHOT_CLONES void round_all(const float* from, std::size_t vectors, Bfloat16* to) {
  for (std::size_t i = 0; i < vectors; ++i) store<16>(to, i, at<16>(from, i));
}

}  // namespace

void round_to_bfloat16(std::span<const float> from, Bfloat16* to) {
  round_all(from.data(), from.size() / 16, to);
}

}  // namespace earshot
