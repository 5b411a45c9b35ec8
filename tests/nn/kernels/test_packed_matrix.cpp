// PackedMatrix against sums in double, and the law that neighbours change no bit.
#include "nn/kernels/PackedMatrix.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <vector>

#include <catch2/catch.hpp>

#include "dsp/base/KeyedRandom.h"
#include "tests/support/AllocationGuard.h"

namespace earshot::test {
namespace {

struct MatrixProblem {
  std::size_t inputs, outputs, rows;
  std::vector<float> weights, bias;  // (outputs, inputs), (outputs)
  onednn::Buffer in, place;

  MatrixProblem(std::size_t i, std::size_t o, std::size_t r)
      : inputs(i),
        outputs(o),
        rows(r),
        weights(i * o),
        bias(o),
        in(r * stride() * sizeof(float)),
        place(PackedMatrix::floats(i, o) * sizeof(float)) {
    KeyedRandom random(i * 1000 + o);
    for (float& value : weights) value = static_cast<float>(random.uniform(-1.0, 1.0));
    for (float& value : bias) value = static_cast<float>(random.uniform(-1.0, 1.0));
    for (std::size_t n = 0; n < r * stride(); ++n) in.floats()[n] = static_cast<float>(random.uniform(-1.0, 1.0));
  }
  std::size_t stride() const { return RowShape{inputs}.stride(); }

  // The first `count` of the outputs, for rows first to first + some - 1.
  std::vector<float> product(std::size_t count, std::size_t first, std::size_t some, float slope = 1.0F) const {
    onednn::Buffer own(PackedMatrix::floats(inputs, count) * sizeof(float));
    const std::span<const float> some_weights(weights.data(), count * inputs);
    const std::span<const float> some_bias(bias.data(), count);
    const PackedMatrix matrix(some_weights, some_bias, inputs, count, own.floats());
    const std::size_t out_stride = matrix.output().stride();
    const onednn::Buffer out(some * out_stride * sizeof(float));
    matrix.multiply(in.floats() + first * stride(), stride(), some, slope, out.floats(), out_stride);
    std::vector<float> values;
    for (std::size_t row = 0; row < some; ++row) {
      for (std::size_t o = 0; o < count; ++o) values.push_back(out.floats()[row * out_stride + o]);
    }
    return values;
  }
};

}  // namespace

TEST_CASE("rows times a matrix are the sums of their products, whatever the sizes") {
  for (const auto& [inputs, outputs, rows] : std::vector<std::array<std::size_t, 3>>{
           {1, 1, 1}, {9, 32, 7}, {256, 16, 12}, {33, 17, 5}, {64, 128, 24}, {100, 521, 4}, {512, 48, 2}, {7, 8, 3}}) {
    const MatrixProblem problem(inputs, outputs, rows);
    for (const float slope : {1.0F, 0.0F, 0.25F}) {
      const std::vector<float> found = problem.product(outputs, 0, rows, slope);
      double worst = 0.0;
      for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t o = 0; o < outputs; ++o) {
          double sum = static_cast<double>(problem.bias[o]);
          for (std::size_t i = 0; i < inputs; ++i)
            sum += static_cast<double>(problem.in.floats()[row * problem.stride() + i]) *
                   static_cast<double>(problem.weights[o * inputs + i]);
          if (sum < 0.0) sum *= static_cast<double>(slope);
          worst = std::max(worst, std::abs(sum - static_cast<double>(found[row * outputs + o])));
        }
      }
      INFO(inputs << " x " << outputs << ", " << rows << " rows, slope " << slope);
      CHECK(worst <= 3e-5);
    }
  }
}

TEST_CASE("neither the rows beside a row nor the number of outputs change its bits") {
  constexpr std::size_t kInputs = 200, kOutputs = 70, kRows = 29;
  const MatrixProblem problem(kInputs, kOutputs, kRows);
  const std::vector<float> whole = problem.product(kOutputs, 0, kRows);
  for (std::size_t some = 1; some <= 13; ++some) {
    for (const std::size_t count : {std::size_t{1}, std::size_t{16}, std::size_t{33}, kOutputs}) {
      const std::size_t first = some % (kRows - 13);
      const std::vector<float> part = problem.product(count, first, some);
      bool equal = true;
      for (std::size_t row = 0; row < some; ++row) {
        for (std::size_t o = 0; o < count; ++o)
          equal = equal && part[row * count + o] == whole[(first + row) * kOutputs + o];
      }
      INFO(some << " rows, " << count << " outputs");
      CHECK(equal);
    }
  }
}

TEST_CASE("multiplying rows allocates nothing") {
  const MatrixProblem problem(64, 64, 8);
  const PackedMatrix matrix(problem.weights, problem.bias, 64, 64, problem.place.floats());
  const onednn::Buffer out(8 * matrix.output().stride() * sizeof(float));
  const AllocationGuard guard;
  matrix.multiply(problem.in.floats(), problem.stride(), 8, 0.0F, out.floats(), matrix.output().stride());
  CHECK(guard.allocations() == 0);
}

}  // namespace earshot::test
