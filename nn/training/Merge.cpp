#include "nn/training/Merge.h"

#include <algorithm>

namespace earshot {

void Merge::forward(const float* first, const float* second, float* output) const {
  const std::size_t floats = shape_.floats();
  switch (kind_) {
    case Kind::add:
      for (std::size_t i = 0; i < floats; ++i) output[i] = first[i] + second[i];
      return;
    case Kind::multiply:
      for (std::size_t i = 0; i < floats; ++i) output[i] = first[i] * second[i];
      return;
    case Kind::gate:
      break;
  }
  const auto lanes = static_cast<std::size_t>(shape_.lanes);
  for (std::size_t block = 0; block < shape_.blocks(); ++block) {
    const float* gate = second + block * lanes;
    for (std::size_t pixel = 0; pixel < shape_.pixels(); ++pixel, first += lanes, output += lanes) {
      for (std::size_t lane = 0; lane < lanes; ++lane) output[lane] = first[lane] * gate[lane];
    }
  }
}

void Merge::backward(const float* first, const float* second, const float* output_gradient,
                     float* first_gradient, float* second_gradient) const {
  const std::size_t floats = shape_.floats();
  const auto product = [&](const float* other, float* gradient) {
    for (std::size_t i = 0; i < floats; ++i) gradient[i] = output_gradient[i] * other[i];
  };
  switch (kind_) {
    case Kind::add:
      for (float* gradient : {first_gradient, second_gradient}) {
        if (gradient != nullptr) std::copy_n(output_gradient, floats, gradient);
      }
      return;
    case Kind::multiply:
      if (first_gradient != nullptr) product(second, first_gradient);
      if (second_gradient != nullptr) product(first, second_gradient);
      return;
    case Kind::gate:
      break;
  }
  if (first_gradient != nullptr) forward(output_gradient, second, first_gradient);
  if (second_gradient == nullptr) return;
  const auto lanes = static_cast<std::size_t>(shape_.lanes);
  std::fill_n(second_gradient, shape_.padded_channels(), 0.0F);
  for (std::size_t block = 0; block < shape_.blocks(); ++block) {
    float* gate = second_gradient + block * lanes;
    for (std::size_t pixel = 0; pixel < shape_.pixels(); ++pixel, first += lanes, output_gradient += lanes) {
      for (std::size_t lane = 0; lane < lanes; ++lane) gate[lane] += output_gradient[lane] * first[lane];
    }
  }
}

}  // namespace earshot
