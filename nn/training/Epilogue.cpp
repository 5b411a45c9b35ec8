#include "nn/training/Epilogue.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "dsp/base/KeyedRandom.h"
#include "nn/kernels/Bfloat16.h"

namespace earshot {

using epilogue::Curve;
using epilogue::DropoutMask;
using epilogue::Pass;

Pass Epilogue::pass(const std::uint64_t* key) const {
  const Normalisation& norm = key == nullptr ? running_ : batch_;
  return {.blocks = input_.blocks(),
          .height = static_cast<std::size_t>(input_.height),
          .width = static_cast<std::size_t>(input_.width),
          .pool = static_cast<std::size_t>(parts_.pool),
          .pooled_height = static_cast<std::size_t>(output_.height),
          .pooled_width = static_cast<std::size_t>(output_.width),
          .sign = sign_,
          .mean = norm.mean,
          .scale = norm.scale,
          .beta = norm.beta,
          .offset_gradient = offset_gradient_,
          .slope_gradient = slope_gradient_,
          .floor = parts_.rectify ? 0.0F : -std::numeric_limits<float>::infinity(),
          .curve = !parts_.curve                                  ? Curve::leaky
                   : *parts_.curve == Activation::Function::swish ? Curve::swish
                                                                  : Curve::sigmoid,
          .slope = parts_.slope.value_or(1.0F),
          .dropout = mask(key)};
}

template <class Value>
void Epilogue::clear_padding(Value* data) const {
  const std::size_t padding = output_.padded_channels() - static_cast<std::size_t>(output_.channels);
  if (padding == 0 || parts_.curve != Activation::Function::sigmoid) return;
  const auto lanes = static_cast<std::size_t>(output_.lanes);
  Value* pixel = data + (output_.blocks() - 1) * output_.pixels() * lanes + lanes - padding;
  for (std::size_t p = 0; p < output_.pixels(); ++p, pixel += lanes) std::fill_n(pixel, padding, Value{});
}

DropoutMask Epilogue::mask(const std::uint64_t* key) const {
  const double rate = static_cast<double>(parts_.dropout_rate);
  if (key == nullptr || rate == 0.0) return {};
  const std::uint64_t own = derive_key(*key, parts_.dropout_part);
  const auto threshold = static_cast<std::uint32_t>(std::lround(rate * 0x1p32));
  const auto scale = static_cast<float>(1.0 / (1.0 - rate));
  if (parts_.dropout_whole) {
    const bool dropped = static_cast<std::uint32_t>(own) < threshold;
    return {.threshold = 1, .scale = dropped ? 0.0F : scale, .whole = ~0U};
  }
  return {.key_low = static_cast<std::uint32_t>(own),
          .key_high = static_cast<std::uint32_t>(own >> 32),
          .threshold = threshold,
          .scale = scale,
          .channels = static_cast<std::uint32_t>(output_.channels)};
}

Epilogue::Epilogue(const EpilogueParts& parts, const FeatureShape& input, const FeatureShape& output,
                   const ParameterStore& parameters)
    : parts_(parts),
      input_(input),
      output_(output),
      empty_(!parts.norm && !parts.slope && !parts.curve && parts.pool == 1 && parts.dropout_rate == 0.0F) {
  const std::size_t channels = input_.padded_channels();
  constexpr std::size_t kVectors = 11;
  coefficients_ = onednn::Buffer(kVectors * channels * sizeof(float));
  float* next = coefficients_.floats();
  for (float** vector : {&sign_, &offset_gradient_, &slope_gradient_, &batch_.mean, &batch_.scale,
                         &batch_.beta, &batch_.inverse_deviation, &running_.mean, &running_.scale,
                         &running_.beta, &running_.inverse_deviation}) {
    *vector = next;
    next += channels;
  }
  std::fill_n(sign_, channels, 1.0F);
  if (!parts_.norm) {
    std::fill_n(batch_.scale, channels, 1.0F);
    std::fill_n(running_.scale, channels, 1.0F);
    return;
  }
  if (parts_.norm->scale) gamma_ = parameters.find(parts_.norm_name + "/gamma");
  beta_ = parameters.find(parts_.norm_name + "/beta");
  moving_mean_ = parameters.find(parts_.norm_name + "/moving_mean");
  moving_variance_ = parameters.find(parts_.norm_name + "/moving_variance");
}

void Epilogue::begin_batch(std::size_t samples) {
  samples_ = samples;
  const std::size_t floats = samples * input_.padded_channels();
  if (shift_.bytes() < floats * sizeof(float)) {
    shift_ = onednn::Buffer(floats * sizeof(float));
    sum_.resize(floats);
    sum_square_.resize(floats);
  }
  read_signs();
}

void Epilogue::read_signs() {
  for (std::size_t c = 0; c < gamma_.value.size(); ++c) sign_[c] = gamma_.value[c] < 0.0F ? -1.0F : 1.0F;
}

void Epilogue::observe(std::size_t sample, const float* y, float* pooled) {
  const std::size_t first = sample * input_.padded_channels();
  if (parts_.norm) {
    epilogue::observe(input_.lanes, pass(nullptr), y, pooled, shift_.floats() + first, &sum_[first],
                      &sum_square_[first]);
  } else if (pools()) {
    pool(y, pooled);
  }
}

void Epilogue::pool(const float* y, float* pooled) const {
  epilogue::pool(input_.lanes, pass(nullptr), y, pooled);
}

void Epilogue::normalise(const Normalisation& to, std::size_t channel, double mean, double variance) const {
  const double inverse = 1.0 / std::sqrt(variance + static_cast<double>(parts_.norm->epsilon));
  to.mean[channel] = static_cast<float>(mean);
  to.inverse_deviation[channel] = static_cast<float>(inverse);
  const double gamma = gamma_.value.empty() ? 1.0 : static_cast<double>(gamma_.value[channel]);
  to.scale[channel] = static_cast<float>(gamma * inverse);
  to.beta[channel] = beta_.value[channel];
}

// Samples are combined by the parallel algorithm of Chan, Golub and LeVeque (1979), always in the same order.
PooledMoments Epilogue::moments_of_batch(std::size_t channel) const {
  const auto pixels = static_cast<double>(input_.pixels());
  const auto samples = static_cast<double>(samples_);
  const std::size_t stride = input_.padded_channels();
  const auto sample_mean = [&](std::size_t i) {
    return static_cast<double>(shift_.floats()[i * stride + channel]) + sum_[i * stride + channel] / pixels;
  };
  double mean = 0.0;
  for (std::size_t i = 0; i < samples_; ++i) mean += sample_mean(i) / samples;
  double variance = 0.0;
  for (std::size_t i = 0; i < samples_; ++i) {
    const double own = sum_[i * stride + channel] / pixels;
    const double off = sample_mean(i) - mean;
    variance += (sum_square_[i * stride + channel] / pixels - own * own + off * off) / samples;
  }
  return {samples, mean, std::max(variance, 0.0)};
}

void Epilogue::finish_statistics() {
  if (!parts_.norm) return;
  const float momentum = parts_.norm->momentum;
  for (std::size_t c = 0; c < beta_.value.size(); ++c) {
    const PooledMoments batch = moments_of_batch(c);
    normalise(batch_, c, batch.mean, batch.variance);
    const auto blend = [&](float& moving, double now) {
      moving = momentum * moving + (1.0F - momentum) * static_cast<float>(now);
    };
    blend(moving_mean_.value[c], batch.mean);
    blend(moving_variance_.value[c], batch.variance);
  }
}

void Epilogue::begin_measuring() {
  measured_.assign(beta_.value.size(), {});
}

void Epilogue::add_batch() {
  for (std::size_t c = 0; c < measured_.size(); ++c) {
    const PooledMoments batch = moments_of_batch(c);
    normalise(running_, c, batch.mean, batch.variance);
    measured_[c].add(batch);
  }
}

void Epilogue::finish_measuring() {
  for (std::size_t c = 0; c < measured_.size(); ++c) {
    moving_mean_.value[c] = static_cast<float>(measured_[c].mean);
    moving_variance_.value[c] = static_cast<float>(measured_[c].variance);
  }
}

void Epilogue::use_running_statistics() {
  read_signs();
  for (std::size_t c = 0; c < beta_.value.size(); ++c) {
    normalise(running_, c, static_cast<double>(moving_mean_.value[c]),
              static_cast<double>(moving_variance_.value[c]));
  }
}

template <class Value>
void Epilogue::activate(const float* picked, const std::uint64_t* key, Value* output) const {
  epilogue::activate(input_.lanes, pass(key), picked, output);
  clear_padding(output);
}

template void Epilogue::activate(const float*, const std::uint64_t*, float*) const;
template void Epilogue::activate(const float*, const std::uint64_t*, Bfloat16*) const;

void Epilogue::reduce(std::size_t sample, const float* picked, const float* output_gradient,
                      std::uint64_t key) {
  if (!parts_.norm) return;
  const std::size_t first = sample * input_.padded_channels();
  epilogue::reduce(input_.lanes, pass(&key), picked, output_gradient, &sum_[first], &sum_square_[first]);
}

// Ioffe and Szegedy 2015, the gradients of section 3, with dL/dz summed over the batch.
void Epilogue::finish_reduction() {
  if (!parts_.norm) return;
  const double values = static_cast<double>(input_.pixels()) * static_cast<double>(samples_);
  const std::size_t stride = input_.padded_channels();
  for (std::size_t c = 0; c < beta_.value.size(); ++c) {
    double sum = 0.0;
    double product = 0.0;
    for (std::size_t i = 0; i < samples_; ++i) {
      sum += sum_[i * stride + c];
      product += sum_square_[i * stride + c];
    }
    const auto inverse = static_cast<double>(batch_.inverse_deviation[c]);
    const auto scale = static_cast<double>(batch_.scale[c]);
    beta_.gradient[c] = static_cast<float>(sum);
    if (!gamma_.value.empty()) gamma_.gradient[c] = static_cast<float>(product * inverse);
    offset_gradient_[c] = static_cast<float>(-scale * sum / values);
    slope_gradient_[c] = static_cast<float>(-scale * inverse * inverse * product / values);
  }
}

template <class Value>
void Epilogue::differentiate(const float* y, const float* picked, const float* output_gradient,
                             std::uint64_t key, Value* y_gradient) const {
  epilogue::differentiate(input_.lanes, pass(&key), y, picked, output_gradient, y_gradient);
}

template void Epilogue::differentiate(const float*, const float*, const float*, std::uint64_t, float*) const;
template void Epilogue::differentiate(const float*, const float*, const float*, std::uint64_t,
                                      Bfloat16*) const;

}  // namespace earshot
