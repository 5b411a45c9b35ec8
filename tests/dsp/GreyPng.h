// 8-bit grey PNG files, which is how goldens of pictures are kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <vector>

#include <png.h>

namespace earshot::test {

struct GreyPng {
  std::size_t height = 0;
  std::size_t width = 0;
  std::vector<std::uint8_t> pixels;  // height x width

  std::uint8_t at(std::size_t row, std::size_t column) const { return pixels[row * width + column]; }
};

inline GreyPng read_grey_png(const std::filesystem::path& path) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_file(&image, path.c_str()))
    throw std::runtime_error(path.string() + ": " + image.message);
  image.format = PNG_FORMAT_GRAY;
  GreyPng result{image.height, image.width, std::vector<std::uint8_t>(PNG_IMAGE_SIZE(image))};
  if (!png_image_finish_read(&image, nullptr, result.pixels.data(), 0, nullptr)) {
    throw std::runtime_error(path.string() + ": " + image.message);
  }
  return result;
}

}  // namespace earshot::test
