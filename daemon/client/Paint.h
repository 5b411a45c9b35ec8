// Paint: the colours of what people read on a terminal, as ECMA-48's SGR has them.
#pragma once

namespace earshot {

inline constexpr const char* kBold = "1";
inline constexpr const char* kDim = "2";
inline constexpr const char* kRed = "31";
inline constexpr const char* kGreen = "32";
inline constexpr const char* kYellow = "33";

}  // namespace earshot
