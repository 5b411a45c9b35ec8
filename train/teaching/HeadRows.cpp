#include "train/teaching/HeadRows.h"

#include <algorithm>
#include <cmath>

#include "dsp/base/FunctionClones.h"

namespace earshot {
namespace {

constexpr std::size_t kEight = 8;
typedef float Eight __attribute__((vector_size(kEight * sizeof(float))));
typedef float UnalignedEight __attribute__((vector_size(kEight * sizeof(float)), aligned(4), may_alias));

// A sum of eight for each product: held in registers, which GCC does not do for arrays of floats.
template <std::size_t kRows>
EARSHOT_INLINE void products_of(const Abreast& embeddings, const float* const* rows, std::size_t n,
                                float* sums) {
  Eight eights[kRows][kAbreast] = {};
  std::size_t i = 0;
  for (; i + kEight <= n; i += kEight) {
    Eight of_row[kRows];
#pragma GCC unroll 2
    for (std::size_t r = 0; r < kRows; ++r) of_row[r] = *reinterpret_cast<const UnalignedEight*>(rows[r] + i);
#pragma GCC unroll 4
    for (std::size_t k = 0; k < kAbreast; ++k) {
      const Eight embedding = *reinterpret_cast<const UnalignedEight*>(embeddings[k] + i);
#pragma GCC unroll 2
      for (std::size_t r = 0; r < kRows; ++r) eights[r][k] += embedding * of_row[r];
    }
  }
#pragma GCC unroll 2
  for (std::size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (std::size_t k = 0; k < kAbreast; ++k) {
      float sum = 0.0F;
      for (std::size_t lane = 0; lane < kEight; ++lane) sum += eights[r][k][lane];
      for (std::size_t rest = i; rest < n; ++rest) sum += embeddings[k][rest] * rows[r][rest];
      sums[r * kAbreast + k] = sum;
    }
  }
}

}  // namespace

EARSHOT_CLONES
void dot_products(const Abreast& embeddings, std::span<const float* const> rows, std::size_t n, float* sums) {
  rows.size() == kRowsAbreast ? products_of<kRowsAbreast>(embeddings, rows.data(), n, sums)
                              : products_of<1>(embeddings, rows.data(), n, sums);
}

EARSHOT_CLONES
void add_scaled(std::span<float* const> sums, const Abreast& embeddings, const float* factors,
                std::size_t n) {
  const auto [a, b, c, d] = embeddings;
  if (sums.size() == 1) {
    float* const sum = sums[0];
    for (std::size_t i = 0; i < n; ++i)
      sum[i] += (factors[0] * a[i] + factors[1] * b[i]) + (factors[2] * c[i] + factors[3] * d[i]);
    return;
  }
  float* const first = sums[0];
  float* const second = sums[1];
  const float* const more = factors + kAbreast;
#pragma GCC ivdep
  for (std::size_t i = 0; i < n; ++i) {
    first[i] += (factors[0] * a[i] + factors[1] * b[i]) + (factors[2] * c[i] + factors[3] * d[i]);
    second[i] += (more[0] * a[i] + more[1] * b[i]) + (more[2] * c[i] + more[3] * d[i]);
  }
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
    for (std::size_t k = 0; k < rows.rows(); k += kRowsAbreast) {
      const std::size_t together = std::min(kRowsAbreast, rows.rows() - k);
      const float* of_rows[kRowsAbreast];
      for (std::size_t r = 0; r < together; ++r) of_rows[r] = rows.row(k + r).data();
      float sums[kRowsAbreast * kAbreast];
      dot_products(abreast, std::span(of_rows, together), rows.width, sums);
      for (std::size_t r = 0; r < together; ++r) {
        for (std::size_t i = 0; i < some; ++i)
          logits[(first + i) * rows.rows() + k + r] = sums[r * kAbreast + i] + rows.bias[k + r];
      }
    }
  }
  return logits;
}

}  // namespace earshot
