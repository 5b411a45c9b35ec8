// LayerFields: the fields of every layer kind, once, for whatever writes or reads them (model files, TOML).
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "nn/model/Architecture.h"

namespace earshot {

/// What a layer's "kind" says, in the order of LayerKind.
inline constexpr std::array<std::string_view, std::variant_size_v<LayerKind>> kLayerKindNames = {
    "conv2d",
    "separable_conv2d",
    "batch_normalization",
    "leaky_re_lu",
    "max_pooling2d",
    "dropout",
    "global_average_pooling2d",
    "dense",
    "depthwise_conv2d",
    "activation",
    "flatten",
    "zero_padding2d",
    "rescaling",
    "normalization",
    "add",
    "multiply"};

/// The names of an enum's values, in their order.
template <class E>
inline constexpr std::array<std::string_view, 0> kNamesOf = {};
template <>
inline constexpr std::array<std::string_view, 2> kNamesOf<Padding> = {"same", "valid"};
template <>
inline constexpr std::array<std::string_view, 2> kNamesOf<Initializer> = {"glorot_uniform", "he_fan_out"};
template <>
inline constexpr std::array<std::string_view, 3> kNamesOf<Activation::Function> = {"relu", "swish",
                                                                                   "sigmoid"};
template <>
inline constexpr std::array<std::string_view, 2> kNamesOf<Scores> = {"softmax", "sigmoid"};

/// Calls `visit(key, field)` for fields that must be there and `visit.optional(key, field, absent)` for those
/// that came later, whose absence means the value `absent`.
template <class Kind, class Visit>
void visit_layer_fields(Kind& kind, Visit&& visit) {
  using Plain = std::remove_const_t<Kind>;
  if constexpr (std::same_as<Plain, Conv2d>) {
    visit("filters", kind.filters);
    visit("kernel", kind.kernel);
    visit.optional("stride", kind.stride, 1);
    visit.optional("padding", kind.padding, Padding::same);
    visit.optional("bias", kind.bias, true);
    visit.optional("l2", kind.l2, 0.0F);
    visit.optional("initializer", kind.initializer, Initializer::glorot_uniform);
  } else if constexpr (std::same_as<Plain, SeparableConv2d>) {
    visit("filters", kind.filters);
    visit("kernel", kind.kernel);
    visit.optional("stride", kind.stride, 1);
  } else if constexpr (std::same_as<Plain, DepthwiseConv2d>) {
    visit("kernel", kind.kernel);
    visit.optional("stride", kind.stride, 1);
    visit.optional("padding", kind.padding, Padding::same);
    visit.optional("bias", kind.bias, true);
    visit.optional("initializer", kind.initializer, Initializer::glorot_uniform);
  } else if constexpr (std::same_as<Plain, BatchNorm>) {
    visit("momentum", kind.momentum);
    visit("epsilon", kind.epsilon);
    visit.optional("scale", kind.scale, true);
  } else if constexpr (std::same_as<Plain, LeakyRelu>) {
    visit("slope", kind.slope);
  } else if constexpr (std::same_as<Plain, Activation>) {
    visit("function", kind.function);
  } else if constexpr (std::same_as<Plain, MaxPool2d>) {
    visit("size", kind.size);
  } else if constexpr (std::same_as<Plain, Dropout>) {
    visit("rate", kind.rate);
    visit.optional("whole_sample", kind.whole_sample, false);
  } else if constexpr (std::same_as<Plain, Dense>) {
    visit("units", kind.units);
    visit("l2", kind.l2);
  } else if constexpr (std::same_as<Plain, ZeroPadding2d>) {
    visit("top", kind.top);
    visit("bottom", kind.bottom);
    visit("left", kind.left);
    visit("right", kind.right);
  } else if constexpr (std::same_as<Plain, Rescaling>) {
    visit("scale", kind.scale);
    visit.optional("offset", kind.offset, 0.0F);
  } else {
    static_assert(std::is_empty_v<Plain>);
  }
}

/// A default-constructed layer of the kind that has this name; nothing if none has.
inline std::optional<LayerKind> make_layer_kind(std::string_view name) {
  std::optional<LayerKind> result;
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    ((kLayerKindNames[I] == name ? void(result.emplace().emplace<I>()) : void()), ...);
  }
  (std::make_index_sequence<kLayerKindNames.size()>());
  return result;
}

/// The value of that name; nothing if none has it.
template <class E>
std::optional<E> value_of_name(std::string_view name) {
  for (std::size_t i = 0; i < kNamesOf<E>.size(); ++i) {
    if (kNamesOf<E>[i] == name) return static_cast<E>(i);
  }
  return std::nullopt;
}
template <class E>
std::string_view name_of_value(E value) {
  return kNamesOf<E>[static_cast<std::size_t>(value)];
}

}  // namespace earshot
