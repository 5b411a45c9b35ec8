// LayerFields: kinds of layers by their words and fields, for whatever writes or reads them (model files,
// TOML).
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "nn/model/LayerKinds.h"

namespace earshot {

inline const LayerTraits& traits_of(const LayerKind& kind) {
  return std::visit([](const auto& own) -> const LayerTraits& { return own.kTraits; }, kind);
}

/// Their words, in the order of LayerKind.
inline constexpr auto kLayerWords = []<std::size_t... I>(std::index_sequence<I...>) {
  return std::array{std::variant_alternative_t<I, LayerKind>::kTraits.word...};
}
(std::make_index_sequence<std::variant_size_v<LayerKind>>());

/// A default-constructed layer of the kind that has this word; nothing if none has.
inline std::optional<LayerKind> make_layer_kind(std::string_view word) {
  std::optional<LayerKind> result;
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    ((kLayerWords[I] == word ? void(result.emplace().emplace<I>()) : void()), ...);
  }
  (std::make_index_sequence<kLayerWords.size()>());
  return result;
}

/// Calls `visit(key, field)` or `visit.optional(key, field, absent)` for each field, as LayerKinds.h says.
template <class Kind, class Visit>
requires std::is_same_v<std::remove_const_t<Kind>, LayerKind>
void visit_layer_fields(Kind& kind, Visit&& visit) {
  std::visit([&visit](auto& own) { own.visit_fields(own, visit); }, kind);
}

}  // namespace earshot
