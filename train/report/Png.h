// Png: grey pictures for people to look at.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace earshot {

enum class Palette { grey, heat };  ///< heat: black, purple, orange, pale yellow, ever lighter

/// The bytes of a picture file: `levels` height x width, the top row first, 0 black. Throws Error(software)
/// if libpng refuses.
std::string png_bytes(std::span<const std::uint8_t> levels, int height, int width, Palette palette);

/// `grey` height x width, the top row first, 0 black. Throws Error(io), Error(software) if libpng refuses.
void write_png(const std::filesystem::path& path, std::span<const std::uint8_t> grey, int height, int width);

}  // namespace earshot
