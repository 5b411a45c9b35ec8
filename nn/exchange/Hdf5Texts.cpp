#include "nn/exchange/Hdf5Texts.h"

#include <algorithm>
#include <cstddef>

#include "dsp/base/ByteReader.h"

namespace earshot {
namespace {

constexpr std::uint64_t kMaxEntries = std::uint64_t{1} << 24U;
constexpr std::uint64_t kMaxTexts = 65536;
constexpr std::uint64_t kMaxTextBytes = std::uint64_t{8}
                                        << 20U;  // of one attribute, all its strings together

std::string_view until_zero(std::string_view bytes) {
  return bytes.substr(0, bytes.find('\0'));
}

// IV.A.2.m. A name, then type, space and data.
struct Attribute {
  std::string name;
  Hdf5Type type;
  Hdf5Space space;
  std::string_view data;
};

Attribute read_attribute(const Hdf5Message& message) {
  ByteReader reader(message.body, "HDF5: an attribute");
  const int version = reader.u8();
  const unsigned flags = reader.u8();
  if (version < 1 || version > 3 || message.shared)
    refuse_hdf5("an attribute has a form that is not known here");
  const std::uint64_t name_size = reader.u16();
  const std::uint64_t type_size = reader.u16();
  const std::uint64_t space_size = reader.u16();
  if (version == 3) reader.skip(1);  // character set
  const auto padded = [version](std::uint64_t size) { return version == 1 ? (size + 7) / 8 * 8 : size; };
  Attribute attribute;
  attribute.name = until_zero(reader.take(padded(name_size)));
  if (version > 1 && flags != 0) refuse_hdf5("'@" + attribute.name + "' has a type or shape kept elsewhere");
  attribute.type = read_hdf5_type(reader.take(padded(type_size)));
  attribute.space = read_hdf5_space(reader.take(padded(space_size)));
  attribute.data = reader.rest();
  return attribute;
}

}  // namespace

// III.E, the global heap: text of variable length.
std::string_view Hdf5Texts::heap_text(std::uint64_t collection, std::uint32_t index, std::uint32_t length) {
  if (length == 0) return {};
  auto heap = heaps_.find(collection);
  if (heap == heaps_.end()) {
    heap = heaps_.try_emplace(collection).first;
    ByteReader head(hdf5_part(file_, collection, 16, "a heap of texts"), "HDF5: a heap of texts");
    if (head.take(4) != "GCOL") refuse_hdf5("a heap of texts is damaged");
    head.skip(4);
    const std::uint64_t size = head.u64();
    ByteReader objects(hdf5_part(file_, collection, size, "a heap of texts"), "HDF5: a heap of texts");
    objects.skip(16);
    while (objects.left() >= 16) {
      if (++work_ > kMaxEntries) refuse_hdf5("its heaps of texts have too many entries");
      const std::uint32_t number = objects.u16();
      objects.skip(6);
      const std::uint64_t bytes = objects.u64();
      if (number == 0) break;  // the rest is free
      heap->second[number] = objects.take(bytes);
      objects.skip(std::min<std::uint64_t>((8 - bytes % 8) % 8, objects.left()));
    }
  }
  const auto object = heap->second.find(index);
  if (object == heap->second.end() || object->second.size() < length)
    refuse_hdf5("a text is missing in its heap");
  return object->second.substr(0, length);
}

std::vector<std::string> Hdf5Texts::read_texts(const Hdf5Type& type, std::uint64_t count,
                                               std::string_view data) {
  ByteReader reader(data, "HDF5: an attribute's text");
  std::vector<std::string> texts;
  std::uint64_t total = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    std::string_view text;
    if (type.kind == Hdf5Type::Kind::variable_text) {
      const std::uint32_t length = reader.u32();
      const std::uint64_t collection = reader.u64();
      text = heap_text(collection, reader.u32(), length);
    } else {
      text = until_zero(reader.take(type.bytes));
      while (type.space_padded && text.ends_with(' ')) text.remove_suffix(1);
    }
    if ((total += text.size()) > kMaxTextBytes) refuse_hdf5("an attribute has more than 8 MiB of text");
    texts.emplace_back(until_zero(text));
  }
  return texts;
}

std::optional<std::vector<std::string>> Hdf5Texts::attribute(const std::vector<Hdf5Message>& messages,
                                                             const std::string& group,
                                                             const std::string& name) {
  for (const Hdf5Message& message : messages) {
    if (message.type == Hdf5MessageType::attribute_info) {  // IV.A.2.v
      ByteReader info(message.body, "HDF5: an attribute");
      info.skip(1);
      if ((info.u8() & 1U) != 0) info.skip(2);
      if (info.u64() != kHdf5Undefined)
        refuse_hdf5(group, "has attributes of the new, large form, expected h5py's default");
    }
    if (message.type != Hdf5MessageType::attribute) continue;
    const Attribute attribute = read_attribute(message);
    if (attribute.name != name) continue;
    const std::string place = group + "/@" + name;
    const std::uint64_t count = hdf5_elements(attribute.space, kMaxTexts, place);
    if (count == 0) return std::vector<std::string>{};
    if (attribute.type.kind != Hdf5Type::Kind::text && attribute.type.kind != Hdf5Type::Kind::variable_text) {
      refuse_hdf5(place, "is not text");
    }
    return read_texts(attribute.type, count, attribute.data);
  }
  return std::nullopt;
}

}  // namespace earshot
