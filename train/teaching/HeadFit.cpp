#include "train/teaching/HeadFit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <functional>
#include <numeric>

#include "dsp/base/FunctionClones.h"
#include "train/data/Workers.h"

namespace earshot {
namespace {

constexpr double kShortGradient = 2e-2;
constexpr std::size_t kCorrections = 10;
constexpr int kMostPasses = 400;
constexpr std::size_t kParts = 16;  ///< of the samples, summed one after another: the sums' order is fixed

using Numbers = std::vector<double>;

double dot(const Numbers& a, const Numbers& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

constexpr std::size_t kAbreast = 4;  ///< embeddings that are read together
constexpr std::size_t kLanes = 16;

using Abreast = std::array<const float*, kAbreast>;

// Sums of kLanes parts: the same order whatever the processor.
EARSHOT_CLONES
void dot_products(const Abreast& embeddings, const float* row, std::size_t n, float* sums) {
  float lanes[kAbreast][kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (std::size_t k = 0; k < kAbreast; ++k) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[k][lane] += embeddings[k][i + lane] * row[i + lane];
    }
  }
  for (std::size_t k = 0; k < kAbreast; ++k) {
    sums[k] = 0.0F;
    for (const float lane : lanes[k]) sums[k] += lane;
    for (std::size_t rest = i; rest < n; ++rest) sums[k] += embeddings[k][rest] * row[rest];
  }
}

EARSHOT_CLONES
void add_scaled(float* sum, const Abreast& embeddings, const float* factors, std::size_t n) {
  const auto [a, b, c, d] = embeddings;
  for (std::size_t i = 0; i < n; ++i)
    sum[i] += (factors[0] * a[i] + factors[1] * b[i]) + (factors[2] * c[i] + factors[3] * d[i]);
}

/// One row's search.
struct Search {
  Numbers start;  // v0, then the bias
  Numbers at;     // v, bias
  Numbers gradient;
  double value = 0.0;
  Numbers direction{};
  double step = 0.0;
  bool done = false;
  struct Correction {
    Numbers moved;
    Numbers turned;
    double product;
  };
  std::deque<Correction> corrections{};

  Numbers trial() const {
    Numbers v = at;
    for (std::size_t i = 0; i < v.size(); ++i) v[i] += step * direction[i];
    return v;
  }

  void take(Numbers v, double new_value, Numbers new_gradient) {
    Correction correction{v, new_gradient, 0.0};
    for (std::size_t i = 0; i < v.size(); ++i) {
      correction.moved[i] -= at[i];
      correction.turned[i] -= gradient[i];
    }
    correction.product = dot(correction.moved, correction.turned);
    if (correction.product > 0.0) corrections.push_back(std::move(correction));
    if (corrections.size() > kCorrections) corrections.pop_front();
    at = std::move(v);
    value = new_value;
    gradient = std::move(new_gradient);
  }

  // L-BFGS' two loops.
  void aim() {
    direction = gradient;
    std::vector<double> shares(corrections.size());
    for (std::size_t i = corrections.size(); i-- > 0;) {
      const Correction& c = corrections[i];
      shares[i] = dot(c.moved, direction) / c.product;
      for (std::size_t j = 0; j < direction.size(); ++j) direction[j] -= shares[i] * c.turned[j];
    }
    if (!corrections.empty()) {
      const Correction& last = corrections.back();
      const double curvature = last.product / dot(last.turned, last.turned);
      for (double& number : direction) number *= curvature;
    }
    for (std::size_t i = 0; i < corrections.size(); ++i) {
      const Correction& c = corrections[i];
      const double back = shares[i] - dot(c.turned, direction) / c.product;
      for (std::size_t j = 0; j < direction.size(); ++j) direction[j] += back * c.moved[j];
    }
    for (double& number : direction) number = -number;
    step = corrections.empty() ? std::min(1.0, 1.0 / std::sqrt(dot(gradient, gradient))) : 1.0;
  }
};

/// Values and gradients of all rows at once: the embeddings are read once for them.
class Objective {
 public:
  Objective(const HeadSamples& samples, const EmbeddingScale& scale, std::size_t rows, double strength,
            unsigned threads)
      : samples_(samples),
        scale_(scale),
        width_(scale.mean.size()),
        rows_(rows),
        count_(samples.embeddings.size() / width_),
        strength_(strength),
        threads_(threads),
        holds_bias_(rows) {
    for (std::size_t row = 0; row < rows; ++row) {
      bool has[2] = {};
      for (std::size_t i = row; i < samples.stands.size(); i += rows) {
        if (samples.stands[i] != Stand::aside) has[samples.stands[i] == Stand::positive ? 1 : 0] = true;
      }
      holds_bias_[row] = !has[0] || !has[1];
    }
  }

  struct Result {
    double value = 0.0;
    Numbers gradient;
  };

  /// Of `which` rows at `points` (v, bias), held to `starts`.
  std::vector<Result> at(const std::vector<std::size_t>& which, const std::vector<Numbers>& points,
                         const std::vector<const Numbers*>& starts) const {
    const HeadRows raw = unscaled(points);
    std::vector<Part> parts(kParts);
    work_on_items(kParts, threads_, [&] { return [&](std::size_t i) { parts[i] = part(i, which, raw); }; });
    std::vector<Result> results(which.size());
    for (std::size_t k = 0; k < which.size(); ++k) results[k] = sum(parts, k, points[k], *starts[k], holds_bias_[which[k]]);
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
    const std::size_t from = count_ * index / kParts;
    const std::size_t to = count_ * (index + 1) / kParts;
    for (std::size_t first = from; first < to; first += kAbreast) {
      const std::size_t count = std::min(kAbreast, to - first);
      Abreast embeddings;
      for (std::size_t i = 0; i < kAbreast; ++i)
        embeddings[i] = samples_.embeddings.data() + (first + std::min(i, count - 1)) * width_;
      for (std::size_t k = 0; k < which.size(); ++k) {
        float logits[kAbreast];
        float residuals[kAbreast] = {};
        dot_products(embeddings, raw.weights.data() + k * width_, width_, logits);
        for (std::size_t i = 0; i < count; ++i) {
          const Stand stand = samples_.stands[(first + i) * rows_ + which[k]];
          if (stand == Stand::aside) continue;
          const auto logit = static_cast<double>(logits[i] + raw.bias[k]);
          const bool positive = stand == Stand::positive;
          const double margin = positive ? logit : -logit;
          part.loss[k] += margin > 0.0 ? std::log1p(std::exp(-margin)) : -margin + std::log1p(std::exp(margin));
          const double residual = 1.0 / (1.0 + std::exp(-logit)) - (positive ? 1.0 : 0.0);
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
  std::size_t count_;
  double strength_;
  unsigned threads_;
  std::vector<bool> holds_bias_;  ///< one a row
};

}  // namespace

EmbeddingScale embedding_scale(std::span<const float> embeddings, std::size_t width) {
  const std::size_t count = embeddings.size() / width;
  EmbeddingScale scale{Numbers(width, 0.0), Numbers(width, 0.0)};
  for (std::size_t sample = 0; sample < count; ++sample) {
    for (std::size_t i = 0; i < width; ++i) {
      const auto value = static_cast<double>(embeddings[sample * width + i]);
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

HeadRows fit_head(const HeadSamples& samples, const EmbeddingScale& scale, const HeadRows& start, double strength,
                  unsigned threads) {
  const Objective objective(samples, scale, start.rows(), strength, threads);
  const std::vector<Numbers> starts = objective.scaled(start);
  std::vector<Numbers> points = starts;
  std::vector<Search> searches(start.rows());
  std::vector<std::size_t> all(start.rows());
  std::iota(all.begin(), all.end(), std::size_t{0});
  std::vector<const Numbers*> held;
  for (const Numbers& point : starts) held.push_back(&point);
  std::vector<Objective::Result> results = objective.at(all, points, held);
  for (std::size_t k = 0; k < searches.size(); ++k) {
    searches[k] = {.start = starts[k], .at = points[k], .gradient = std::move(results[k].gradient),
                   .value = results[k].value};
    searches[k].aim();
  }
  for (int pass = 0; pass < kMostPasses; ++pass) {
    std::vector<std::size_t> which;
    for (std::size_t k = 0; k < searches.size(); ++k) {
      Search& search = searches[k];
      search.done = std::sqrt(dot(search.gradient, search.gradient)) <= kShortGradient || search.step < 1e-10;
      if (!search.done) which.push_back(k);
    }
    if (which.empty()) break;
    points.clear();
    held.clear();
    for (const std::size_t k : which) {
      points.push_back(searches[k].trial());
      held.push_back(&searches[k].start);
    }
    results = objective.at(which, points, held);
    for (std::size_t i = 0; i < which.size(); ++i) {
      Search& search = searches[which[i]];
      const double slope = dot(search.gradient, search.direction);
      if (results[i].value <= search.value + 1e-4 * search.step * slope) {
        search.take(std::move(points[i]), results[i].value, std::move(results[i].gradient));
        search.aim();
      } else {
        search.step /= 2.0;
      }
    }
  }
  points.clear();
  for (const Search& search : searches) points.push_back(search.at);
  return objective.unscaled(points);
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
