// Npy: arrays for numpy.load (NPY format 1.0).
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <span>

namespace earshot {

/// `values` row-major in `shape`, as little-endian float32. Throws Error(io).
void write_npy(const std::filesystem::path& path, std::span<const float> values,
               std::initializer_list<std::int64_t> shape);

}  // namespace earshot
