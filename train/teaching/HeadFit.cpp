#include "train/teaching/HeadFit.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "train/data/Workers.h"
#include "train/teaching/Lbfgs.h"

namespace earshot {
namespace {

constexpr double kShortGradient = 2e-2;
constexpr int kMostPasses = 400;
constexpr std::size_t kParts = 16;  ///< of the samples, summed one after another: the sums' order is fixed

using Numbers = Lbfgs::Numbers;

/// Values and gradients of all rows at once: the embeddings are read once for them.
class Objective {
 public:
  Objective(const HeadSamples& samples, const EmbeddingScale& scale, std::size_t rows, double strength,
            unsigned threads)
      : samples_(samples),
        scale_(scale),
        width_(scale.mean.size()),
        rows_(rows),
        strength_(strength),
        threads_(threads),
        holds_bias_(rows) {
    for (std::size_t i = 0; i < samples.weights.size(); ++i) {
      if (samples.weights[i] > 0.0F) taken_.push_back(i);
    }
    for (std::size_t row = 0; row < rows; ++row) {
      bool has[2] = {};
      for (const std::size_t i : taken_) {
        const Stand stand = samples.stands[i * rows + row];
        if (stand != Stand::aside) has[stand == Stand::positive ? 1 : 0] = true;
      }
      holds_bias_[row] = !has[0] || !has[1];
    }
  }

  struct Result {
    double value = 0.0;
    Numbers gradient;
  };

  /// Of `which` rows at `points` (v, bias), one each; `starts`: of all rows.
  std::vector<Result> at(const std::vector<std::size_t>& which, const std::vector<Numbers>& points,
                         const std::vector<Numbers>& starts) const {
    const HeadRows raw = unscaled(points);
    std::vector<Part> parts(kParts);
    work_on_items(kParts, threads_, [&] { return [&](std::size_t i) { parts[i] = part(i, which, raw); }; });
    std::vector<Result> results(which.size());
    for (std::size_t k = 0; k < which.size(); ++k)
      results[k] = sum(parts, k, points[k], starts[which[k]], holds_bias_[which[k]]);
    return results;
  }

  HeadRows unscaled(const std::vector<Numbers>& points) const {
    HeadRows raw;
    raw.width = width_;
    for (const Numbers& point : points) {
      double bias = point[width_];
      for (std::size_t i = 0; i < width_; ++i) {
        const double weight = point[i] / scale_.deviation[i];
        raw.weights.push_back(static_cast<float>(weight));
        bias -= weight * scale_.mean[i];
      }
      raw.bias.push_back(static_cast<float>(bias));
    }
    return raw;
  }

  std::vector<Numbers> scaled(const HeadRows& raw) const {
    std::vector<Numbers> points;
    for (std::size_t k = 0; k < raw.rows(); ++k) {
      Numbers point(width_ + 1);
      point[width_] = static_cast<double>(raw.bias[k]);
      for (std::size_t i = 0; i < width_; ++i) {
        const auto weight = static_cast<double>(raw.row(k)[i]);
        point[i] = weight * scale_.deviation[i];
        point[width_] += weight * scale_.mean[i];
      }
      points.push_back(std::move(point));
    }
    return points;
  }

 private:
  struct Part {
    std::vector<double> loss;      // rows
    std::vector<double> residual;  // rows, summed
    std::vector<float> gradient;   // rows x width, over embeddings as they are
  };

  Part part(std::size_t index, const std::vector<std::size_t>& which, const HeadRows& raw) const {
    Part part{std::vector<double>(which.size()), std::vector<double>(which.size()),
              std::vector<float>(which.size() * width_)};
    const std::size_t from = taken_.size() * index / kParts;
    const std::size_t to = taken_.size() * (index + 1) / kParts;
    for (std::size_t first = from; first < to; first += kAbreast) {
      const std::size_t count = std::min(kAbreast, to - first);
      Abreast embeddings;
      for (std::size_t i = 0; i < kAbreast; ++i)
        embeddings[i] = samples_.embeddings.data() + taken_[first + std::min(i, count - 1)] * width_;
      for (std::size_t k = 0; k < which.size(); ++k) {
        float logits[kAbreast];
        float residuals[kAbreast] = {};
        dot_products(embeddings, raw.weights.data() + k * width_, width_, logits);
        for (std::size_t i = 0; i < count; ++i) {
          const std::size_t sample = taken_[first + i];
          const Stand stand = samples_.stands[sample * rows_ + which[k]];
          if (stand == Stand::aside) continue;
          const auto weight = static_cast<double>(samples_.weights[sample]);
          const auto logit = static_cast<double>(logits[i] + raw.bias[k]);
          const bool positive = stand == Stand::positive;
          const double margin = positive ? logit : -logit;
          part.loss[k] += weight * (margin > 0.0 ? std::log1p(std::exp(-margin))
                                                 : -margin + std::log1p(std::exp(margin)));
          const double residual = weight * (1.0 / (1.0 + std::exp(-logit)) - (positive ? 1.0 : 0.0));
          part.residual[k] += residual;
          residuals[i] = static_cast<float>(residual);
        }
        add_scaled(part.gradient.data() + k * width_, embeddings, residuals, width_);
      }
    }
    return part;
  }

  Result sum(const std::vector<Part>& parts, std::size_t k, const Numbers& point, const Numbers& start,
             bool holds_bias) const {
    Result result{0.0, Numbers(width_ + 1)};
    double residual = 0.0;
    for (const Part& part : parts) {
      result.value += part.loss[k];
      residual += part.residual[k];
      for (std::size_t i = 0; i < width_; ++i)
        result.gradient[i] += static_cast<double>(part.gradient[k * width_ + i]);
    }
    result.value *= strength_;
    result.gradient[width_] = strength_ * residual;
    if (holds_bias) {
      const double away = point[width_] - start[width_];
      result.value += 0.5 * away * away;
      result.gradient[width_] += away;
    }
    for (std::size_t i = 0; i < width_; ++i) {
      const double away = point[i] - start[i];
      result.value += 0.5 * away * away;
      result.gradient[i] =
          away + strength_ * (result.gradient[i] - scale_.mean[i] * residual) / scale_.deviation[i];
    }
    return result;
  }

  const HeadSamples& samples_;
  const EmbeddingScale& scale_;
  std::size_t width_;
  std::size_t rows_;
  double strength_;
  unsigned threads_;
  std::vector<std::size_t> taken_;  ///< samples that are there
  std::vector<bool> holds_bias_;    ///< one a row
};

}  // namespace

EmbeddingScale embedding_scale(const HeadSamples& samples, std::size_t width) {
  std::size_t count = 0;
  EmbeddingScale scale{Numbers(width, 0.0), Numbers(width, 0.0)};
  for (std::size_t sample = 0; sample < samples.weights.size(); ++sample) {
    if (!(samples.weights[sample] > 0.0F)) continue;
    ++count;
    for (std::size_t i = 0; i < width; ++i) {
      const auto value = static_cast<double>(samples.embeddings[sample * width + i]);
      scale.mean[i] += value;
      scale.deviation[i] += value * value;
    }
  }
  const auto n = static_cast<double>(std::max(count, std::size_t{1}));
  for (std::size_t i = 0; i < width; ++i) {
    scale.mean[i] /= n;
    scale.deviation[i] = std::sqrt(std::max(0.0, scale.deviation[i] / n - scale.mean[i] * scale.mean[i]));
  }
  Numbers sorted = scale.deviation;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(width / 2);
  std::ranges::nth_element(sorted, middle);
  const double least = *middle > 0.0 ? *middle / 10.0 : 1.0;
  for (double& deviation : scale.deviation) deviation = std::max(deviation, least);
  return scale;
}

HeadRows fit_head(const HeadSamples& samples, const EmbeddingScale& scale, const HeadRows& start,
                  const HeadRows& guess, double strength, unsigned threads) {
  const Objective objective(samples, scale, start.rows(), strength, threads);
  const std::vector<Numbers> held = objective.scaled(start);
  std::vector<Numbers> points = objective.scaled(guess);
  std::vector<std::size_t> which(start.rows());
  std::iota(which.begin(), which.end(), std::size_t{0});
  std::vector<Objective::Result> results = objective.at(which, points, held);
  std::vector<Lbfgs> searches;
  for (std::size_t k = 0; k < start.rows(); ++k)
    searches.emplace_back(std::move(points[k]), results[k].value, std::move(results[k].gradient),
                          kShortGradient);
  for (int pass = 0; pass < kMostPasses; ++pass) {
    std::erase_if(which, [&](std::size_t k) { return searches[k].done(); });
    if (which.empty()) break;
    points.clear();
    for (const std::size_t k : which) points.push_back(searches[k].trial());
    results = objective.at(which, points, held);
    for (std::size_t i = 0; i < which.size(); ++i)
      searches[which[i]].tell(std::move(points[i]), results[i].value, std::move(results[i].gradient));
  }
  points.clear();
  for (const Lbfgs& search : searches) points.push_back(search.at());
  return objective.unscaled(points);
}

}  // namespace earshot
