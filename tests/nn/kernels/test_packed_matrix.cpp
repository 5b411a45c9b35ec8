// PackedMatrix against sums in double, and the law that neighbours change no bit.
#include "nn/kernels/PackedMatrix.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "dsp/base/KeyedRandom.h"
#include "nn/kernels/Dnnl.h"
#include "tests/support/AllocationGuard.h"

namespace earshot::test {
namespace {

struct MatrixProblem {
  std::size_t inputs, outputs, rows;
  std::vector<float> weights, bias;  // (outputs, inputs), (outputs)
  std::vector<double> steps;         // (outputs), of the weights
  onednn::Buffer in, place;

  MatrixProblem(std::size_t i, std::size_t o, std::size_t r)
      : inputs(i),
        outputs(o),
        rows(r),
        weights(i * o),
        bias(o),
        in(r * stride() * sizeof(float)),
        place(2 * (i + 2) * RowShape{o}.padded() * sizeof(float)) {
    KeyedRandom random(i * 1000 + o);
    for (std::size_t n = 0; n < o; ++n) {
      steps.push_back(random.uniform(1e-5, 3e-5) * (n % 3 == 0 ? -1.0 : 1.0));
      for (std::size_t k = 0; k < i; ++k)
        weights[n * i + k] = static_cast<float>(std::round(random.uniform(-32767.0, 32767.0)) * steps[n]);
    }
    for (float& value : bias) value = static_cast<float>(random.uniform(-1.0, 1.0));
    for (std::size_t n = 0; n < r * stride(); ++n) in.floats()[n] = static_cast<float>(random.uniform(-1.0, 1.0));
  }
  std::size_t stride() const { return RowShape{inputs}.stride(); }

  MatrixValues values(std::size_t count, bool numbers) const {
    MatrixValues some{inputs, count, std::span(weights.data(), count * inputs), std::span(bias.data(), count), {}};
    if (numbers) some.steps = std::span(steps.data(), count);
    return some;
  }

  // The first `count` of the outputs, for rows first to first + some - 1; by numbers of 16 bits, or floats.
  std::vector<float> product(bool numbers, std::size_t count, std::size_t first, std::size_t some,
                             float slope = 1.0F) const {
    const MatrixValues part = values(count, numbers);
    const onednn::Buffer own(part.packed_floats() * sizeof(float));
    const PackedMatrix matrix(part, own.floats());
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
    for (const auto& [numbers, slope] : {std::pair(false, 1.0F), {false, 0.0F}, {true, 0.25F}, {true, 1.0F}}) {
      const std::vector<float> found = problem.product(numbers, outputs, 0, rows, slope);
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
      INFO(inputs << " x " << outputs << ", " << rows << " rows, slope " << slope << (numbers ? ", numbers" : ""));
      CHECK(worst <= 3e-5);
    }
  }
}

TEST_CASE("neither the rows beside a row nor the number of outputs change its bits") {
  constexpr std::size_t kInputs = 200, kOutputs = 70, kRows = 29;
  const MatrixProblem problem(kInputs, kOutputs, kRows);
  for (const bool numbers : {false, true}) {
    const std::vector<float> whole = problem.product(numbers, kOutputs, 0, kRows);
    for (std::size_t some = 1; some <= 13; ++some) {
      for (const std::size_t count : {std::size_t{1}, std::size_t{16}, std::size_t{33}, kOutputs}) {
        const std::size_t first = some % (kRows - 13);
        const std::vector<float> part = problem.product(numbers, count, first, some);
        bool equal = true;
        for (std::size_t row = 0; row < some; ++row) {
          for (std::size_t o = 0; o < count; ++o)
            equal = equal && part[row * count + o] == whole[(first + row) * kOutputs + o];
        }
        INFO(some << " rows, " << count << " outputs" << (numbers ? ", numbers" : ""));
        CHECK(equal);
      }
    }
  }
}

TEST_CASE("multiplying rows allocates nothing") {
  const MatrixProblem problem(64, 64, 8);
  const PackedMatrix matrix(problem.values(64, true), problem.place.floats());
  const onednn::Buffer out(8 * matrix.output().stride() * sizeof(float));
  const AllocationGuard guard;
  matrix.multiply(problem.in.floats(), problem.stride(), 8, 0.0F, out.floats(), matrix.output().stride());
  CHECK(guard.allocations() == 0);
}

}  // namespace earshot::test
