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

/// Values and gradients of all rows of all tasks, numbered task by task: the embeddings are read once for
/// them.
class Objective {
 public:
  Objective(const HeadSamples& samples, std::span<const HeadTask> tasks, const HeadRows& start,
            double strength, unsigned threads)
      : samples_(samples),
        tasks_(tasks),
        width_(start.width),
        rows_(start.rows()),
        strength_(strength),
        threads_(threads),
        holds_bias_(tasks.size() * rows_) {
    for (std::size_t i = 0; i < samples.stands.size() / rows_; ++i) {
      if (std::ranges::any_of(tasks, [&](const HeadTask& task) { return task.weights[i] > 0.0F; }))
        taken_.push_back(i);
    }
    for (std::size_t row = 0; row < size(); ++row) {
      bool has[2] = {};
      for (const std::size_t i : taken_) {
        const Stand stand = samples.stands[i * rows_ + row % rows_];
        if (stand != Stand::aside && task_of(row).weights[i] > 0.0F)
          has[stand == Stand::positive ? 1 : 0] = true;
      }
      holds_bias_[row] = !has[0] || !has[1];
      starts_.push_back(scaled(start, row));
    }
  }

  std::size_t size() const noexcept { return tasks_.size() * rows_; }

  struct Result {
    double value = 0.0;
    Numbers gradient;
  };

  /// Of `which` rows at `points` (v, bias), one each.
  std::vector<Result> at(const std::vector<std::size_t>& which, const std::vector<Numbers>& points) const {
    HeadRows raw{width_, {}, {}};
    for (std::size_t k = 0; k < which.size(); ++k) append_unscaled(raw, points[k], which[k]);
    std::vector<Part> parts(kParts);
    work_on_items(kParts, threads_, [&] { return [&](std::size_t i) { parts[i] = part(i, which, raw); }; });
    std::vector<Result> results(which.size());
    for (std::size_t k = 0; k < which.size(); ++k) results[k] = sum(parts, k, points[k], which[k]);
    return results;
  }

  void append_unscaled(HeadRows& raw, const Numbers& point, std::size_t row) const {
    const EmbeddingScale& scale = task_of(row).scale;
    double bias = point[width_];
    for (std::size_t i = 0; i < width_; ++i) {
      const double weight = point[i] / scale.deviation[i];
      raw.weights.push_back(static_cast<float>(weight));
      bias -= weight * scale.mean[i];
    }
    raw.bias.push_back(static_cast<float>(bias));
  }

  /// Row `row % rows` of `raw`, as that row's task sees it.
  Numbers scaled(const HeadRows& raw, std::size_t row) const {
    const EmbeddingScale& scale = task_of(row).scale;
    const std::span<const float> weights = raw.row(row % rows_);
    Numbers point(width_ + 1);
    point[width_] = static_cast<double>(raw.bias[row % rows_]);
    for (std::size_t i = 0; i < width_; ++i) {
      const auto weight = static_cast<double>(weights[i]);
      point[i] = weight * scale.deviation[i];
      point[width_] += weight * scale.mean[i];
    }
    return point;
  }

  const HeadTask& task_of(std::size_t row) const { return tasks_[row / rows_]; }

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
      std::size_t k = 0;
      while (k < which.size()) {
        std::size_t together[kRowsAbreast];
        std::size_t rows = 0;
        for (; k < which.size() && rows < kRowsAbreast; ++k) {
          const std::vector<float>& weights = task_of(which[k]).weights;
          bool any = false;
          for (std::size_t i = 0; i < count; ++i) any |= weights[taken_[first + i]] > 0.0F;
          if (any) together[rows++] = k;
        }
        if (rows > 0)
          add_products(part, which, raw, embeddings, std::span(taken_).subspan(first, count),
                       std::span(together, rows));
      }
    }
    return part;
  }

  /// What samples, `embeddings`, bring to some rows (indices into `which`).
  void add_products(Part& part, const std::vector<std::size_t>& which, const HeadRows& raw,
                    const Abreast& embeddings, std::span<const std::size_t> samples,
                    std::span<const std::size_t> rows) const {
    const float* weights_of[kRowsAbreast];
    float* gradients[kRowsAbreast];
    for (std::size_t r = 0; r < rows.size(); ++r) {
      weights_of[r] = raw.weights.data() + rows[r] * width_;
      gradients[r] = part.gradient.data() + rows[r] * width_;
    }
    float logits[kRowsAbreast * kAbreast];
    dot_products(embeddings, std::span(weights_of, rows.size()), width_, logits);
    float residuals[kRowsAbreast * kAbreast] = {};
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const std::size_t k = rows[r];
      const std::vector<float>& weights = task_of(which[k]).weights;
      for (std::size_t i = 0; i < samples.size(); ++i) {
        const Stand stand = samples_.stands[samples[i] * rows_ + which[k] % rows_];
        const auto weight = static_cast<double>(weights[samples[i]]);
        if (stand == Stand::aside || !(weight > 0.0)) continue;
        const auto logit = static_cast<double>(logits[r * kAbreast + i] + raw.bias[k]);
        const bool positive = stand == Stand::positive;
        const double margin = positive ? logit : -logit;
        const double small = std::exp(-std::abs(margin));
        part.loss[k] += weight * (std::log1p(small) + std::max(0.0, -margin));
        const double wrong = (margin > 0.0 ? small : 1.0) / (1.0 + small);  // 1 / (1 + exp(margin))
        const double residual = weight * (positive ? -wrong : wrong);
        part.residual[k] += residual;
        residuals[r * kAbreast + i] = static_cast<float>(residual);
      }
    }
    add_scaled(std::span(gradients, rows.size()), embeddings, residuals, width_);
  }

  Result sum(const std::vector<Part>& parts, std::size_t k, const Numbers& point, std::size_t row) const {
    const EmbeddingScale& scale = task_of(row).scale;
    const Numbers& start = starts_[row];
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
    if (holds_bias_[row]) {
      const double away = point[width_] - start[width_];
      result.value += 0.5 * away * away;
      result.gradient[width_] += away;
    }
    for (std::size_t i = 0; i < width_; ++i) {
      const double away = point[i] - start[i];
      result.value += 0.5 * away * away;
      result.gradient[i] =
          away + strength_ * (result.gradient[i] - scale.mean[i] * residual) / scale.deviation[i];
    }
    return result;
  }

  const HeadSamples& samples_;
  std::span<const HeadTask> tasks_;
  std::size_t width_;
  std::size_t rows_;
  double strength_;
  unsigned threads_;
  std::vector<std::size_t> taken_;  ///< samples that are there for any task
  std::vector<bool> holds_bias_;    ///< one a row
  std::vector<Numbers> starts_;     ///< likewise
};

}  // namespace

EmbeddingScale embedding_scale(std::span<const float> embeddings, std::span<const float> weights,
                               std::size_t width) {
  std::size_t count = 0;
  EmbeddingScale scale{Numbers(width, 0.0), Numbers(width, 0.0)};
  for (std::size_t sample = 0; sample < weights.size(); ++sample) {
    if (!(weights[sample] > 0.0F)) continue;
    ++count;
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

std::vector<HeadRows> fit_heads(const HeadSamples& samples, std::span<const HeadTask> tasks,
                                const HeadRows& start, double strength, unsigned threads) {
  const Objective objective(samples, tasks, start, strength, threads);
  std::vector<std::size_t> which(objective.size());
  std::iota(which.begin(), which.end(), std::size_t{0});
  std::vector<Numbers> points;
  for (const std::size_t row : which) points.push_back(objective.scaled(objective.task_of(row).guess, row));
  std::vector<Objective::Result> results = objective.at(which, points);
  std::vector<Lbfgs> searches;
  for (const std::size_t row : which)
    searches.emplace_back(std::move(points[row]), results[row].value, std::move(results[row].gradient),
                          kShortGradient);
  for (int pass = 0; pass < kMostPasses; ++pass) {
    std::erase_if(which, [&](std::size_t row) { return searches[row].done(); });
    if (which.empty()) break;
    points.clear();
    for (const std::size_t row : which) points.push_back(searches[row].trial());
    results = objective.at(which, points);
    for (std::size_t i = 0; i < which.size(); ++i)
      searches[which[i]].tell(std::move(points[i]), results[i].value, std::move(results[i].gradient));
  }
  std::vector<HeadRows> heads(tasks.size(), HeadRows{start.width, {}, {}});
  for (std::size_t row = 0; row < searches.size(); ++row)
    objective.append_unscaled(heads[row / start.rows()], searches[row].at(), row);
  return heads;
}

}  // namespace earshot
