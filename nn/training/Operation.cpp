#include "nn/training/Operation.h"

#include <cassert>

namespace earshot {

void Operation::forward_batch(std::size_t, const float*, float*) {
  assert(false);  // takes_batch() says whether it may be called
}

void Operation::backward_batch(std::size_t, const float*, const float*, float*) {
  assert(false);
}

void Operation::forward_bfloat16(Worker&, const Bfloat16*, float*) {
  assert(false);  // takes_bfloat16() says whether it may be called
}

void Operation::backward_bfloat16(Worker&, const Bfloat16*, const Bfloat16*, float*) {
  assert(false);
}

}  // namespace earshot
