#include "train/teaching/TeachingSet.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "nn/model/SixteenBits.h"

namespace earshot {
namespace {

constexpr float kRareLogit = -4.0F;
constexpr std::size_t kRowsAtOnce = 160;  ///< that near caches hold

}  // namespace

void TeachingSet::add(std::span<const float> embedding, std::span<const Stand> stand, std::size_t source,
                      float weight) {
  embeddings.insert(embeddings.end(), embedding.begin(), embedding.end());
  stands.insert(stands.end(), stand.begin(), stand.end());
  sources.push_back(source);
  weights.push_back(weight);
}

HeadRows all_rows(const Model& model, const std::string& head) {
  const Tensor& kernel = model.weights.at(head + "/kernel");
  const Tensor& bias = model.weights.at(head + "/bias");
  const std::size_t labels = model.labels.size();
  HeadRows rows;
  rows.width = kernel.values.size() / labels;
  // A model's score is sigmoid(logit / temperature); rows speak of the score.
  for (std::size_t label = 0; label < labels; ++label) {
    for (std::size_t i = 0; i < rows.width; ++i)
      rows.weights.push_back(kernel.values[i * labels + label] / model.temperature);
    rows.bias.push_back(bias.values[label] / model.temperature);
  }
  return rows;
}

HeadRows starting_rows(const Base& base, const TaughtLabels& taught) {
  const HeadRows all = all_rows(base.model, base.head);
  HeadRows start;
  start.width = base.width;
  for (const std::size_t label : taught.rows) {
    const bool is_new = label >= taught.base_labels;
    if (is_new) {
      start.weights.insert(start.weights.end(), base.width, 0.0F);
    } else {
      const std::span<const float> row = all.row(label);
      start.weights.insert(start.weights.end(), row.begin(), row.end());
    }
    start.bias.push_back(is_new ? kRareLogit : all.bias[label]);
  }
  return start;
}

std::vector<HeadRows> fit_rows(const TeachingSet& set, const HeadRows& start, const HeadRows& guess,
                               unsigned threads, std::span<const Takes> takes) {
  const std::size_t at_once = std::max<std::size_t>(1, kRowsAtOnce / start.rows());
  std::vector<HeadRows> heads;
  for (std::size_t first = 0; first < takes.size(); first += at_once) {
    std::vector<HeadTask> tasks;
    for (const Takes& taken : takes.subspan(first, std::min(at_once, takes.size() - first))) {
      std::vector<float> weights = set.weights;
      for (std::size_t i = 0; i < set.size(); ++i) {
        if (!taken(set.sources[i])) weights[i] = 0.0F;
      }
      EmbeddingScale scale = embedding_scale(set.embeddings, weights, set.width);
      tasks.push_back({std::move(weights), std::move(scale), guess});
    }
    std::ranges::move(fit_heads({set.embeddings, set.stands}, tasks, start, kTeachingStrength, threads),
                      std::back_inserter(heads));
  }
  return heads;
}

Model with_rows(const Base& base, const TaughtLabels& taught, const HeadRows& rows) {
  Model model = base.model;
  const std::size_t before = taught.base_labels;
  const std::size_t after = taught.labels.size();
  model.labels = taught.labels;
  std::get<Dense>(model.architecture.layers.back().kind).units = static_cast<int>(after);
  Tensor kernel{{static_cast<std::int64_t>(base.width), static_cast<std::int64_t>(after)},
                std::vector<float>(base.width * after)};
  Tensor bias{{static_cast<std::int64_t>(after)}, base.bias().values};
  bias.values.resize(after);
  for (std::size_t i = 0; i < base.width; ++i) {
    std::copy_n(base.kernel().values.data() + i * before, before, kernel.values.data() + i * after);
    for (std::size_t k = 0; k < rows.rows(); ++k)
      kernel.values[i * after + taught.rows[k]] = rows.row(k)[i] * model.temperature;
  }
  for (std::size_t k = 0; k < rows.rows(); ++k) bias.values[taught.rows[k]] = rows.bias[k] * model.temperature;
  if (as_sixteen_bits(base.kernel())) round_to_sixteen_bits(kernel);
  model.weights[base.head + "/kernel"] = std::move(kernel);
  model.weights[base.head + "/bias"] = std::move(bias);
  model.meanings.thresholds.clear();
  return model;
}

}  // namespace earshot
