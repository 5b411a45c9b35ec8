#include "nn/training/WinogradOperation.h"

namespace earshot {
namespace {

WinogradConvolution::Config config_of(const FeatureShape& from, const FeatureShape& to,
                                      const OperationContext& context) {
  return {.height = from.height,
          .width = from.width,
          .inputs = from.channels,
          .filters = to.channels,
          .threads = static_cast<int>(context.workers)};
}

}  // namespace

WinogradOperation::WinogradOperation(const std::string& name, const FeatureShape& input,
                                     const FeatureShape& output, const OperationContext& context)
    : kernel_(context.parameters.find(name + "/kernel")),
      bias_(context.parameters.find(name + "/bias")),
      inputs_(input.channels),
      filters_(output.channels),
      forward_(config_of(input, output, context)),
      data_gradient_(config_of(output, input, context)),
      gradient_(config_of(input, output, context)) {}

void WinogradOperation::load_parameters(bool training) {
  const KernelView kernel = KernelView::hwio(kernel_.value.data(), inputs_, filters_);
  forward_.load(kernel, bias_.value);
  if (training) data_gradient_.load(kernel.transposed(), {});
}

void WinogradOperation::forward(Worker& worker, const float* input, float* output) {
  forward_.run(worker.index, input, output);
}

void WinogradOperation::clear_gradients() {
  gradient_.clear();
}

void WinogradOperation::backward(Worker& worker, const float* input, const float* output_gradient,
                                 float* input_gradient) {
  gradient_.add(worker.index, input, output_gradient);
  if (input_gradient != nullptr) data_gradient_.run(worker.index, output_gradient, input_gradient);
}

void WinogradOperation::store_gradients() {
  gradient_.collect(kernel_.gradient, bias_.gradient);
}

}  // namespace earshot
