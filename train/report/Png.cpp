#include "train/report/Png.h"

#include <array>
#include <cmath>
#include <string_view>

#include "dsp/base/AtomicFile.h"
#include "dsp/base/Error.h"

#include <png.h>

namespace earshot {
namespace {

using Colours = std::array<std::uint8_t, 256 * 3>;

// Straight lines between colours whose lightness rises evenly.
Colours heat_colours() {
  constexpr std::array<std::array<double, 3>, 6> kStops{
      {{0, 0, 8}, {52, 16, 100}, {132, 32, 118}, {214, 64, 84}, {252, 146, 66}, {252, 250, 186}}};
  Colours colours{};
  for (std::size_t level = 0; level < 256; ++level) {
    const double at = static_cast<double>(level) / 255.0 * static_cast<double>(kStops.size() - 1);
    const auto stop = std::min(static_cast<std::size_t>(at), kStops.size() - 2);
    const double part = at - static_cast<double>(stop);
    for (std::size_t c = 0; c < 3; ++c) {
      colours[3 * level + c] =
          static_cast<std::uint8_t>(std::lround((1.0 - part) * kStops[stop][c] + part * kStops[stop + 1][c]));
    }
  }
  return colours;
}

}  // namespace

std::string png_bytes(std::span<const std::uint8_t> levels, int height, int width, Palette palette) {
  png_image picture{};
  picture.version = PNG_IMAGE_VERSION;
  picture.width = static_cast<png_uint_32>(width);
  picture.height = static_cast<png_uint_32>(height);
  picture.format = palette == Palette::grey ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB_COLORMAP;
  picture.colormap_entries = palette == Palette::grey ? 0 : 256;
  static const Colours kHeat = heat_colours();

  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(picture);
  std::string bytes(size, '\0');
  if (!png_image_write_to_memory(&picture, bytes.data(), &size, 0, levels.data(), width, kHeat.data())) {
    throw Error(ExitCode::software, std::string("a picture: libpng: ") + picture.message);
  }
  bytes.resize(size);
  return bytes;
}

void write_png(const std::filesystem::path& path, std::span<const std::uint8_t> grey, int height, int width) {
  const std::string bytes = png_bytes(grey, height, width, Palette::grey);
  write_file_atomically(path, std::string_view(bytes));
}

}  // namespace earshot
