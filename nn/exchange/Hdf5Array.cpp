#include "nn/exchange/Hdf5Array.h"

#include <bit>
#include <cmath>
#include <cstddef>

#include "dsp/base/ByteReader.h"

namespace earshot {
namespace {

constexpr std::uint64_t kMaxElements = std::uint64_t{1} << 26U;  // what a whole network may have

float half_to_float(std::uint64_t bits) {
  const int exponent = static_cast<int>(bits >> 10U & 31U);
  const auto mantissa = static_cast<float>(bits & 1023U);
  const float sign = (bits & 0x8000U) != 0 ? -1.0F : 1.0F;
  if (exponent == 31) return mantissa == 0.0F ? sign * INFINITY : NAN;
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(1024.0F + mantissa, exponent - 25);
}

float to_float(const Hdf5Type& type, std::uint64_t bits) {
  if (type.kind == Hdf5Type::Kind::whole) {
    if (!type.is_signed) return static_cast<float>(bits);
    const unsigned unused = 64U - 8U * type.bytes;
    return static_cast<float>(static_cast<std::int64_t>(bits << unused) >> unused);
  }
  if (type.bytes == 2) return half_to_float(bits);
  if (type.bytes == 4) return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
  return static_cast<float>(std::bit_cast<double>(bits));
}

std::vector<std::int64_t> shape_of(const Hdf5Space& space) {
  return {space.sizes.begin(), space.sizes.end()};
}

}  // namespace

std::vector<std::int64_t> hdf5_array_shape(const std::vector<Hdf5Message>& messages,
                                           const std::string& place) {
  const Hdf5Message* space_message = find_hdf5_message(messages, Hdf5MessageType::dataspace);
  if (!space_message || space_message->shared) refuse_hdf5(place, "is no array of numbers");
  return shape_of(read_hdf5_space(space_message->body));
}

Tensor read_hdf5_array(std::string_view file, const std::vector<Hdf5Message>& messages,
                       const std::string& place) {
  const Hdf5Message* type_message = find_hdf5_message(messages, Hdf5MessageType::datatype);
  const Hdf5Message* space_message = find_hdf5_message(messages, Hdf5MessageType::dataspace);
  const Hdf5Message* layout_message = find_hdf5_message(messages, Hdf5MessageType::layout);
  if (!type_message || !space_message || !layout_message) refuse_hdf5(place, "is no array of numbers");
  if (type_message->shared || space_message->shared || layout_message->shared ||
      find_hdf5_message(messages, Hdf5MessageType::external_files)) {
    refuse_hdf5(place, "keeps its type or its numbers elsewhere, expected them in place");
  }
  const Hdf5Type type = read_hdf5_type(type_message->body);
  if (type.kind != Hdf5Type::Kind::whole && type.kind != Hdf5Type::Kind::real) {
    refuse_hdf5(place, "does not hold real or whole numbers of up to 64 bits");
  }
  const Hdf5Space space = read_hdf5_space(space_message->body);
  const std::uint64_t count = hdf5_elements(space, kMaxElements, place);

  ByteReader layout(layout_message->body, "HDF5: a layout");  // IV.A.2.i
  const int version = layout.u8();
  const int kind = layout.u8();
  constexpr int kCompact = 0;
  constexpr int kContiguous = 1;
  if ((version != 3 && version != 4) || (kind != kCompact && kind != kContiguous)) {
    refuse_hdf5(place, "is stored in chunks or compressed, expected in one piece as Keras does");
  }
  std::string_view data;
  if (kind == kCompact) {
    data = layout.take(layout.u16());
  } else if (count > 0) {
    const std::uint64_t address = layout.u64();
    if (address == kHdf5Undefined) refuse_hdf5(place, "was never written");
    data = hdf5_part(file, address, layout.u64(), "an array");
  }
  if (data.size() / type.bytes < count) {
    refuse_hdf5(place, "stores " + std::to_string(data.size()) + " bytes, too few for its " +
                           std::to_string(count) + " numbers");
  }

  Tensor tensor;
  tensor.shape = shape_of(space);
  tensor.values.resize(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < tensor.values.size(); ++i) {
    std::uint64_t bits = 0;
    for (std::size_t b = 0; b < type.bytes; ++b) {
      const std::size_t at = type.big_endian ? b : type.bytes - 1 - b;
      bits = bits << 8U | static_cast<unsigned char>(data[i * type.bytes + at]);
    }
    tensor.values[i] = to_float(type, bits);
  }
  return tensor;
}

}  // namespace earshot
