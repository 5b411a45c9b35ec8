#include "nn/training/Operation.h"

#include <string>

#include "dsp/base/Error.h"

namespace earshot {
namespace {

// takes_batch() and takes_bfloat16() say what may be called.
[[noreturn]] void refuse_call(const char* call) {
  throw Error(ExitCode::software,
              std::string("training: an operation without ") + call + " was asked for it");
}

}  // namespace

void Operation::forward_batch(std::size_t, const float*, float*) {
  refuse_call("forward_batch");
}

void Operation::backward_batch(std::size_t, const float*, const float*, float*) {
  refuse_call("backward_batch");
}

void Operation::forward_bfloat16(Worker&, const Bfloat16*, float*) {
  refuse_call("forward_bfloat16");
}

void Operation::backward_bfloat16(Worker&, const Bfloat16*, const Bfloat16*, float*) {
  refuse_call("backward_bfloat16");
}

}  // namespace earshot
