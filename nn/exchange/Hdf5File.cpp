#include "nn/exchange/Hdf5File.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "dsp/base/ByteReader.h"
#include "dsp/base/Error.h"
#include "dsp/base/FileKind.h"

namespace earshot {
namespace {

// Section numbers are those of the HDF5 File Format Specification 3.0.
constexpr std::uint64_t kUndefined = ~std::uint64_t{0};
constexpr int kMaxTreeLevel = 8;
constexpr std::size_t kLongestName = 512;  // names that overlap in the file do not in memory
constexpr std::uint64_t kMaxWork = std::uint64_t{1} << 24U;
constexpr std::uint64_t kMaxTexts = 65536;
constexpr std::uint64_t kMaxTextBytes = std::uint64_t{8}
                                        << 20U;                  // of one attribute, all its strings together
constexpr std::uint64_t kMaxElements = std::uint64_t{1} << 26U;  // what a whole network may have

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ExitCode::bad_data, "HDF5: " + why);
}

[[noreturn]] void refuse(const std::string& place, const std::string& why) {
  refuse("'" + (place.empty() ? "/" : place) + "': " + why);
}

std::string_view text_until_zero(std::string_view bytes) {
  return bytes.substr(0, bytes.find('\0'));
}

const Hdf5Message* find_message(const std::vector<Hdf5Message>& messages, Hdf5MessageType type) {
  const auto found = std::ranges::find(messages, type, &Hdf5Message::type);
  return found == messages.end() ? nullptr : &*found;
}

std::uint64_t element_count(const Hdf5Space& space, std::uint64_t most, const std::string& place) {
  if (space.null_space) return 0;
  std::uint64_t count = 1;
  for (const std::uint64_t size : space.sizes) {
    if (size > most || (count *= size) > most)
      refuse(place, "has more than " + std::to_string(most) + " elements");
  }
  return count;
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
  if (version < 1 || version > 3 || message.shared) refuse("an attribute has a form that is not known here");
  const std::uint64_t name_size = reader.u16();
  const std::uint64_t type_size = reader.u16();
  const std::uint64_t space_size = reader.u16();
  if (version == 3) reader.skip(1);  // character set
  const auto padded = [version](std::uint64_t size) { return version == 1 ? (size + 7) / 8 * 8 : size; };
  Attribute attribute;
  attribute.name = text_until_zero(reader.take(padded(name_size)));
  if (version > 1 && flags != 0) refuse("'@" + attribute.name + "' has a type or shape kept elsewhere");
  attribute.type = read_hdf5_type(reader.take(padded(type_size)));
  attribute.space = read_hdf5_space(reader.take(padded(space_size)));
  attribute.data = reader.rest();
  return attribute;
}

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

// II.A, the superblock.
Hdf5File::Hdf5File(std::string_view bytes) : file_(bytes) {
  if (!is_hdf5(bytes)) refuse("its first 8 bytes are not the signature of such a file");
  ByteReader reader(bytes, "HDF5: the superblock");
  reader.skip(kHdf5Signature.size());
  const int version = reader.u8();
  if (version > 3) refuse("the superblock has version " + std::to_string(version) + ", expected 0 to 3");
  const bool old = version < 2;
  if (old) reader.skip(4);
  const int offset_size = reader.u8();
  const int length_size = reader.u8();
  if (offset_size != 8 || length_size != 8) {
    refuse("addresses have " + std::to_string(offset_size) + " and lengths " + std::to_string(length_size) +
           " bytes, expected 8");
  }
  reader.skip(old ? (version == 1 ? 13U : 9U) : 1U);
  const std::uint64_t base = reader.u64();
  reader.skip(8);  // free space, or an extension
  const std::uint64_t end = reader.u64();
  if (base != 0) refuse("it begins at byte " + std::to_string(base) + " of its file, expected 0");
  if (end > bytes.size()) {
    refuse("the file is cut short: it has " + std::to_string(bytes.size()) + " bytes, expected " +
           std::to_string(end));
  }
  if (old) reader.skip(16);  // driver information, the root's name
  root_ = reader.u64();
}

const Hdf5File::Members& Hdf5File::members(std::uint64_t group) const {
  const auto known = groups_.find(group);
  if (known != groups_.end()) return known->second;
  return groups_.emplace(group, read_members(group)).first->second;
}

Hdf5File::Members Hdf5File::read_members(std::uint64_t group) const {
  Members members;
  for (const Hdf5Message& message : read_hdf5_object(file_, group)) {
    ByteReader body(message.body, "HDF5: a group");
    if (message.type == Hdf5MessageType::symbol_table) {  // IV.A.2.r
      const std::uint64_t tree = body.u64();
      // III.D, the heap that holds the names.
      ByteReader heap(hdf5_part(file_, body.u64(), 32, "a heap of names"), "HDF5: a heap of names");
      if (heap.take(4) != "HEAP") refuse("a heap of names is damaged");
      heap.skip(4);
      const std::uint64_t size = heap.u64();
      heap.skip(8);
      read_tree(tree, hdf5_part(file_, heap.u64(), size, "a heap of names"), -1, members);
    } else if (message.type == Hdf5MessageType::link_info) {  // IV.A.2.c
      body.skip(1);
      if ((body.u8() & 1U) != 0) body.skip(8);
      if (body.u64() != kUndefined)
        refuse("a group is of the new, large form, expected what h5py writes by default");
    } else if (message.type == Hdf5MessageType::link) {  // IV.A.2.g
      body.skip(1);
      const unsigned flags = body.u8();
      const unsigned kind = (flags & 8U) != 0 ? body.u8() : 0U;
      if ((flags & 4U) != 0) body.skip(8);
      if ((flags & 16U) != 0) body.skip(1);
      const std::uint64_t length = body.number(std::size_t{1} << (flags & 3U));
      const std::string name(body.take(length));
      if (kind == 0) members[name] = body.u64();  // a soft or external link is not followed
    }
  }
  return members;
}

// III.A.1, version 1. The root tells its level, which falls by one from node to node.
void Hdf5File::read_tree(std::uint64_t tree, std::string_view names, int level, Members& members) const {
  ByteReader node(hdf5_part(file_, tree, 24, "a group's tree"), "HDF5: a group's tree");
  if (node.take(4) != "TREE" || node.u8() != 0) refuse("a group's tree is damaged");
  const int found = node.u8();
  if (found > kMaxTreeLevel || (level >= 0 && found != level))
    refuse("a group's tree has a node of a wrong level");
  const std::uint64_t count = node.u16();
  ByteReader entries(hdf5_part(file_, tree + 24, count * 16, "a group's tree"), "HDF5: a group's tree");
  for (std::uint64_t i = 0; i < count; ++i) {
    if (++work_ > kMaxWork) refuse("its groups have too many members");
    entries.skip(8);
    const std::uint64_t child = entries.u64();
    if (found == 0) {
      read_symbols(child, names, members);
    } else {
      read_tree(child, names, found - 1, members);
    }
  }
}

// III.B and III.C.
void Hdf5File::read_symbols(std::uint64_t node, std::string_view names, Members& members) const {
  ByteReader head(hdf5_part(file_, node, 8, "a group's members"), "HDF5: a group's members");
  if (head.take(4) != "SNOD") refuse("a group's members are damaged");
  head.skip(2);
  const std::uint64_t count = head.u16();
  ByteReader entries(hdf5_part(file_, node + 8, count * 40, "a group's members"), "HDF5: a group's members");
  for (std::uint64_t i = 0; i < count; ++i) {
    if (++work_ > kMaxWork) refuse("its groups have too many members");
    const std::uint64_t name = entries.u64();
    const std::uint64_t object = entries.u64();
    const std::uint32_t cache = entries.u32();
    entries.skip(20);
    if (name >= names.size()) refuse("a member's name lies outside its heap");
    constexpr std::uint32_t kSoftLink = 2;
    const std::string_view text = text_until_zero(names.substr(name).substr(0, kLongestName + 1));
    if (text.size() > kLongestName) refuse("a member's name is longer than " + std::to_string(kLongestName));
    if (cache != kSoftLink) members[std::string(text)] = object;
  }
}

std::optional<std::uint64_t> Hdf5File::find(const std::string& path) const {
  std::uint64_t object = root_;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const Members& inside = members(object);
    const auto member = inside.find(path.substr(begin, end - begin));
    if (member == inside.end()) return std::nullopt;
    object = member->second;
    begin = end + 1;
  }
  return object;
}

bool Hdf5File::has_group(const std::string& path) const {
  const auto object = find(path);
  if (!object) return false;
  const auto messages = read_hdf5_object(file_, *object);
  return find_message(messages, Hdf5MessageType::symbol_table) ||
         find_message(messages, Hdf5MessageType::link_info);
}

bool Hdf5File::has_dataset(const std::string& path) const {
  const auto object = find(path);
  return object && find_message(read_hdf5_object(file_, *object), Hdf5MessageType::layout);
}

std::vector<std::string> Hdf5File::children(const std::string& group) const {
  const auto object = find(group);
  if (!object) refuse(group, "is missing, expected a group");
  std::vector<std::string> names;
  for (const auto& [name, address] : members(*object)) names.push_back(name);
  return names;
}

// III.E, the global heap: text of variable length.
std::string_view Hdf5File::heap_text(std::uint64_t collection, std::uint32_t index,
                                     std::uint32_t length) const {
  if (length == 0) return {};
  auto heap = heaps_.find(collection);
  if (heap == heaps_.end()) {
    heap = heaps_.try_emplace(collection).first;
    ByteReader head(hdf5_part(file_, collection, 16, "a heap of texts"), "HDF5: a heap of texts");
    if (head.take(4) != "GCOL") refuse("a heap of texts is damaged");
    head.skip(4);
    const std::uint64_t size = head.u64();
    ByteReader objects(hdf5_part(file_, collection, size, "a heap of texts"), "HDF5: a heap of texts");
    objects.skip(16);
    while (objects.left() >= 16) {
      if (++work_ > kMaxWork) refuse("its heaps of texts have too many entries");
      const std::uint32_t number = objects.u16();
      objects.skip(6);
      const std::uint64_t bytes = objects.u64();
      if (number == 0) break;  // the rest is free
      heap->second[number] = objects.take(bytes);
      objects.skip(std::min<std::uint64_t>((8 - bytes % 8) % 8, objects.left()));
    }
  }
  const auto object = heap->second.find(index);
  if (object == heap->second.end() || object->second.size() < length) refuse("a text is missing in its heap");
  return object->second.substr(0, length);
}

std::vector<std::string> Hdf5File::read_texts(const Hdf5Type& type, std::uint64_t count,
                                              std::string_view data) const {
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
      text = text_until_zero(reader.take(type.bytes));
      while (type.space_padded && text.ends_with(' ')) text.remove_suffix(1);
    }
    if ((total += text.size()) > kMaxTextBytes) refuse("an attribute has more than 8 MiB of text");
    texts.emplace_back(text_until_zero(text));
  }
  return texts;
}

std::optional<std::vector<std::string>> Hdf5File::texts_attribute(const std::string& group,
                                                                  const std::string& name) const {
  const auto object = find(group);
  if (!object) return std::nullopt;
  for (const Hdf5Message& message : read_hdf5_object(file_, *object)) {
    if (message.type == Hdf5MessageType::attribute_info) {  // IV.A.2.v
      ByteReader info(message.body, "HDF5: an attribute");
      info.skip(1);
      if ((info.u8() & 1U) != 0) info.skip(2);
      if (info.u64() != kUndefined)
        refuse(group, "has attributes of the new, large form, expected h5py's default");
    }
    if (message.type != Hdf5MessageType::attribute) continue;
    const Attribute attribute = read_attribute(message);
    if (attribute.name != name) continue;
    const std::string place = group + "/@" + name;
    const std::uint64_t count = element_count(attribute.space, kMaxTexts, place);
    if (count == 0) return std::vector<std::string>{};
    if (attribute.type.kind != Hdf5Type::Kind::text && attribute.type.kind != Hdf5Type::Kind::variable_text) {
      refuse(place, "is not text");
    }
    return read_texts(attribute.type, count, attribute.data);
  }
  return std::nullopt;
}

std::optional<std::string> Hdf5File::text_attribute(const std::string& group, const std::string& name) const {
  auto texts = texts_attribute(group, name);
  if (!texts) return std::nullopt;
  if (texts->size() != 1) {
    refuse(group + "/@" + name, "holds " + std::to_string(texts->size()) + " strings, expected 1");
  }
  return std::move(texts->front());
}

std::vector<Hdf5Message> Hdf5File::array_at(const std::string& path) const {
  const auto object = find(path);
  if (!object) refuse(path, "is missing, expected numbers");
  return read_hdf5_object(file_, *object);
}

std::vector<std::int64_t> Hdf5File::shape(const std::string& path) const {
  const std::vector<Hdf5Message> messages = array_at(path);
  const Hdf5Message* space_message = find_message(messages, Hdf5MessageType::dataspace);
  if (!space_message || space_message->shared) refuse(path, "is no array of numbers");
  return shape_of(read_hdf5_space(space_message->body));
}

Tensor Hdf5File::tensor(const std::string& path) const {
  const std::vector<Hdf5Message> messages = array_at(path);
  const Hdf5Message* type_message = find_message(messages, Hdf5MessageType::datatype);
  const Hdf5Message* space_message = find_message(messages, Hdf5MessageType::dataspace);
  const Hdf5Message* layout_message = find_message(messages, Hdf5MessageType::layout);
  if (!type_message || !space_message || !layout_message) refuse(path, "is no array of numbers");
  if (type_message->shared || space_message->shared || layout_message->shared ||
      find_message(messages, Hdf5MessageType::external_files)) {
    refuse(path, "keeps its type or its numbers elsewhere, expected them in place");
  }
  const Hdf5Type type = read_hdf5_type(type_message->body);
  if (type.kind != Hdf5Type::Kind::whole && type.kind != Hdf5Type::Kind::real) {
    refuse(path, "does not hold real or whole numbers of up to 64 bits");
  }
  const Hdf5Space space = read_hdf5_space(space_message->body);
  const std::uint64_t count = element_count(space, kMaxElements, path);

  ByteReader layout(layout_message->body, "HDF5: a layout");  // IV.A.2.i
  const int version = layout.u8();
  const int kind = layout.u8();
  constexpr int kCompact = 0;
  constexpr int kContiguous = 1;
  if ((version != 3 && version != 4) || (kind != kCompact && kind != kContiguous)) {
    refuse(path, "is stored in chunks or compressed, expected in one piece as Keras does");
  }
  std::string_view data;
  if (kind == kCompact) {
    data = layout.take(layout.u16());
  } else if (count > 0) {
    const std::uint64_t address = layout.u64();
    if (address == kUndefined) refuse(path, "was never written");
    data = hdf5_part(file_, address, layout.u64(), "an array");
  }
  if (data.size() / type.bytes < count) {
    refuse(path, "stores " + std::to_string(data.size()) + " bytes, too few for its " +
                     std::to_string(count) + " numbers");
  }

  Tensor tensor;
  tensor.shape = shape_of(space);
  tensor.values.resize(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < tensor.values.size(); ++i) {
    std::uint64_t bits = 0;
    for (std::size_t b = 0; b < type.bytes; ++b) {
      const std::size_t place = type.big_endian ? b : type.bytes - 1 - b;
      bits = bits << 8U | static_cast<unsigned char>(data[i * type.bytes + place]);
    }
    tensor.values[i] = to_float(type, bits);
  }
  return tensor;
}

}  // namespace earshot
