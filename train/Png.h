// Png: grey pictures for people to look at.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace earshot {

/// `grey` height x width, the top row first, 0 black. Throws Error(io), Error(software) if libpng refuses.
void write_png(const std::filesystem::path& path, std::span<const std::uint8_t> grey, int height, int width);

}  // namespace earshot
