#include "nn/model/Safetensors.h"

#include <algorithm>
#include <bit>
#include <boost/json.hpp>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "dsp/base/Error.h"
#include "nn/model/SixteenBits.h"

namespace earshot {
namespace {

namespace json = boost::json;

static_assert(std::endian::native == std::endian::little, "tensors are stored as they lie in memory");

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeaderBytes = 4U << 20U;
constexpr std::size_t kMaxDepth = 8;  // {tensor: {shape: [...]}} needs 3
constexpr std::size_t kMaxRank = 8;
constexpr std::string_view kMetadata = "__metadata__";

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ExitCode::bad_data, what);
}

std::uint64_t read_unsigned(const json::value& value, const std::string& where) {
  if (value.is_uint64()) return value.get_uint64();
  if (value.is_int64() && value.get_int64() >= 0) return static_cast<std::uint64_t>(value.get_int64());
  refuse(where + " is not a whole number, expected 0 or more");
}

constexpr std::string_view kFloats = "F32";
constexpr std::string_view kSixteenBits = "I16";
constexpr std::string_view kStep = ".step";

// Where a tensor lies in the data.
struct Extent {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool sixteen_bits = false;
  Tensor* tensor = nullptr;
  std::string name;
};

std::vector<std::int64_t> read_shape(const json::value& value, const std::string& where) {
  const json::array* sizes = value.if_array();
  if (!sizes || sizes->size() > kMaxRank) refuse(where + " is not a list of at most 8 sizes");
  std::vector<std::int64_t> shape;
  for (const json::value& size : *sizes) {
    const std::uint64_t n = read_unsigned(size, where);
    if (n > std::numeric_limits<std::uint32_t>::max()) refuse(where + " holds a size of 2^32 or more");
    shape.push_back(static_cast<std::int64_t>(n));
  }
  return shape;
}

// Bytes of a tensor; refuses a product beyond 64 bits.
std::uint64_t byte_size(const std::vector<std::int64_t>& shape, std::size_t each, const std::string& where) {
  std::uint64_t bytes = each;
  for (const std::int64_t size : shape) {
    if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(size), &bytes))
      refuse(where + " is too large");
  }
  return bytes;
}

Extent read_entry(const std::string& name, const json::value& value, Weights& tensors) {
  const std::string where = "tensor '" + name + "'";
  const json::object* entry = value.if_object();
  const json::value* dtype = entry ? entry->if_contains("dtype") : nullptr;
  const json::value* shape = entry ? entry->if_contains("shape") : nullptr;
  const json::value* offsets = entry ? entry->if_contains("data_offsets") : nullptr;
  if (!dtype || !shape || !offsets || entry->size() != 3 || !dtype->is_string()) {
    refuse(where + ": its entry is not {dtype, shape, data_offsets}");
  }
  const std::string_view type = dtype->get_string();
  if (type != kFloats && type != kSixteenBits) {
    refuse(where + " is of type " + std::string(type) + ", expected F32 or I16");
  }
  const json::array* range = offsets->if_array();
  if (!range || range->size() != 2) refuse(where + ": its data_offsets are not [begin, end]");

  Tensor& tensor = tensors[name];
  tensor.shape = read_shape(*shape, where + ": its shape");
  Extent extent{read_unsigned((*range)[0], where + ": its offset"),
                read_unsigned((*range)[1], where + ": its offset"), type == kSixteenBits, &tensor, name};
  const std::uint64_t expected =
      byte_size(tensor.shape, extent.sixteen_bits ? sizeof(std::int16_t) : sizeof(float), where);
  if (extent.end < extent.begin || extent.end - extent.begin != expected) {
    refuse(where + ": its offsets do not span the " + std::to_string(expected) + " bytes of its shape");
  }
  return extent;
}

std::string_view read_header(std::string_view bytes) {
  if (bytes.size() < kLengthBytes) {
    refuse("has " + std::to_string(bytes.size()) + " bytes, expected a safetensors header");
  }
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > kMaxHeaderBytes) {
    refuse("is no safetensors file: its header would have " + std::to_string(length) +
           " bytes, expected at most " + std::to_string(kMaxHeaderBytes));
  }
  if (length > bytes.size() - kLengthBytes) {
    refuse("is truncated or no safetensors file: its header has " + std::to_string(length) +
           " bytes, but only " + std::to_string(bytes.size() - kLengthBytes) + " follow");
  }
  return bytes.substr(kLengthBytes, length);
}

json::object parse_header(std::string_view header) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::error_code error;
  json::value value = json::parse(json::string_view(header.data(), header.size()), error, {}, options);
  if (error || !value.is_object()) {
    refuse("its header is not a JSON object" + (error ? " (" + error.message() + ")" : std::string()));
  }
  return std::move(value.get_object());
}

std::vector<float> read_floats(std::string_view bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

// The values of a tensor of 16 bits, whose steps are taken out of `tensors`.
std::vector<float> read_sixteen_bits(const Extent& extent, std::string_view bytes, Weights& tensors) {
  const std::string where = "tensor '" + extent.name + "'";
  const auto steps = tensors.find(extent.name + std::string(kStep));
  if (steps == tensors.end())
    refuse(where + " is of type I16, expected '" + extent.name + std::string(kStep) + "' beside it");
  const std::size_t channels = extent.tensor->shape.empty() ? 0 : step_channels(extent.tensor->shape);
  if (channels == 0 || steps->second.values.size() != channels) {
    refuse(where + " has " + std::to_string(steps->second.values.size()) + " steps, expected " +
           std::to_string(channels) + ", one a channel");
  }
  std::vector<float> values(bytes.size() / sizeof(std::int16_t));
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::int16_t number = 0;
    std::memcpy(&number, bytes.data() + i * sizeof number, sizeof number);
    values[i] = static_cast<float>(number) * steps->second.values[i % channels];
  }
  tensors.erase(steps);
  return values;
}

// Copies each tensor's values. The tensors must cover the data without holes and overlaps.
void read_data(std::vector<Extent> extents, std::string_view data, Weights& tensors) {
  std::sort(extents.begin(), extents.end(), [](const Extent& a, const Extent& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  std::uint64_t position = 0;
  for (const Extent& extent : extents) {
    if (extent.begin != position) {
      refuse("tensor '" + extent.name + "' begins at byte " + std::to_string(extent.begin) + ", expected " +
             std::to_string(position));
    }
    position = extent.end;
  }
  if (position != data.size()) {
    refuse((position > data.size() ? "is truncated: " : "has more than its tensors: ") +
           std::to_string(data.size()) + " bytes of data, expected " + std::to_string(position));
  }
  const auto bytes_of = [data](const Extent& extent) {
    return data.substr(extent.begin, extent.end - extent.begin);
  };
  for (const Extent& extent : extents) {
    if (!extent.sixteen_bits) extent.tensor->values = read_floats(bytes_of(extent));
  }
  for (const Extent& extent : extents) {
    if (extent.sixteen_bits) extent.tensor->values = read_sixteen_bits(extent, bytes_of(extent), tensors);
  }
}

template <class Value>
void append_values(std::string& bytes, const std::vector<Value>& values) {
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Value));  // as they lie in memory
}

}  // namespace

Safetensors parse_safetensors(std::string_view bytes) {
  const std::string_view header = read_header(bytes);
  Safetensors file;
  std::vector<Extent> extents;
  for (const auto& [key, value] : parse_header(header)) {
    const std::string name(key);
    if (name != kMetadata) {
      extents.push_back(read_entry(name, value, file.tensors));
      continue;
    }
    const json::object* metadata = value.if_object();
    if (!metadata) refuse("its __metadata__ is not an object of strings");
    for (const auto& [field, text] : *metadata) {
      if (!text.is_string()) refuse("its __metadata__ is not an object of strings");
      file.metadata.emplace(field, text.get_string());
    }
  }
  read_data(std::move(extents), bytes.substr(kLengthBytes + header.size()), file.tensors);
  return file;
}

std::string format_safetensors(const Safetensors& file) {
  json::object header;
  if (!file.metadata.empty()) {
    json::object metadata;
    for (const auto& [key, value] : file.metadata) metadata.emplace(key, value);
    header.emplace(kMetadata, std::move(metadata));
  }
  std::string data;
  const auto add = [&](const std::string& name, std::string_view type, const std::vector<std::int64_t>& shape,
                       const auto& values) {
    const std::size_t begin = data.size();
    append_values(data, values);
    header.emplace(name, json::object{{"dtype", type},
                                      {"shape", json::array(shape.begin(), shape.end())},
                                      {"data_offsets", {begin, data.size()}}});
  };
  for (const auto& [name, tensor] : file.tensors) {
    if (const auto stored = as_sixteen_bits(tensor)) {
      add(name, kSixteenBits, tensor.shape, stored->numbers);
      add(name + std::string(kStep), kFloats, {static_cast<std::int64_t>(stored->steps.size())}, stored->steps);
    } else {
      add(name, kFloats, tensor.shape, tensor.values);
    }
  }
  std::string text = json::serialize(header);
  text.append((kLengthBytes - text.size() % kLengthBytes) % kLengthBytes, ' ');

  const std::uint64_t length = text.size();
  std::string bytes(kLengthBytes, '\0');
  std::memcpy(bytes.data(), &length, kLengthBytes);
  bytes.reserve(kLengthBytes + text.size() + data.size());
  bytes += text;
  bytes += data;
  return bytes;
}

}  // namespace earshot
