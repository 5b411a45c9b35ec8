#include "train/commands/Npy.h"

#include <bit>
#include <string>
#include <string_view>

#include "dsp/base/AtomicFile.h"

namespace earshot {

// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html: magic, version, length of the
// header in two bytes, a Python literal padded with blanks so that the data begins at a multiple of 64.
void write_npy(const std::filesystem::path& path, std::span<const float> values,
               std::initializer_list<std::int64_t> shape) {
  static_assert(std::endian::native == std::endian::little);
  constexpr std::size_t kPreamble = 10;
  constexpr std::size_t kAlignment = 64;

  std::string dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
  const char* separator = "";
  for (const std::int64_t size : shape) {
    dictionary += separator + std::to_string(size);
    separator = ", ";
  }
  dictionary += shape.size() == 1 ? ",), }" : "), }";
  const std::size_t used = kPreamble + dictionary.size() + 1;
  dictionary.append((kAlignment - used % kAlignment) % kAlignment, ' ');
  dictionary += '\n';

  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(dictionary.size() & 0xFF);
  bytes += static_cast<char>(dictionary.size() >> 8);
  bytes += dictionary;
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  write_file_atomically(path, std::string_view(bytes));
}

}  // namespace earshot
