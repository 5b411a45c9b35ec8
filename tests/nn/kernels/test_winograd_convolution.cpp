// WinogradConvolution against the convolution's definition in double, whatever the sizes.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "dsp/base/KeyedRandom.h"
#include "nn/kernels/ActivationShape.h"
#include "nn/kernels/WinogradConvolution.h"
#include "tests/support/AllocationGuard.h"

namespace earshot::test {
namespace {

/// Within what single precision loses in direct sums of this length.
constexpr double kWinogradTolerance = 5e-6;

std::vector<float> uniform_values(std::size_t count, std::uint64_t key) {
  KeyedRandom random(key);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.uniform(-1.0, 1.0));
  return values;
}

/// channels x height x width in the layout of eight lanes.
struct Activation {
  ActivationShape shape;
  onednn::Buffer data;

  Activation(int height, int width, int channels) {
    shape.height = height;
    shape.width = width;
    shape.channels = channels;
    shape.lanes = 8;
    data = onednn::Buffer(shape.floats() * sizeof(float));
  }
  float& at(int channel, int y, int x) const {
    const int pixel = (channel / 8 * shape.height + y) * shape.width + x;
    return data.floats()[static_cast<std::size_t>(pixel * 8 + channel % 8)];
  }
};

struct Problem {
  WinogradConvolution::Config config;
  std::vector<float> kernel;
  std::vector<float> bias;
  Activation input;

  explicit Problem(const WinogradConvolution::Config& c)
      : config(c),
        kernel(uniform_values(static_cast<std::size_t>(c.filters * c.inputs * 9), 1)),
        bias(uniform_values(static_cast<std::size_t>(c.filters), 2)),
        input(c.height, c.width, c.inputs) {
    KeyedRandom random(3);
    for (int channel = 0; channel < c.inputs; ++channel) {
      for (int y = 0; y < c.height; ++y) {
        for (int x = 0; x < c.width; ++x) {
          input.at(channel, y, x) = static_cast<float>(random.uniform(-1.0, 1.0));
        }
      }
    }
  }

  /// Before activation and pooling.
  double convolved(int filter, int y, int x) const {
    double sum = static_cast<double>(bias[static_cast<std::size_t>(filter)]);
    for (int channel = 0; channel < config.inputs; ++channel) {
      for (int dy = -1; dy <= 1; ++dy) {
        for (int dx = -1; dx <= 1; ++dx) {
          if (y + dy < 0 || y + dy >= config.height || x + dx < 0 || x + dx >= config.width) continue;
          const int tap = (filter * config.inputs + channel) * 9 + (dy + 1) * 3 + dx + 1;
          sum += static_cast<double>(kernel[static_cast<std::size_t>(tap)]) *
                 static_cast<double>(input.at(channel, y + dy, x + dx));
        }
      }
    }
    return sum;
  }

  double expected(int filter, int y, int x) const {
    const int size = config.pool ? 2 : 1;
    double best = -std::numeric_limits<double>::infinity();
    for (int i = 0; i < size * size; ++i) {
      best = std::max(best, convolved(filter, y * size + i / size, x * size + i % size));
    }
    const double slope = static_cast<double>(config.slope.value_or(1.0F));
    return best > 0.0 ? best : best * slope;
  }

  Activation run() const {
    const int size = config.pool ? 2 : 1;
    Activation output(config.height / size, config.width / size, config.filters);
    std::fill_n(output.data.floats(), output.shape.floats(), 7.0F);
    WinogradConvolution convolution(config);
    convolution.load(KernelView::oihw(kernel.data(), config.inputs), bias);
    convolution.run(input.data.floats(), output.data.floats());
    return output;
  }
};

}  // namespace

TEST_CASE("Winograd's convolution is the convolution, at every edge and for every number of channels") {
  struct Size {
    int height, width, inputs, filters;
  };
  for (const Size size : {Size{1, 1, 8, 8}, Size{2, 3, 3, 5}, Size{4, 4, 16, 24}, Size{5, 7, 9, 16},
                          Size{12, 10, 8, 33}, Size{33, 21, 40, 16}}) {
    for (const bool pool : {false, true}) {
      for (const std::optional<float> slope : {std::optional<float>(), std::optional(0.1F)}) {
        if (pool && (size.height < 2 || size.width < 2)) continue;
        const Problem problem({.height = size.height,
                               .width = size.width,
                               .inputs = size.inputs,
                               .filters = size.filters,
                               .pool = pool,
                               .slope = slope});
        const Activation output = problem.run();
        double worst = 0.0;
        for (int filter = 0; filter < size.filters; ++filter) {
          for (int y = 0; y < output.shape.height; ++y) {
            for (int x = 0; x < output.shape.width; ++x) {
              const double off =
                  static_cast<double>(output.at(filter, y, x)) - problem.expected(filter, y, x);
              worst = std::max(worst, std::abs(off));
            }
          }
        }
        INFO(size.height << " x " << size.width << ", " << size.inputs << " -> " << size.filters << ", pool "
                         << pool);
        CHECK(worst <= kWinogradTolerance * std::sqrt(9.0 * size.inputs));
        for (int lane = size.filters; lane % 8 != 0; ++lane) CHECK(output.at(lane, 0, 0) == 0.0F);
      }
    }
  }
}

TEST_CASE("Winograd's convolution gives the same bits with any number of threads, and allocates nothing") {
  Problem problem({.height = 40, .width = 37, .inputs = 16, .filters = 16, .slope = 0.1F});
  const Activation one = problem.run();
  problem.config.threads = 2;
  WinogradConvolution convolution(problem.config);
  convolution.load(KernelView::oihw(problem.kernel.data(), 16), problem.bias);
  Activation two(40, 37, 16);
  convolution.run(problem.input.data.floats(), two.data.floats());
  const AllocationGuard guard;
  convolution.run(problem.input.data.floats(), two.data.floats());
  const auto allocations = guard.allocations();
  CHECK(allocations == 0);
  CHECK(std::equal(one.data.floats(), one.data.floats() + one.shape.floats(), two.data.floats()));
}

}  // namespace earshot::test
