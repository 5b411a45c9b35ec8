// HeadRows: linear rows over embeddings, as a model's last layer has them.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace earshot {

/// logit = weights . embedding + bias.
struct HeadRows {
  std::size_t width = 0;
  std::vector<float> weights;  ///< rows x width
  std::vector<float> bias;     ///< rows

  std::size_t rows() const noexcept { return bias.size(); }
  std::span<const float> row(std::size_t i) const { return std::span(weights).subspan(i * width, width); }
};

/// 1 / (1 + exp(-logit)).
float score_of_logit(float logit) noexcept;

/// The rows' logits of n embeddings, n x rows.
std::vector<float> head_logits(const HeadRows& rows, std::span<const float> embeddings);

/// Embeddings, and rows, that are read together: what is loaded once serves several products.
inline constexpr std::size_t kAbreast = 4;
inline constexpr std::size_t kRowsAbreast = 2;
using Abreast = std::array<const float*, kAbreast>;

/// sums[r * kAbreast + i] = rows[r] . embeddings[i], n numbers; in the same order whatever the processor, and
/// however many rows, one or kRowsAbreast.
void dot_products(const Abreast& embeddings, std::span<const float* const> rows, std::size_t n, float* sums);
/// sums[r][i] += factors[r * kAbreast] * embeddings[0][i] + ...; likewise.
void add_scaled(std::span<float* const> sums, const Abreast& embeddings, const float* factors, std::size_t n);

}  // namespace earshot
