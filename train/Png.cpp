#include "train/Png.h"

#include <string>
#include <string_view>

#include "dsp/Error.h"
#include "nn/AtomicFile.h"

#include <png.h>

namespace earshot {

void write_png(const std::filesystem::path& path, std::span<const std::uint8_t> grey, int height, int width) {
  png_image picture{};
  picture.version = PNG_IMAGE_VERSION;
  picture.width = static_cast<png_uint_32>(width);
  picture.height = static_cast<png_uint_32>(height);
  picture.format = PNG_FORMAT_GRAY;

  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(picture);
  std::string bytes(size, '\0');
  if (!png_image_write_to_memory(&picture, bytes.data(), &size, 0, grey.data(), width, nullptr)) {
    throw Error(ExitCode::software, path.string() + ": libpng: " + picture.message);
  }
  bytes.resize(size);
  write_file_atomically(path, std::string_view(bytes));
}

}  // namespace earshot
