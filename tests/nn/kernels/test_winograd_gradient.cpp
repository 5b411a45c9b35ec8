// WinogradGradient against the definition of a kernel's gradient, in double, over several samples and
// threads.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <vector>

#include "dsp/base/KeyedRandom.h"
#include "nn/kernels/ActivationShape.h"
#include "nn/kernels/WinogradConvolution.h"
#include "nn/kernels/WinogradGradient.h"

namespace earshot::test {
namespace {

struct Sizes {
  int height, width, inputs, filters;
};

/// Random channels x height x width in the layout of eight lanes; padded lanes are zero.
struct Sample {
  Sizes sizes;
  int channels;
  onednn::Buffer data;

  Sample(const Sizes& s, int c, std::uint64_t key) : sizes(s), channels(c) {
    const auto blocks = static_cast<std::size_t>((c + 7) / 8);
    data = onednn::Buffer(blocks * 8 * static_cast<std::size_t>(s.height * s.width) * sizeof(float));
    KeyedRandom random(key);
    for (int channel = 0; channel < c; ++channel) {
      for (int y = 0; y < s.height; ++y) {
        for (int x = 0; x < s.width; ++x) at(channel, y, x) = static_cast<float>(random.uniform(-1.0, 1.0));
      }
    }
  }
  float& at(int channel, int y, int x) const {
    const int pixel = (channel / 8 * sizes.height + y) * sizes.width + x;
    return data.floats()[static_cast<std::size_t>(pixel * 8 + channel % 8)];
  }
  bool holds(int y, int x) const { return y >= 0 && y < sizes.height && x >= 0 && x < sizes.width; }
};

}  // namespace

TEST_CASE("the gradient of a kernel by Winograd is the sum over samples and pictures") {
  for (const Sizes sizes : {Sizes{1, 1, 8, 8}, Sizes{5, 7, 9, 20}, Sizes{33, 21, 16, 8}}) {
    constexpr std::size_t kSamples = 3;
    WinogradGradient gradient({.height = sizes.height,
                               .width = sizes.width,
                               .inputs = sizes.inputs,
                               .filters = sizes.filters,
                               .threads = 2});
    std::vector<Sample> inputs, outputs;
    gradient.clear();
    for (std::size_t i = 0; i < kSamples; ++i) {
      inputs.emplace_back(sizes, sizes.inputs, 2 * i);
      outputs.emplace_back(sizes, sizes.filters, 2 * i + 1);
      gradient.add(i % 2, inputs[i].data.floats(), outputs[i].data.floats());
    }
    const auto filters = static_cast<std::size_t>(sizes.filters);
    std::vector<float> kernel(9 * static_cast<std::size_t>(sizes.inputs) * filters);
    std::vector<float> bias(filters);
    gradient.collect(kernel, bias);

    double worst = 0.0;
    for (int filter = 0; filter < sizes.filters; ++filter) {
      double bias_sum = 0.0;
      for (const Sample& output : outputs) {
        for (int y = 0; y < sizes.height; ++y) {
          for (int x = 0; x < sizes.width; ++x) bias_sum += static_cast<double>(output.at(filter, y, x));
        }
      }
      CHECK(bias[static_cast<std::size_t>(filter)] == Approx(bias_sum).margin(1e-4));
      for (int input = 0; input < sizes.inputs; ++input) {
        for (int tap = 0; tap < 9; ++tap) {
          double sum = 0.0;
          for (std::size_t i = 0; i < kSamples; ++i) {
            for (int y = 0; y < sizes.height; ++y) {
              for (int x = 0; x < sizes.width; ++x) {
                const int row = y + tap / 3 - 1;
                const int column = x + tap % 3 - 1;
                if (!inputs[i].holds(row, column)) continue;
                sum += static_cast<double>(inputs[i].at(input, row, column)) *
                       static_cast<double>(outputs[i].at(filter, y, x));
              }
            }
          }
          const auto at = static_cast<std::size_t>((tap * sizes.inputs + input) * sizes.filters + filter);
          worst = std::max(worst, std::abs(static_cast<double>(kernel[at]) - sum));
        }
      }
    }
    INFO(sizes.height << " x " << sizes.width << ", " << sizes.inputs << " -> " << sizes.filters);
    CHECK(worst <= 5e-6 * std::sqrt(static_cast<double>(kSamples) * sizes.height * sizes.width));
  }
}

TEST_CASE("a kernel turned half around and read the other way takes gradients back to the input") {
  const Sizes sizes{6, 9, 10, 12};
  std::vector<float> hwio(9 * 10 * 12);
  KeyedRandom random(5);
  for (float& value : hwio) value = static_cast<float>(random.uniform(-1.0, 1.0));
  const Sample output(sizes, sizes.filters, 6);
  Sample found(sizes, sizes.inputs, 7);
  WinogradConvolution back({.height = 6, .width = 9, .inputs = 12, .filters = 10});
  back.load(KernelView::hwio(hwio.data(), 10, 12).transposed(), {});
  back.run(output.data.floats(), found.data.floats());
  for (int input = 0; input < sizes.inputs; ++input) {
    for (int y = 0; y < sizes.height; ++y) {
      for (int x = 0; x < sizes.width; ++x) {
        double sum = 0.0;
        for (int filter = 0; filter < sizes.filters; ++filter) {
          for (int tap = 0; tap < 9; ++tap) {
            const int row = y - (tap / 3 - 1);
            const int column = x - (tap % 3 - 1);
            if (!output.holds(row, column)) continue;
            sum += static_cast<double>(hwio[static_cast<std::size_t>((tap * 10 + input) * 12 + filter)]) *
                   static_cast<double>(output.at(filter, row, column));
          }
        }
        CHECK(found.at(input, y, x) == Approx(sum).margin(1e-4));
      }
    }
  }
}

}  // namespace earshot::test
