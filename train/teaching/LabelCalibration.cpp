#include "train/teaching/LabelCalibration.h"

#include <algorithm>
#include <cmath>

#include "nn/model/SixteenBits.h"
#include "train/teaching/HeadRows.h"

namespace earshot {

LogitLine fit_logit_line(std::span<const float> logits, std::span<const unsigned char> truth) {
  constexpr int kSteps = 50;
  constexpr double kShortStep = 1e-9;
  constexpr double kLeastSlope = 0.01;
  const auto positives = static_cast<double>(std::ranges::count(truth, 1));
  const double negatives = static_cast<double>(truth.size()) - positives;
  if (positives == 0.0 || negatives == 0.0) return {};
  const double high = (positives + 1.0) / (positives + 2.0);
  const double low = 1.0 / (negatives + 2.0);
  const auto loss = [&](const LogitLine& line) {
    double sum = 0.0;
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const double z = line.slope * static_cast<double>(logits[i]) + line.offset;
      sum += std::log1p(std::exp(-std::abs(z))) + std::max(z, 0.0) - (truth[i] != 0 ? high : low) * z;
    }
    return sum;
  };
  LogitLine line;
  for (int step = 0; step < kSteps; ++step) {
    double slope = 0.0, offset = 0.0;                   // gradient
    double across = 1e-9, between = 0.0, along = 1e-9;  // Hessian
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const auto x = static_cast<double>(logits[i]);
      const double p = 1.0 / (1.0 + std::exp(-(line.slope * x + line.offset)));
      const double away = p - (truth[i] != 0 ? high : low);
      const double weight = p * (1.0 - p);
      slope += away * x;
      offset += away;
      across += weight * x * x;
      between += weight * x;
      along += weight;
    }
    const double determinant = across * along - between * between;
    if (!(determinant > 0.0)) break;
    LogitLine move{(along * slope - between * offset) / determinant,
                   (across * offset - between * slope) / determinant};
    const double before = loss(line);
    const auto moved = [&] { return LogitLine{line.slope - move.slope, line.offset - move.offset}; };
    while (loss(moved()) > before && std::abs(move.slope) + std::abs(move.offset) > kShortStep)
      move = {move.slope / 2.0, move.offset / 2.0};
    line = moved();
    if (std::abs(move.slope) + std::abs(move.offset) <= kShortStep) break;
  }
  return line.slope < kLeastSlope ? LogitLine{} : line;
}

void move_label(Model& model, const std::string& head, std::size_t label, const LogitLine& line) {
  Tensor& kernel = model.weights.at(head + "/kernel");
  float& bias = model.weights.at(head + "/bias").values[label];
  const bool sixteen = as_sixteen_bits(kernel).has_value();
  // The score is sigmoid(logit / temperature).
  const std::size_t labels = model.labels.size();
  for (std::size_t i = label; i < kernel.values.size(); i += labels)
    kernel.values[i] = static_cast<float>(line.slope * static_cast<double>(kernel.values[i]));
  bias = static_cast<float>(line.slope * static_cast<double>(bias) +
                            line.offset * static_cast<double>(model.temperature));
  if (sixteen) round_to_sixteen_bits(kernel);
  if (label >= model.meanings.thresholds.size()) return;
  float& threshold = model.meanings.thresholds[label];
  const double t = std::clamp(static_cast<double>(threshold), 1e-6, 1.0 - 1e-6);
  threshold = score_of_logit(static_cast<float>(line.slope * std::log(t / (1.0 - t)) + line.offset));
}

}  // namespace earshot
