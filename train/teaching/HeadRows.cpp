#include "train/teaching/HeadRows.h"

#include <algorithm>
#include <cmath>

#include "dsp/base/FunctionClones.h"

namespace earshot {
namespace {

constexpr std::size_t kEight = 8;
typedef float Eight __attribute__((vector_size(kEight * sizeof(float))));
typedef float UnalignedEight __attribute__((vector_size(kEight * sizeof(float)), aligned(4), may_alias));

}  // namespace

// Two sums of eight side by side for each embedding: held in registers, which GCC does not do for arrays of
// floats.
EARSHOT_CLONES
void dot_products(const Abreast& embeddings, const float* row, std::size_t n, float* sums) {
  Eight low[kAbreast] = {};
  Eight high[kAbreast] = {};
  std::size_t i = 0;
  for (; i + 2 * kEight <= n; i += 2 * kEight) {
    const Eight row_low = *reinterpret_cast<const UnalignedEight*>(row + i);
    const Eight row_high = *reinterpret_cast<const UnalignedEight*>(row + i + kEight);
#pragma GCC unroll 4
    for (std::size_t k = 0; k < kAbreast; ++k) {
      low[k] += *reinterpret_cast<const UnalignedEight*>(embeddings[k] + i) * row_low;
      high[k] += *reinterpret_cast<const UnalignedEight*>(embeddings[k] + i + kEight) * row_high;
    }
  }
#pragma GCC unroll 4
  for (std::size_t k = 0; k < kAbreast; ++k) {
    const Eight both = low[k] + high[k];
    float sum = 0.0F;
    for (std::size_t lane = 0; lane < kEight; ++lane) sum += both[lane];
    for (std::size_t rest = i; rest < n; ++rest) sum += embeddings[k][rest] * row[rest];
    sums[k] = sum;
  }
}

EARSHOT_CLONES
void add_scaled(float* sum, const Abreast& embeddings, const float* factors, std::size_t n) {
  const auto [a, b, c, d] = embeddings;
  for (std::size_t i = 0; i < n; ++i)
    sum[i] += (factors[0] * a[i] + factors[1] * b[i]) + (factors[2] * c[i] + factors[3] * d[i]);
}

float score_of_logit(float logit) noexcept {
  return static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(logit))));
}

std::vector<float> head_logits(const HeadRows& rows, std::span<const float> embeddings) {
  const std::size_t count = embeddings.size() / rows.width;
  std::vector<float> logits(count * rows.rows());
  for (std::size_t first = 0; first < count; first += kAbreast) {
    const std::size_t some = std::min(kAbreast, count - first);
    Abreast abreast;
    for (std::size_t i = 0; i < kAbreast; ++i)
      abreast[i] = embeddings.data() + (first + std::min(i, some - 1)) * rows.width;
    for (std::size_t k = 0; k < rows.rows(); ++k) {
      float sums[kAbreast];
      dot_products(abreast, rows.row(k).data(), rows.width, sums);
      for (std::size_t i = 0; i < some; ++i) logits[(first + i) * rows.rows() + k] = sums[i] + rows.bias[k];
    }
  }
  return logits;
}

}  // namespace earshot
