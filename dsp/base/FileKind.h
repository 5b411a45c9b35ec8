// FileKind: what a file is, by how its bytes begin.
#pragma once

#include <string_view>

namespace earshot {

/// A zip archive, as Keras 3 writes.
inline bool is_zip(std::string_view bytes) noexcept {
  return bytes.starts_with("PK\x03\x04") || bytes.starts_with("PK\x05\x06");
}

inline constexpr std::string_view kHdf5Signature = "\x89HDF\r\n\x1a\n";

/// HDF5 without a user block (HDF5 file format specification 3.0, II.A), as Keras 2 writes.
inline bool is_hdf5(std::string_view bytes) noexcept { return bytes.starts_with(kHdf5Signature); }

}  // namespace earshot
