// ImageGradient against the definition of a kernel's gradient, in double.
#include <catch2/catch.hpp>
#include <cstdint>
#include <vector>

#include "dsp/base/KeyedRandom.h"
#include "nn/kernels/ImageGradient.h"

namespace earshot::test {

TEST_CASE("A first layer's gradient is the sum over the picture, whatever the sizes") {
  struct Size {
    int height, width, kernel, filters;
  };
  for (const Size size : {Size{1, 1, 3, 8}, Size{2, 3, 5, 5}, Size{7, 9, 1, 16}, Size{13, 17, 3, 20},
                          Size{8, 11, 4, 8}, Size{3, 2, 11, 8}}) {
    ImageGradient gradient{.kernel = size.kernel, .output = {}};
    gradient.output.height = size.height;
    gradient.output.width = size.width;
    gradient.output.channels = size.filters;
    gradient.output.lanes = 8;

    KeyedRandom random(static_cast<std::uint64_t>(size.width));
    const auto pixels = static_cast<std::size_t>(size.height * size.width);
    std::vector<float> image(pixels);
    for (float& value : image) value = static_cast<float>(random.uniform(-1.0, 1.0));
    onednn::Buffer outputs(gradient.output.floats() * sizeof(float));
    for (std::size_t i = 0; i < gradient.output.floats(); ++i) {
      outputs.floats()[i] = static_cast<float>(random.uniform(-1.0, 1.0));
    }
    const auto taps = static_cast<std::size_t>(size.kernel * size.kernel);
    onednn::Buffer found(taps * gradient.output.padded_channels() * sizeof(float));
    onednn::Buffer found_bias(gradient.output.padded_channels() * sizeof(float));
    gradient.compute(image.data(), outputs.floats(), found.floats(), found_bias.floats());
    REQUIRE(gradient.desc().get_size() == found.bytes());

    const int before = (size.kernel - 1) / 2;
    for (int filter = 0; filter < size.filters; ++filter) {
      const auto block = static_cast<std::size_t>(filter / 8);
      const auto lane = static_cast<std::size_t>(filter % 8);
      double bias = 0.0;
      for (std::size_t p = 0; p < pixels; ++p) {
        bias += static_cast<double>(outputs.floats()[(block * pixels + p) * 8 + lane]);
      }
      CHECK(found_bias.floats()[filter] == Approx(bias).margin(1e-5));
      for (int tap = 0; tap < size.kernel * size.kernel; ++tap) {
        double sum = 0.0;
        for (int y = 0; y < size.height; ++y) {
          for (int x = 0; x < size.width; ++x) {
            const int row = y + tap / size.kernel - before;
            const int column = x + tap % size.kernel - before;
            if (row < 0 || row >= size.height || column < 0 || column >= size.width) continue;
            const auto p = static_cast<std::size_t>(y * size.width + x);
            sum += static_cast<double>(image[static_cast<std::size_t>(row * size.width + column)]) *
                   static_cast<double>(outputs.floats()[(block * pixels + p) * 8 + lane]);
          }
        }
        INFO(size.height << " x " << size.width << ", kernel " << size.kernel << ", tap " << tap);
        CHECK(found.floats()[(block * taps + static_cast<std::size_t>(tap)) * 8 + lane] ==
              Approx(sum).margin(1e-5));
      }
    }
  }
}

}  // namespace earshot::test
