#include "nn/training/EpilogueLoops.h"

#include <algorithm>
#include <type_traits>

#include "dsp/base/FunctionClones.h"
#include "nn/kernels/Bfloat16.h"
#include "nn/kernels/LaneVectors.h"

namespace earshot::epilogue {
namespace {

/// A value's number is its position in height x width x channels; its bits are a hash of number and key (the
/// finaliser of MurmurHash3, Appleby 2011).
template <int Lanes>
EARSHOT_INLINE void drop(const DropoutMask& mask, std::size_t block, std::size_t pixel,
                         Float<Lanes>& values) {
  using Bits = typename Vectors<Lanes>::Bits;
  Bits lane;
  for (int i = 0; i < Lanes; ++i) lane[i] = static_cast<std::uint32_t>(i);
  const std::uint32_t first =
      static_cast<std::uint32_t>(pixel) * mask.channels + static_cast<std::uint32_t>(block) * Lanes;
  Bits bits = (lane + first) * 0x9E3779B1U + mask.key_low;
  bits = (bits ^ (bits >> 16)) * 0x85EBCA6BU;
  bits ^= mask.key_high;
  bits = (bits ^ (bits >> 13)) * 0xC2B2AE35U;
  bits ^= bits >> 16;
  bits |= mask.whole;
  values = bits >= mask.threshold ? values * mask.scale : Float<Lanes>{};
}

template <int Lanes>
EARSHOT_INLINE void rectify(const Pass& pass, Float<Lanes>& values) {
  values = values < pass.floor ? Float<Lanes>{} + pass.floor : values;
}

/// The rows of y under one row of what is picked -> that row. Columns beyond the last whole window are left
/// out.
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

/// Of one block of channels: z = (picked - mean) scale + beta.
template <int Lanes>
struct Norm {
  Float<Lanes> mean, scale, beta;
};

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
EARSHOT_INLINE void activate_all(const Pass& pass, const float* picked, Value* output) {
  const std::size_t pixels = pass.picked_pixels();
  for (std::size_t block = 0; block < pass.blocks; ++block) {
    const Norm<Lanes> norm = {at<Lanes>(pass.mean, block), at<Lanes>(pass.scale, block),
                              at<Lanes>(pass.beta, block)};
    const float* from = picked + block * pixels * Lanes;
    Value* to = output + block * pixels * Lanes;
    for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
      Float<Lanes> value = at<Lanes>(from, pixel);
      rectify<Lanes>(pass, value);
      value = (value - norm.mean) * norm.scale + norm.beta;
      apply_curve<Lanes, Shape>(pass, value);
      if constexpr (Drop) drop<Lanes>(pass.dropout, block, pixel, value);
      store<Lanes>(to, pixel, value);
    }
  }
}

/// One picked pixel -> what it is off from the mean, and dL/dz.
template <int Lanes, bool Drop, Curve Shape>
EARSHOT_INLINE void gradient_of_z(const Pass& pass, std::size_t block, std::size_t pixel,
                                  const Norm<Lanes>& norm, const Float<Lanes>& picked,
                                  const float* output_gradient, Float<Lanes>& centred,
                                  Float<Lanes>& gradient) {
  centred = picked;
  rectify<Lanes>(pass, centred);
  centred -= norm.mean;
  gradient = at<Lanes>(output_gradient, pixel);
  if constexpr (Drop) drop<Lanes>(pass.dropout, block, pixel, gradient);
  const Float<Lanes> z = centred * norm.scale + norm.beta;
  differentiate_curve<Lanes, Shape>(pass, z, gradient);
}

template <int Lanes, bool Drop, Curve Shape>
EARSHOT_INLINE void reduce_all(const Pass& pass, const float* picked, const float* output_gradient,
                               double* sum, double* sum_product) {
  for (std::size_t block = 0; block < pass.blocks; ++block) {
    const Norm<Lanes> norm = {at<Lanes>(pass.mean, block), at<Lanes>(pass.scale, block),
                              at<Lanes>(pass.beta, block)};
    const float* values = picked + block * pass.picked_pixels() * Lanes;
    const float* gradients = output_gradient + block * pass.picked_pixels() * Lanes;
    double* sums = sum + block * Lanes;
    double* products = sum_product + block * Lanes;
    std::fill_n(sums, Lanes, 0.0);
    std::fill_n(products, Lanes, 0.0);
    for (std::size_t row = 0; row < pass.pooled_height; ++row) {
      Float<Lanes> row_sum{};
      Float<Lanes> row_products{};
      for (std::size_t x = 0; x < pass.pooled_width; ++x) {
        const std::size_t pixel = row * pass.pooled_width + x;
        Float<Lanes> centred;
        Float<Lanes> gradient;
        gradient_of_z<Lanes, Drop, Shape>(pass, block, pixel, norm, at<Lanes>(values, pixel), gradients,
                                          centred, gradient);
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

/// The window's pixel that was picked (the first of equals, as TensorFlow has it) gets the gradient.
template <int Lanes, bool Drop, Curve Shape, class Value>
EARSHOT_INLINE void differentiate_all(const Pass& pass, const float* y, const float* picked,
                                      const float* output_gradient, Value* y_gradient) {
  using Mask = typename Vectors<Lanes>::Mask;
  for (std::size_t block = 0; block < pass.blocks; ++block) {
    const Norm<Lanes> norm = {at<Lanes>(pass.mean, block), at<Lanes>(pass.scale, block),
                              at<Lanes>(pass.beta, block)};
    const Float<Lanes> offset = at<Lanes>(pass.offset_gradient, block);
    const Float<Lanes> slope = at<Lanes>(pass.slope_gradient, block);
    const float* plane = y + block * pass.pixels() * Lanes;
    Value* result = y_gradient + block * pass.pixels() * Lanes;
    const float* values = picked + block * pass.picked_pixels() * Lanes;
    const float* gradients = output_gradient + block * pass.picked_pixels() * Lanes;

    if (pass.pool == 1) {
      for (std::size_t pixel = 0; pixel < pass.pixels(); ++pixel) {
        const Float<Lanes> raw = at<Lanes>(plane, pixel);
        Float<Lanes> centred;
        Float<Lanes> gradient;
        gradient_of_z<Lanes, Drop, Shape>(pass, block, pixel, norm, raw, gradients, centred, gradient);
        gradient = norm.scale * gradient + offset + centred * slope;
        gradient = raw > pass.floor ? gradient : Float<Lanes>{};
        store<Lanes>(result, pixel, gradient);
      }
      continue;
    }
    for (std::size_t row = 0; row < pass.pooled_height; ++row) {
      for (std::size_t x = 0; x < pass.pooled_width; ++x) {
        const std::size_t pixel = row * pass.pooled_width + x;
        const Float<Lanes> kept = at<Lanes>(values, pixel);
        Float<Lanes> centred;
        Float<Lanes> gradient;
        gradient_of_z<Lanes, Drop, Shape>(pass, block, pixel, norm, kept, gradients, centred, gradient);
        gradient *= norm.scale;
        for (std::size_t i = 0; i < pass.pool; ++i) {
          for (std::size_t j = 0; j < pass.pool; ++j) {
            const std::size_t position = (row * pass.pool + i) * pass.width + x * pass.pool + j;
            const Float<Lanes> value = at<Lanes>(plane, position);
            const Mask hit = value == kept;
            const Float<Lanes> share = hit ? gradient : Float<Lanes>{};
            gradient = hit ? Float<Lanes>{} : gradient;
            Float<Lanes> whole;
            differentiate_statistics<Lanes>(pass, value, share + offset, norm.mean, slope, whole);
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
        differentiate_statistics<Lanes>(pass, at<Lanes>(plane, position), offset, norm.mean, slope, whole);
        store<Lanes>(result, position, whole);
      }
    }
  }
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

}  // namespace

EARSHOT_CLONES void pool(int lanes, const Pass& pass, const float* y, float* pooled) {
  if (lanes == 16) return pool_all<16>(pass, y, pooled);
  pool_all<8>(pass, y, pooled);
}

EARSHOT_CLONES void observe(int lanes, const Pass& pass, const float* y, float* pooled, float* shift,
                            double* sum, double* sum_square) {
  if (lanes == 16) return observe_all<16>(pass, y, pooled, shift, sum, sum_square);
  observe_all<8>(pass, y, pooled, shift, sum, sum_square);
}

EARSHOT_CLONES void activate(int lanes, const Pass& pass, const float* picked, float* output) {
  with_constants(pass, [&](auto drop, auto curve) EARSHOT_INLINE_LAMBDA {
    if (lanes == 16) return activate_all<16, drop(), curve()>(pass, picked, output);
    activate_all<8, drop(), curve()>(pass, picked, output);
  });
}

EARSHOT_CLONES void activate(int, const Pass& pass, const float* picked, Bfloat16* output) {
  with_constants(pass, [&](auto drop, auto curve) EARSHOT_INLINE_LAMBDA {
    activate_all<16, drop(), curve()>(pass, picked, output);
  });
}

EARSHOT_CLONES void reduce(int lanes, const Pass& pass, const float* picked, const float* output_gradient,
                           double* sum, double* sum_product) {
  with_constants(pass, [&](auto drop, auto curve) EARSHOT_INLINE_LAMBDA {
    if (lanes == 16) return reduce_all<16, drop(), curve()>(pass, picked, output_gradient, sum, sum_product);
    reduce_all<8, drop(), curve()>(pass, picked, output_gradient, sum, sum_product);
  });
}

EARSHOT_CLONES void differentiate(int lanes, const Pass& pass, const float* y, const float* picked,
                                  const float* output_gradient, float* y_gradient) {
  with_constants(pass, [&](auto drop, auto curve) EARSHOT_INLINE_LAMBDA {
    if (lanes == 16)
      return differentiate_all<16, drop(), curve()>(pass, y, picked, output_gradient, y_gradient);
    differentiate_all<8, drop(), curve()>(pass, y, picked, output_gradient, y_gradient);
  });
}

EARSHOT_CLONES void differentiate(int, const Pass& pass, const float* y, const float* picked,
                                  const float* output_gradient, Bfloat16* y_gradient) {
  with_constants(pass, [&](auto drop, auto curve) EARSHOT_INLINE_LAMBDA {
    differentiate_all<16, drop(), curve()>(pass, y, picked, output_gradient, y_gradient);
  });
}

}  // namespace earshot::epilogue
