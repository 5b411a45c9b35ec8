#include "nn/training/LaidOutParameter.h"

#include <algorithm>

namespace earshot {

WidenedParameter::WidenedParameter(const Parameter& parameter, std::size_t inputs, std::size_t filters,
                                   std::size_t wide_inputs, std::size_t wide_filters)
    : parameter_(parameter),
      widens_(inputs != wide_inputs || filters != wide_filters),
      inputs_(inputs),
      filters_(filters),
      wide_inputs_(wide_inputs),
      wide_filters_(wide_filters) {
  if (!widens_) return;
  const std::size_t rows = parameter.value.size() / (inputs * filters);
  value_.resize(rows * wide_inputs * wide_filters, 0.0F);
  gradient_.resize(parameter.gradient.empty() ? 0 : value_.size(), 0.0F);
}

template <class Visit>
void WidenedParameter::for_each_row(Visit visit) const {
  const std::size_t rows = parameter_.value.size() / (inputs_ * filters_);
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t input = 0; input < inputs_; ++input) {
      visit((row * inputs_ + input) * filters_, (row * wide_inputs_ + input) * wide_filters_);
    }
  }
}

void WidenedParameter::widen_value() {
  if (!widens_) return;
  for_each_row(
      [&](std::size_t from, std::size_t to) { std::copy_n(&parameter_.value[from], filters_, &value_[to]); });
}

void WidenedParameter::narrow_gradient() {
  if (!widens_) return;
  for_each_row([&](std::size_t to, std::size_t from) {
    std::copy_n(&gradient_[from], filters_, &parameter_.gradient[to]);
  });
}

LaidOutParameter::LaidOutParameter(Way way, std::span<float> keras, const dnnl::memory::desc& keras_desc,
                                   const dnnl::memory::desc& desc)
    : buffer_(desc.get_size()) {
  const dnnl::memory ours = onednn::view(keras_desc, keras.data());
  const dnnl::memory own = onednn::view(desc, buffer_.data());
  const dnnl::memory& from = way == Way::from_keras ? ours : own;
  const dnnl::memory& to = way == Way::from_keras ? own : ours;
  const auto reorder = onednn::reorder(from.get_desc(), to.get_desc());
  copy_.add(dnnl::reorder(reorder), reorder.scratchpad_desc(), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
  copy_.finish();
}

}  // namespace earshot
