#include "nn/training/Epilogue.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "dsp/base/FunctionClones.h"
#include "dsp/base/KeyedRandom.h"
#include "nn/kernels/Bfloat16.h"
#include "nn/kernels/LaneVectors.h"

namespace earshot {
namespace {

/// Which values of a sample survive, and by what they are scaled. A value's number is its position in height
/// x width x channels; its bits are a hash of number and key (the finaliser of MurmurHash3, Appleby 2011).
struct DropoutMask {
  std::uint32_t key_low = 0;
  std::uint32_t key_high = 0;
  std::uint32_t threshold = 0;  ///< bits below it: dropped. 0: no dropout
  float scale = 1.0F;
  std::uint32_t channels = 0;
  std::uint32_t whole = 0;  ///< all bits set: `scale` decides for the whole sample

  template <int Lanes>
  EARSHOT_INLINE void apply(std::size_t block, std::size_t pixel, Float<Lanes>& values) const {
    using Bits = typename Vectors<Lanes>::Bits;
    Bits lane;
    for (int i = 0; i < Lanes; ++i) lane[i] = static_cast<std::uint32_t>(i);
    const std::uint32_t first =
        static_cast<std::uint32_t>(pixel) * channels + static_cast<std::uint32_t>(block) * Lanes;
    Bits bits = (lane + first) * 0x9E3779B1U + key_low;
    bits = (bits ^ (bits >> 16)) * 0x85EBCA6BU;
    bits ^= key_high;
    bits = (bits ^ (bits >> 13)) * 0xC2B2AE35U;
    bits ^= bits >> 16;
    bits |= whole;
    values = bits >= threshold ? values * scale : Float<Lanes>{};
  }
};

/// What an activation does to z. Leaky: z or slope z; a slope of 1 is none.
enum class Curve { leaky, swish, sigmoid };

/// What the loops below need of an epilogue, by plain pointers.
struct Pass {
  std::size_t blocks;
  std::size_t height, width;  ///< of y
  std::size_t pool;
  std::size_t pooled_height, pooled_width;  ///< of the source
  const float* sign;
  const float* mean;
  const float* scale;
  const float* beta;
  const float* offset_gradient;
  const float* slope_gradient;
  float floor;  ///< y below it counts as it: 0 for a ReLU before the norm, else minus infinity
  Curve curve;
  float slope;
  DropoutMask dropout;

  std::size_t pixels() const { return height * width; }
  std::size_t source_pixels() const { return pooled_height * pooled_width; }
};

template <int Lanes>
EARSHOT_INLINE void rectify(const Pass& pass, Float<Lanes>& values) {
  values = values < pass.floor ? Float<Lanes>{} + pass.floor : values;
}

/// The rows of y under one row of the source -> that row. Columns beyond the last whole window are left out.
template <int Lanes>
EARSHOT_INLINE void pool_row(const Pass& pass, std::size_t block, const float* rows, float* pooled) {
  const Float<Lanes> sign = at<Lanes>(pass.sign, block);
  for (std::size_t x = 0; x < pass.pooled_width; ++x) {
    Float<Lanes> best = sign * at<Lanes>(rows, x * pass.pool);
    for (std::size_t i = 0; i < pass.pool; ++i) {
      for (std::size_t j = 0; j < pass.pool; ++j) {
        const Float<Lanes> value = sign * at<Lanes>(rows, i * pass.width + x * pass.pool + j);
        best = best < value ? value : best;
      }
    }
    at<Lanes>(pooled, x) = sign * best;
  }
}

template <int Lanes>
EARSHOT_INLINE void pool_all(const Pass& pass, const float* y, float* pooled) {
  for (std::size_t block = 0; block < pass.blocks; ++block) {
    for (std::size_t row = 0; row < pass.pooled_height; ++row) {
      pool_row<Lanes>(pass, block, y + (block * pass.height + row * pass.pool) * pass.width * Lanes,
                      pooled + (block * pass.pooled_height + row) * pass.pooled_width * Lanes);
    }
  }
}

/// Sums by row in float, of rows in double. Pools each group of rows while it is in the cache.
template <int Lanes>
EARSHOT_INLINE void observe_all(const Pass& pass, const float* y, float* pooled, float* shift, double* sum,
                                double* sum_square) {
  for (std::size_t block = 0; block < pass.blocks; ++block) {
    const float* plane = y + block * pass.pixels() * Lanes;
    Float<Lanes> origin = at<Lanes>(plane, 0);
    rectify<Lanes>(pass, origin);
    at<Lanes>(shift, block) = origin;
    double* sums = sum + block * Lanes;
    double* squares = sum_square + block * Lanes;
    std::fill_n(sums, Lanes, 0.0);
    std::fill_n(squares, Lanes, 0.0);
    for (std::size_t row = 0; row < pass.height; ++row) {
      const float* values = plane + row * pass.width * Lanes;
      Float<Lanes> row_sum{};
      Float<Lanes> row_squares{};
      for (std::size_t x = 0; x < pass.width; ++x) {
        Float<Lanes> value = at<Lanes>(values, x);
        rectify<Lanes>(pass, value);
        value -= origin;
        row_sum += value;
        row_squares += value * value;
      }
      add_to<Lanes>(sums, row_sum);
      add_to<Lanes>(squares, row_squares);
      if (pass.pool > 1 && row % pass.pool == pass.pool - 1 && row / pass.pool < pass.pooled_height) {
        const std::size_t pooled_row = row / pass.pool;
        pool_row<Lanes>(pass, block, plane + pooled_row * pass.pool * pass.width * Lanes,
                        pooled + (block * pass.pooled_height + pooled_row) * pass.pooled_width * Lanes);
      }
    }
  }
}

/// z becomes its activation.
template <int Lanes, Curve Shape>
EARSHOT_INLINE void apply_curve(const Pass& pass, Float<Lanes>& z) {
  if constexpr (Shape == Curve::leaky) {
    z = z > 0.0F ? z : z * pass.slope;
  } else {
    Float<Lanes> sigmoid = z;
    apply_sigmoid<Lanes>(sigmoid);
    z = Shape == Curve::swish ? z * sigmoid : sigmoid;
  }
}

/// The gradient of the activation becomes that of z.
template <int Lanes, Curve Shape>
EARSHOT_INLINE void differentiate_curve(const Pass& pass, const Float<Lanes>& z, Float<Lanes>& gradient) {
  if constexpr (Shape == Curve::leaky) {
    gradient = z > 0.0F ? gradient : gradient * pass.slope;
  } else {
    Float<Lanes> sigmoid = z;
    apply_sigmoid<Lanes>(sigmoid);
    const Float<Lanes> rest = 1.0F - sigmoid;
    gradient *= Shape == Curve::swish ? sigmoid * (1.0F + z * rest) : sigmoid * rest;
  }
}

/// `Value` is float or Bfloat16.
template <int Lanes, bool Drop, Curve Shape, class Value>
EARSHOT_INLINE void activate_all(const Pass& pass, const float* source, Value* output) {
  const std::size_t pixels = pass.source_pixels();
  for (std::size_t block = 0; block < pass.blocks; ++block) {
    const Float<Lanes> mean = at<Lanes>(pass.mean, block);
    const Float<Lanes> scale = at<Lanes>(pass.scale, block);
    const Float<Lanes> beta = at<Lanes>(pass.beta, block);
    const float* from = source + block * pixels * Lanes;
    Value* to = output + block * pixels * Lanes;
    for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
      Float<Lanes> value = at<Lanes>(from, pixel);
      rectify<Lanes>(pass, value);
      value = (value - mean) * scale + beta;
      apply_curve<Lanes, Shape>(pass, value);
      if constexpr (Drop) pass.dropout.apply<Lanes>(block, pixel, value);
      store<Lanes>(to, pixel, value);
    }
  }
}

/// dL/dz of one pixel of the source.
template <int Lanes, bool Drop, Curve Shape>
EARSHOT_INLINE void gradient_of_z(const Pass& pass, std::size_t block, std::size_t pixel,
                                  const Float<Lanes>& centred, const Float<Lanes>& scale,
                                  const Float<Lanes>& beta, const float* output_gradient,
                                  Float<Lanes>& gradient) {
  gradient = at<Lanes>(output_gradient, pixel);
  if constexpr (Drop) pass.dropout.apply<Lanes>(block, pixel, gradient);
  const Float<Lanes> z = centred * scale + beta;
  differentiate_curve<Lanes, Shape>(pass, z, gradient);
}

template <int Lanes, bool Drop, Curve Shape>
EARSHOT_INLINE void reduce_all(const Pass& pass, const float* source, const float* output_gradient,
                               double* sum, double* sum_product) {
  for (std::size_t block = 0; block < pass.blocks; ++block) {
    const Float<Lanes> mean = at<Lanes>(pass.mean, block);
    const Float<Lanes> scale = at<Lanes>(pass.scale, block);
    const Float<Lanes> beta = at<Lanes>(pass.beta, block);
    const float* values = source + block * pass.source_pixels() * Lanes;
    const float* gradients = output_gradient + block * pass.source_pixels() * Lanes;
    double* sums = sum + block * Lanes;
    double* products = sum_product + block * Lanes;
    std::fill_n(sums, Lanes, 0.0);
    std::fill_n(products, Lanes, 0.0);
    for (std::size_t row = 0; row < pass.pooled_height; ++row) {
      Float<Lanes> row_sum{};
      Float<Lanes> row_products{};
      for (std::size_t x = 0; x < pass.pooled_width; ++x) {
        const std::size_t pixel = row * pass.pooled_width + x;
        Float<Lanes> centred = at<Lanes>(values, pixel);
        rectify<Lanes>(pass, centred);
        centred -= mean;
        Float<Lanes> gradient;
        gradient_of_z<Lanes, Drop, Shape>(pass, block, pixel, centred, scale, beta, gradients, gradient);
        row_sum += gradient;
        row_products += gradient * centred;
      }
      add_to<Lanes>(sums, row_sum);
      add_to<Lanes>(products, row_products);
    }
  }
}

/// What a value of y adds to the batch's statistics, beside its own `share` of the gradient.
template <int Lanes>
EARSHOT_INLINE void differentiate_statistics(const Pass& pass, const Float<Lanes>& value,
                                             const Float<Lanes>& share, const Float<Lanes>& mean,
                                             const Float<Lanes>& slope, Float<Lanes>& gradient) {
  Float<Lanes> rectified = value;
  rectify<Lanes>(pass, rectified);
  const Float<Lanes> whole = share + (rectified - mean) * slope;
  gradient = value > pass.floor ? whole : Float<Lanes>{};
}

/// The window's pixel that equals the source (the first of equals, as TensorFlow has it) gets the gradient.
template <int Lanes, bool Drop, Curve Shape, class Value>
EARSHOT_INLINE void differentiate_all(const Pass& pass, const float* y, const float* source,
                                      const float* output_gradient, Value* y_gradient) {
  using Mask = typename Vectors<Lanes>::Mask;
  for (std::size_t block = 0; block < pass.blocks; ++block) {
    const Float<Lanes> mean = at<Lanes>(pass.mean, block);
    const Float<Lanes> scale = at<Lanes>(pass.scale, block);
    const Float<Lanes> beta = at<Lanes>(pass.beta, block);
    const Float<Lanes> offset = at<Lanes>(pass.offset_gradient, block);
    const Float<Lanes> slope = at<Lanes>(pass.slope_gradient, block);
    const float* plane = y + block * pass.pixels() * Lanes;
    Value* result = y_gradient + block * pass.pixels() * Lanes;
    const float* values = source + block * pass.source_pixels() * Lanes;
    const float* gradients = output_gradient + block * pass.source_pixels() * Lanes;

    if (pass.pool == 1) {
      for (std::size_t pixel = 0; pixel < pass.pixels(); ++pixel) {
        const Float<Lanes> raw = at<Lanes>(plane, pixel);
        Float<Lanes> centred = raw;
        rectify<Lanes>(pass, centred);
        centred -= mean;
        Float<Lanes> gradient;
        gradient_of_z<Lanes, Drop, Shape>(pass, block, pixel, centred, scale, beta, gradients, gradient);
        gradient = scale * gradient + offset + centred * slope;
        gradient = raw > pass.floor ? gradient : Float<Lanes>{};
        store<Lanes>(result, pixel, gradient);
      }
      continue;
    }
    for (std::size_t row = 0; row < pass.pooled_height; ++row) {
      for (std::size_t x = 0; x < pass.pooled_width; ++x) {
        const std::size_t pixel = row * pass.pooled_width + x;
        const Float<Lanes> kept = at<Lanes>(values, pixel);
        Float<Lanes> centred = kept;
        rectify<Lanes>(pass, centred);
        centred -= mean;
        Float<Lanes> gradient;
        gradient_of_z<Lanes, Drop, Shape>(pass, block, pixel, centred, scale, beta, gradients, gradient);
        gradient *= scale;
        for (std::size_t i = 0; i < pass.pool; ++i) {
          for (std::size_t j = 0; j < pass.pool; ++j) {
            const std::size_t position = (row * pass.pool + i) * pass.width + x * pass.pool + j;
            const Float<Lanes> value = at<Lanes>(plane, position);
            const Mask hit = value == kept;
            const Float<Lanes> share = hit ? gradient : Float<Lanes>{};
            gradient = hit ? Float<Lanes>{} : gradient;
            Float<Lanes> whole;
            differentiate_statistics<Lanes>(pass, value, share + offset, mean, slope, whole);
            store<Lanes>(result, position, whole);
          }
        }
      }
    }
    // What no window covers.
    for (std::size_t row = 0; row < pass.height; ++row) {
      const bool covered = row < pass.pooled_height * pass.pool;
      for (std::size_t x = covered ? pass.pooled_width * pass.pool : 0; x < pass.width; ++x) {
        const std::size_t position = row * pass.width + x;
        Float<Lanes> whole;
        differentiate_statistics<Lanes>(pass, at<Lanes>(plane, position), offset, mean, slope, whole);
        store<Lanes>(result, position, whole);
      }
    }
  }
}

EARSHOT_CLONES void run_pool(int lanes, const Pass& pass, const float* y, float* pooled) {
  if (lanes == 16) return pool_all<16>(pass, y, pooled);
  pool_all<8>(pass, y, pooled);
}

EARSHOT_CLONES void run_observe(int lanes, const Pass& pass, const float* y, float* pooled, float* shift,
                                double* sum, double* sum_square) {
  if (lanes == 16) return observe_all<16>(pass, y, pooled, shift, sum, sum_square);
  observe_all<8>(pass, y, pooled, shift, sum, sum_square);
}

/// Calls `run` with the curve and the dropout of a pass as constants.
template <class Run>
EARSHOT_INLINE void with_constants(const Pass& pass, Run run) {
  const auto with_curve = [&]<bool Drop>(std::bool_constant<Drop> drop) EARSHOT_INLINE_LAMBDA {
    switch (pass.curve) {
      case Curve::leaky:
        return run(drop, std::integral_constant<Curve, Curve::leaky>{});
      case Curve::swish:
        return run(drop, std::integral_constant<Curve, Curve::swish>{});
      case Curve::sigmoid:
        return run(drop, std::integral_constant<Curve, Curve::sigmoid>{});
    }
  };
  pass.dropout.threshold > 0 ? with_curve(std::true_type{}) : with_curve(std::false_type{});
}

EARSHOT_CLONES void run_activate(int lanes, const Pass& pass, const float* source, float* output) {
  with_constants(pass, [&](auto drop, auto curve) EARSHOT_INLINE_LAMBDA {
    if (lanes == 16) return activate_all<16, drop(), curve()>(pass, source, output);
    activate_all<8, drop(), curve()>(pass, source, output);
  });
}

// Only oneDNN with AVX-512 reads it: 16 lanes.
EARSHOT_CLONES void run_activate(int, const Pass& pass, const float* source, Bfloat16* output) {
  with_constants(pass, [&](auto drop, auto curve) EARSHOT_INLINE_LAMBDA {
    activate_all<16, drop(), curve()>(pass, source, output);
  });
}

EARSHOT_CLONES void run_reduce(int lanes, const Pass& pass, const float* source, const float* output_gradient,
                               double* sum, double* sum_product) {
  with_constants(pass, [&](auto drop, auto curve) EARSHOT_INLINE_LAMBDA {
    if (lanes == 16) return reduce_all<16, drop(), curve()>(pass, source, output_gradient, sum, sum_product);
    reduce_all<8, drop(), curve()>(pass, source, output_gradient, sum, sum_product);
  });
}

EARSHOT_CLONES void run_differentiate(int lanes, const Pass& pass, const float* y, const float* source,
                                      const float* output_gradient, float* y_gradient) {
  with_constants(pass, [&](auto drop, auto curve) EARSHOT_INLINE_LAMBDA {
    if (lanes == 16)
      return differentiate_all<16, drop(), curve()>(pass, y, source, output_gradient, y_gradient);
    differentiate_all<8, drop(), curve()>(pass, y, source, output_gradient, y_gradient);
  });
}

EARSHOT_CLONES void run_differentiate(int, const Pass& pass, const float* y, const float* source,
                                      const float* output_gradient, Bfloat16* y_gradient) {
  with_constants(pass, [&](auto drop, auto curve) EARSHOT_INLINE_LAMBDA {
    differentiate_all<16, drop(), curve()>(pass, y, source, output_gradient, y_gradient);
  });
}

}  // namespace

struct Epilogue::Loops {
  const Epilogue& self;

  /// `key` is null at inference.
  Pass pass(const std::uint64_t* key) const {
    const Normalisation& norm = key == nullptr ? self.running_ : self.batch_;
    return {.blocks = self.input_.blocks(),
            .height = static_cast<std::size_t>(self.input_.height),
            .width = static_cast<std::size_t>(self.input_.width),
            .pool = static_cast<std::size_t>(self.parts_.pool),
            .pooled_height = static_cast<std::size_t>(self.output_.height),
            .pooled_width = static_cast<std::size_t>(self.output_.width),
            .sign = self.sign_,
            .mean = norm.mean,
            .scale = norm.scale,
            .beta = norm.beta,
            .offset_gradient = self.offset_gradient_,
            .slope_gradient = self.slope_gradient_,
            .floor = self.parts_.rectify ? 0.0F : -std::numeric_limits<float>::infinity(),
            .curve = !self.parts_.curve                                  ? Curve::leaky
                     : *self.parts_.curve == Activation::Function::swish ? Curve::swish
                                                                         : Curve::sigmoid,
            .slope = self.parts_.slope.value_or(1.0F),
            .dropout = mask(key)};
  }

  /// Lanes beyond the last channel, where 1 / (1 + exp(0)) would not be the zero that they hold.
  template <class Value>
  void clear_padding(Value* data, const ActivationShape& shape) const {
    const std::size_t padding = shape.padded_channels() - static_cast<std::size_t>(shape.channels);
    if (padding == 0 || self.parts_.curve != Activation::Function::sigmoid) return;
    const auto lanes = static_cast<std::size_t>(shape.lanes);
    Value* pixel = data + (shape.blocks() - 1) * shape.pixels() * lanes + lanes - padding;
    for (std::size_t p = 0; p < shape.pixels(); ++p, pixel += lanes) std::fill_n(pixel, padding, Value{});
  }

  DropoutMask mask(const std::uint64_t* key) const {
    const double rate = static_cast<double>(self.parts_.dropout_rate);
    if (key == nullptr || rate == 0.0) return {};
    const std::uint64_t own = derive_key(*key, self.parts_.dropout_part);
    const auto threshold = static_cast<std::uint32_t>(std::lround(rate * 0x1p32));
    const auto scale = static_cast<float>(1.0 / (1.0 - rate));
    if (self.parts_.dropout_whole) {
      const bool dropped = static_cast<std::uint32_t>(own) < threshold;
      return {.threshold = 1, .scale = dropped ? 0.0F : scale, .whole = ~0U};
    }
    return {.key_low = static_cast<std::uint32_t>(own),
            .key_high = static_cast<std::uint32_t>(own >> 32),
            .threshold = threshold,
            .scale = scale,
            .channels = static_cast<std::uint32_t>(self.output_.channels)};
  }
};

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
    run_observe(input_.lanes, Loops{*this}.pass(nullptr), y, pooled, shift_.floats() + first, &sum_[first],
                &sum_square_[first]);
  } else if (pools()) {
    pool(y, pooled);
  }
}

void Epilogue::pool(const float* y, float* pooled) const {
  run_pool(input_.lanes, Loops{*this}.pass(nullptr), y, pooled);
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
void Epilogue::finish_statistics() {
  if (!parts_.norm) return;
  const auto pixels = static_cast<double>(input_.pixels());
  const auto samples = static_cast<double>(samples_);
  const std::size_t stride = input_.padded_channels();
  const float momentum = parts_.norm->momentum;
  for (std::size_t c = 0; c < beta_.value.size(); ++c) {
    const auto sample_mean = [&](std::size_t i) {
      return static_cast<double>(shift_.floats()[i * stride + c]) + sum_[i * stride + c] / pixels;
    };
    double mean = 0.0;
    for (std::size_t i = 0; i < samples_; ++i) mean += sample_mean(i) / samples;
    double variance = 0.0;
    for (std::size_t i = 0; i < samples_; ++i) {
      const double own = sum_[i * stride + c] / pixels;
      const double off = sample_mean(i) - mean;
      variance += (sum_square_[i * stride + c] / pixels - own * own + off * off) / samples;
    }
    variance = std::max(variance, 0.0);
    normalise(batch_, c, mean, variance);
    const auto blend = [&](float& moving, double batch) {
      moving = momentum * moving + (1.0F - momentum) * static_cast<float>(batch);
    };
    blend(moving_mean_.value[c], mean);
    blend(moving_variance_.value[c], variance);
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
void Epilogue::activate(const float* source, const std::uint64_t* key, Value* output) const {
  run_activate(input_.lanes, Loops{*this}.pass(key), source, output);
  Loops{*this}.clear_padding(output, output_);
}

template void Epilogue::activate(const float*, const std::uint64_t*, float*) const;
template void Epilogue::activate(const float*, const std::uint64_t*, Bfloat16*) const;

void Epilogue::reduce(std::size_t sample, const float* source, const float* output_gradient,
                      std::uint64_t key) {
  if (!parts_.norm) return;
  const std::size_t first = sample * input_.padded_channels();
  run_reduce(input_.lanes, Loops{*this}.pass(&key), source, output_gradient, &sum_[first],
             &sum_square_[first]);
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
void Epilogue::differentiate(const float* y, const float* source, const float* output_gradient,
                             std::uint64_t key, Value* y_gradient) const {
  run_differentiate(input_.lanes, Loops{*this}.pass(&key), y, source, output_gradient, y_gradient);
}

template void Epilogue::differentiate(const float*, const float*, const float*, std::uint64_t, float*) const;
template void Epilogue::differentiate(const float*, const float*, const float*, std::uint64_t,
                                      Bfloat16*) const;

}  // namespace earshot
