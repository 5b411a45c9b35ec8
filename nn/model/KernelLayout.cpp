#include "nn/model/KernelLayout.h"

namespace earshot {

std::vector<float> transposed(const std::vector<float>& values, std::size_t rows, std::size_t columns) {
  std::vector<float> result(values.size());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) result[c * rows + r] = values[r * columns + c];
  }
  return result;
}

std::vector<float> to_oihw(const std::vector<float>& values, std::size_t field, std::size_t in,
                           std::size_t out) {
  std::vector<float> result(values.size());
  for (std::size_t f = 0; f < field; ++f) {
    for (std::size_t i = 0; i < in; ++i) {
      for (std::size_t o = 0; o < out; ++o) result[(o * in + i) * field + f] = values[(f * in + i) * out + o];
    }
  }
  return result;
}

}  // namespace earshot
